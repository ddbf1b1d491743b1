"""Where a receiver may listen: what can be a host at all, and which addresses we must not post to."""

import re
import socket
from asyncio import get_running_loop
from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Literal

import httpx2

from detector.domain.errors import Misconfigured

MEND = "write https://host/path"
_WHERE = "receivers: url"
_PORTS = 65_535
"""Largest number of a port (RFC 6335)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
"""Letters, digits and hyphens within (RFC 1123 2.1); underscores are in use inside companies."""
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
"""A last label that makes a host an IPv4 address for the resolver (WHATWG URL 3.5): 0x7f000001 is 127.0.0.1 there."""
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
"""Octets (RFC 1035 2.3.4); a name of 253 characters takes 255 octets on the wire."""
_METADATA = frozenset(
    ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
"""Where cloud machines keep their credentials outside the link-local range: Alibaba, Azure, Oracle, AWS, Google."""
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 whose last 32 bits are an IPv4 address: NAT64 (RFC 6052), and the compatible form that RFC 4291 gave up."""

Network = Literal["public", "private", "loopback", "never"]


def check_url(url: str, *, private: bool = False) -> str:
    """Scheme, host and port, fit to be shown (path and query may hold secrets); Misconfigured if we must not post there, or
    if no host can have that name. `private`: an address of a private network may be written. A name is only checked for its
    form; where it leads is checked by `resolved`, at each attempt.

    >>> check_url("https://care.example/hook?key=hidden")
    'https://care.example'
    >>> check_url("http://care.example/hook")
    Traceback (most recent call last):
    detector.domain.errors.Misconfigured: ...
    """
    try:
        parsed = httpx2.URL(url)
        named = parsed.raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError) as error:
        raise Misconfigured("not a URL", where=_WHERE, mend=MEND) from error
    host, port = parsed.host, parsed.port
    shown = f"{parsed.scheme}://" + (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    if not host:
        raise Misconfigured("no host in it", where=_WHERE, mend=MEND)
    if parsed.userinfo:
        mend = "take them out: alerts are signed with the receiver's secret"
        raise Misconfigured(f"a name and a password before {host}", where=_WHERE, mend=mend)
    if why := _no_host(host if ":" in host else named):
        raise Misconfigured(f"'{host[:80]}' is no host: {why}", where=_WHERE, mend=MEND)
    if port is not None and not 0 < port <= _PORTS:
        raise Misconfigured(f"port {port} in {shown}", where=_WHERE, mend=f"a port is between 1 and {_PORTS}")
    plain = parsed.scheme == "http" and _loopback(host)
    if not (parsed.scheme == "https" or plain):
        mend = "use https; http is for the loopback only"
        raise Misconfigured(f"will not post to {shown}", where=_WHERE, mend=mend)
    if _address(host) and not _loopback(host):
        allowed([host], host, private=private)
    return shown


def check_proxy(proxy: str) -> str:
    """Scheme, host and port of a proxy, fit to be shown; Misconfigured for what is none."""
    mend = "write http://host:port or https://host:port"
    try:
        parsed = httpx2.URL(proxy)
    except (httpx2.InvalidURL, ValueError) as error:
        raise Misconfigured("not a URL", where="receivers: proxy", mend=mend) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Misconfigured("no proxy", where="receivers: proxy", mend=mend)
    return f"{parsed.scheme}://{parsed.host}" + (f":{parsed.port}" if parsed.port is not None else "")


def allowed(addresses: Iterable[str], host: str, *, private: bool) -> list[str]:
    """Those of a host's addresses that may be posted to, in their order; Misconfigured if there is none, with the key that
    would allow it.

    Public addresses always; private networks (RFC 1918, RFC 4193, the carriers' 100.64.0.0/10 and all else that is not
    global) if `private`; the loopback for a host that is written as one, and nothing else for that; link-local, multicast
    and the addresses of cloud metadata never.

    >>> allowed(["10.0.0.7", "9.9.9.9"], "care.example", private=False), allowed(["::ffff:10.0.0.7"], "crm", private=True)
    (['9.9.9.9'], ['::ffff:10.0.0.7'])
    """
    found = list(dict.fromkeys(addresses))
    kinds = {address: network_of(address) for address in found}
    may = {"loopback"} if _loopback(host) else {"public", "private"} if private else {"public"}
    if kept := [address for address in found if kinds[address] in may]:
        return kept
    first = next((address for address in found if kinds[address] == "private"), found[0] if found else "nothing")
    where = f"{_WHERE}: {host}"
    leads = f"{first} is" if first == host else f"leads to {first},"
    if kinds.get(first) == "private" and not _loopback(host):
        mend = "write private = true at this receiver if it is in your own network"
        raise Misconfigured(f"{leads} an address of a private network", where=where, mend=mend)
    if kinds.get(first) == "loopback":
        mend = "write the loopback address itself, or localhost"
        raise Misconfigured(f"{leads} the loopback", where=where, mend=mend)
    what = "link-local, multicast or cloud metadata" if kinds.get(first) == "never" else "not the loopback"
    raise Misconfigured(f"{leads} {what}", where=where, mend="name the receiver's own address")


def network_of(address: str) -> Network:
    """Which kind of network an address is of; an IPv4 address within an IPv6 one counts as itself.

    >>> [network_of(one) for one in ("9.9.9.9", "10.1.2.3", "100.64.0.1", "::1", "::ffff:169.254.169.254", "64:ff9b::a00:1")]
    ['public', 'private', 'private', 'loopback', 'never', 'private']
    """
    found = _innermost(ip_address(address.partition("%")[0]))
    if found.is_loopback:
        return "loopback"
    outside = found.is_link_local or found.is_multicast or found.is_unspecified or found in _METADATA
    if outside or (isinstance(found, IPv4Address) and found.is_reserved):
        return "never"
    return "public" if found.is_global else "private"


async def resolved(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses of a host that may be posted to; a connection to one of them needs no second look-up, whose answer
    could be another. OSError if no name server resolves it, Misconfigured if none of them is allowed."""
    if _address(host):
        return [host]
    found = await get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return allowed((str(info[4][0]) for info in found), host, private=private)


def unresolved(urls: Sequence[str], *, within_s: float, private: Collection[str] = ()) -> Mapping[str, str]:
    """Those of these addresses whose host no name server resolves, or that leads where we must not post, and why; resolved
    all at once, and nothing is sent to them. An answer that has not come `within_s` counts as none. `private`: those that
    may be in a private network."""
    answers: dict[str, str] = {}
    askers = [Thread(target=_ask, args=(url, url in private, answers), daemon=True) for url in dict.fromkeys(urls)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(within_s)
    return {url: why for url in urls if (why := answers.get(url, f"no answer of the name server in {within_s:g} s"))}


def _ask(url: str, private: bool, answers: dict[str, str]) -> None:
    """Notes why the host has no address that we may post to; empty if it has one."""
    parsed = httpx2.URL(url)
    try:
        found = socket.getaddrinfo(parsed.raw_host.decode("ascii"), parsed.port or 443, type=socket.SOCK_STREAM)
        allowed((str(info[4][0]) for info in found), parsed.host, private=private)
        answers[url] = ""
    except Misconfigured as error:
        answers[url] = f"{error.what}; {error.mend}"
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        answers[url] = f"{why}; mend the host in its url, or your name server"


def _no_host(name: str) -> str:
    """Why nothing can be called so; empty if it can. `name` is an address, or a name after IDNA.

    >>> [_no_host(name) for name in ("care.example", "::1", "care..example", "a" * 64)]
    ['', '', 'a label is empty', 'a label of 64 letters, 63 at most']
    >>> _no_host("1.2.3"), _no_host("a b.example")
    ('it ends in a number and is no IPv4 address', "'a b' is no label")
    """
    if _address(name):
        return ""
    labels = name.removesuffix(".").split(".")
    if len(name.removesuffix(".")) > _LONGEST_NAME:
        return f"{len(name)} letters, {_LONGEST_NAME} at most"
    for label in labels:
        if not label:
            return "a label is empty"
        if len(label) > _LONGEST_LABEL:
            return f"a label of {len(label)} letters, {_LONGEST_LABEL} at most"
        if not _LABEL.fullmatch(label):
            return f"'{label}' is no label"
    return "it ends in a number and is no IPv4 address" if _NUMBER.fullmatch(labels[-1]) else ""


def _address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64, compatible), else itself."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and any(address in network for network in _CARRIES_IPV4):
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def _loopback(host: str) -> bool:
    """Is the host written as the loopback?"""
    try:
        return _innermost(ip_address(host)).is_loopback
    except ValueError:
        return host.removesuffix(".") == "localhost"
