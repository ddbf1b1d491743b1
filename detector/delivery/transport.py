"""One HTTP POST, and what its answer means for the message."""

import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
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

    `timeout_s` bounds connecting and each wait for the other side. `clock` is wall time, for a Retry-After with a date.
    `plain_http_hosts`: further hosts that may be reached without TLS. `ca_file`: the operator's own authority.
    The environment's proxies are not used. Close it, or use it in a `with`.
    """

    def __init__(
        self, clock: Clock, *, timeout_s: float = 15.0, plain_http_hosts: frozenset[str] = frozenset(), ca_file: str = ""
    ) -> None:
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._clock, self._plain = clock, plain_http_hosts
        self._client = httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False, verify=verify)

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Returns if it was taken (2xx). Transient: try again; Permanent: this message never; Gone: no message ever."""
        host = check_url(url, self._plain)
        try:
            with self._client.stream("POST", url, content=body, headers=dict(headers)) as answer:
                excerpt = "" if answer.is_success else _excerpt(answer)
        except httpx2.TimeoutException as error:
            raise Transient("no answer in time", where=host) from error
        except (httpx2.RequestError, ssl.SSLError, OSError) as error:
            raise Transient(str(error) or type(error).__name__, where=host) from error
        if not answer.is_success:
            raise self._refusal(answer.status_code, excerpt, host, answer.headers)

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
        self._client.close()

    def __enter__(self) -> "HttpTransport":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def check_url(url: str, plain_http_hosts: frozenset[str] = frozenset()) -> str:
    """Scheme, host and port, fit to be shown (path and query may hold secrets); Misconfigured if we must not post there.

    >>> check_url("https://care.example/hook?key=hidden")
    'https://care.example'
    >>> check_url("http://care.example/hook")
    Traceback (most recent call last):
    detector.domain.errors.Misconfigured: ...
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise Misconfigured("not a URL", where="receivers: url", mend="write https://host/path") from error
    host = parsed.host
    shown = f"{parsed.scheme}://" + (f"[{host}]" if ":" in host else host) + (f":{parsed.port}" if parsed.port else "")
    plain = parsed.scheme == "http" and (_loopback(host) or host in plain_http_hosts)
    if not host or not (parsed.scheme == "https" or plain):
        mend = "use https; http is for the loopback only"
        raise Misconfigured(f"will not post to {shown}", where="receivers: url", mend=mend)
    if _metadata(host):
        raise Misconfigured(f"{host} is link-local", where="receivers: url", mend="name the receiver's own address")
    return shown


def retry_after_s(value: str, *, now: float) -> float | None:
    """Seconds to wait, from RFC 9110's Retry-After: seconds or an HTTP date; None if it is neither.

    >>> retry_after_s("120", now=0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now=10), retry_after_s("soon", now=0)
    (120.0, 50.0, None)
    """
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, float(epoch(at if at.tzinfo else at.replace(tzinfo=UTC))) - now)


def _excerpt(answer: httpx2.Response) -> str:
    """The first words of a refusal, on one line."""
    first = next(answer.iter_raw(EXCERPT_BYTES), b"")
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
