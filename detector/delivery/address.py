"""Where a receiver may listen: what can be a host at all, and what we must not post to."""

import re
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from threading import Thread

import httpx2

from detector.domain.errors import Misconfigured

MEND = "write https://host/path"
_WHERE = "receivers: url"
_PORTS = 65_535
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
"""Letters, digits and hyphens within (RFC 1123 2.1); underscores are in use inside companies."""
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
"""Octets (RFC 1035 2.3.4); a name of 253 characters takes 255 octets on the wire."""


def check_url(url: str, plain_http_hosts: frozenset[str] = frozenset()) -> str:
    """Scheme, host and port, fit to be shown (path and query may hold secrets); Misconfigured if we must not post there, or
    if no host can have that name.

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
    if port == 0:
        raise Misconfigured(f"port 0 in {shown}", where=_WHERE, mend=f"a port is between 1 and {_PORTS}")
    if port is not None and port > _PORTS:
        raise Misconfigured(f"port {port} in {shown}", where=_WHERE, mend=f"a port is between 1 and {_PORTS}")
    plain = parsed.scheme == "http" and (_loopback(host) or host in plain_http_hosts)
    if not (parsed.scheme == "https" or plain):
        mend = "use https; http is for the loopback only"
        raise Misconfigured(f"will not post to {shown}", where=_WHERE, mend=mend)
    if _metadata(host):
        raise Misconfigured(f"{host} is link-local", where=_WHERE, mend="name the receiver's own address")
    return shown


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
    return "it ends in a number and is no IPv4 address" if labels[-1].isdigit() else ""


def _address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def unresolved(urls: Sequence[str], *, within_s: float) -> Mapping[str, str]:
    """Those of these addresses whose host no name server knows, and why; asked all at once, and nothing is sent to them. An
    answer that has not come `within_s` counts as none."""
    answers: dict[str, str] = {}
    askers = [Thread(target=_ask, args=(url, answers), daemon=True) for url in dict.fromkeys(urls)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(within_s)
    return {url: why for url in urls if (why := answers.get(url, f"no answer of the name server in {within_s:g} s"))}


def _ask(url: str, answers: dict[str, str]) -> None:
    """Notes why the host has no address; empty if it has one."""
    parsed = httpx2.URL(url)
    try:
        socket.getaddrinfo(parsed.raw_host.decode("ascii"), parsed.port or 443, type=socket.SOCK_STREAM)
        answers[url] = ""
    except (OSError, ValueError) as error:
        answers[url] = getattr(error, "strerror", None) or str(error)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _metadata(host: str) -> bool:
    """Link-local addresses: cloud machines keep their credentials there."""
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False
