"""One HTTP POST, and what its answer means for the message."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from threading import Lock
from types import TracebackType

import httpx2

from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.ports import Clock
from detector.domain.window import epoch

TRANSIENT = frozenset({408, 425, 429})
"""Refusals that pass with time; so do all of 500 to 599."""
EXCERPT_BYTES = 200


class Gone(Permanent):
    """410: the receiver wants nothing more, ever; switch it off."""


class HttpTransport:
    """Posts over HTTPS, or plain HTTP to the loopback; never follows a redirect. Implements `ports.Transport`.

    `timeout_s` bounds one attempt as a whole: name look-up, connection, TLS, body and every byte of the answer.
    `clock` is wall time, for a Retry-After with a date. `plain_http_hosts`: further hosts that may be reached without TLS.
    `ca_file`: the operator's own authority. The environment's proxies are not used, and no cookie is kept. Close it, or use
    it in a `with`.
    """

    def __init__(
        self, clock: Clock, *, timeout_s: float = 15.0, plain_http_hosts: frozenset[str] = frozenset(), ca_file: str = ""
    ) -> None:
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._clock, self._plain, self._timeout_s = clock, plain_http_hosts, timeout_s
        self._client = httpx2.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=False, verify=verify)
        self._runner = asyncio.Runner()  # only an asynchronous read can be ended while its bytes still come
        self._one_at_a_time = Lock()

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Returns if it was taken (2xx). Transient: try again; Permanent: this message never; Gone: no message ever;
        Misconfigured: nothing can be posted to such an address."""
        host = check_url(url, self._plain)
        try:
            with self._one_at_a_time:
                answer, excerpt = self._runner.run(self._post(url, body, dict(headers)))
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise Transient("no answer in time", where=host) from error
        except (httpx2.RequestError, ssl.SSLError, OSError) as error:
            raise Transient(str(error) or type(error).__name__, where=host) from error
        except (httpx2.InvalidURL, ValueError) as error:  # the resolver's own idea of a name: UnicodeError is a ValueError
            raise Misconfigured(f"cannot be posted to ({error})", where=host, mend=_ADDRESS) from error
        if not answer.is_success:
            raise self._refusal(answer.status_code, excerpt, host, answer.headers)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[httpx2.Response, str]:
        """The answer, and of a refusal its first words. TimeoutError once `timeout_s` have passed, whatever still comes."""
        async with asyncio.timeout(self._timeout_s):
            self._client.cookies.clear()
            async with self._client.stream("POST", url, content=body, headers=headers) as answer:
                return answer, "" if answer.is_success else await _excerpt(answer)

    def _refusal(self, status: int, excerpt: str, host: str, headers: Mapping[str, str]) -> Transient | Permanent:
        what = f"answered {status}" + (f" ({excerpt})" if excerpt else "")
        if status in TRANSIENT or status >= 500:
            wait = retry_after_s(headers.get("retry-after", ""), now=self._clock.now())
            return Transient(what, where=host, retry_after_s=wait)
        if status == 410:
            return Gone(what, where=host, mend="the receiver wants no more alerts: it is switched off")
        if 300 <= status < 400:
            return Permanent(f"answered {status}", where=host, mend="redirects are not followed: name the final address")
        return Permanent(what, where=host)

    def close(self) -> None:
        with self._one_at_a_time:
            self._runner.run(self._client.aclose())
            self._runner.close()

    def __enter__(self) -> "HttpTransport":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


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
        raise Misconfigured("not a URL", where=_WHERE, mend=_ADDRESS) from error
    host, port = parsed.host, parsed.port
    shown = f"{parsed.scheme}://" + (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    if not host:
        raise Misconfigured("no host in it", where=_WHERE, mend=_ADDRESS)
    if parsed.userinfo:
        mend = "take them out: alerts are signed with the receiver's secret"
        raise Misconfigured(f"a name and a password before {host}", where=_WHERE, mend=mend)
    if why := _no_host(host if ":" in host else named):
        raise Misconfigured(f"'{host[:80]}' is no host: {why}", where=_WHERE, mend=_ADDRESS)
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


_WHERE = "receivers: url"
_ADDRESS = "write https://host/path"
_PORTS = 65_535
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
"""Letters, digits and hyphens within (RFC 1123 2.1); underscores are in use inside companies."""
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
"""Octets (RFC 1035 2.3.4); a name of 253 characters takes 255 octets on the wire."""


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


def retry_after_s(value: str, *, now: float) -> float | None:
    """Seconds to wait, from RFC 9110's Retry-After: seconds or an HTTP date; None if it is neither.

    >>> retry_after_s("120", now=0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now=10), retry_after_s("soon", now=0)
    (120.0, 50.0, None)
    """
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):  # a year of twenty digits is one of them
        return None
    return max(0.0, float(epoch(at if at.tzinfo else at.replace(tzinfo=UTC))) - now)


async def _excerpt(answer: httpx2.Response) -> str:
    """The first words of a refusal, on one line."""
    first = await anext(answer.aiter_raw(EXCERPT_BYTES), b"")
    text = first[:EXCERPT_BYTES].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


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
