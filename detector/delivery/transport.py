"""One HTTP POST, and what its answer means for the message."""

import asyncio
import os
import ssl
from collections.abc import Coroutine, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

import httpcore2
import httpx2

from detector.delivery.address import MEND, check_url
from detector.delivery.attempts import Attempts
from detector.delivery.network import GuardedNetwork
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.ports import DIRECT, Clock, Route
from detector.domain.window import epoch

TRANSIENT = frozenset({408, 425, 429})
"""Refusals that pass with time; so do all of 500 to 599."""
EXCERPT_BYTES = 200
_STALLED_S = 5.0
"""How long after the deadline a thread still waits for the event loop to say that it has passed."""


class Gone(Permanent):
    """410: the receiver wants nothing more, ever; switch it off."""


class HttpTransport:
    """Posts over HTTPS, or plain HTTP to the loopback; never follows a redirect. Implements `ports.Transport`.

    `timeout_s` bounds one attempt as a whole: name look-up, connection, TLS, body and every byte of the answer that counts.
    A 2xx is taken with its status line and headers, and its body is not read; of a refusal the first words are. What sends
    more than `ANSWER_BYTES` before that gives no answer. `clock` is wall time, for a Retry-After with a date; `plain_http_hosts`
    are further hosts that may be reached without TLS. The environment's proxies are not used, and nothing is kept from one
    attempt to the next: no cookie, no connection. Threads may send at once; none waits for another. Close it, or use it in
    a `with`.
    """

    def __init__(self, clock: Clock, *, timeout_s: float = 15.0, plain_http_hosts: frozenset[str] = frozenset()) -> None:
        self._clock, self._plain, self._timeout_s = clock, plain_http_hosts, timeout_s
        self._attempts = Attempts()
        self._trusted: dict[str, ssl.SSLContext] = {}

    def send(self, url: str, body: bytes, headers: Mapping[str, str], route: Route = DIRECT) -> None:
        """Returns if it was taken (2xx). Transient: try again; Permanent: this message never; Gone: no message ever;
        Misconfigured: nothing can be posted to such an address; Interrupted: `cancel` was called."""
        host = check_url(url, self._plain, private=route.private)
        trusted = self._authorities(route.ca_file)

        def attempt() -> Coroutine[Any, Any, tuple[int, Mapping[str, str], str]]:
            return self._post(url, body, dict(headers), route, trusted)

        try:
            status, got, excerpt = self._attempts.run(attempt, within_s=self._timeout_s + _STALLED_S)
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise Transient("no answer in time", where=host) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError, OSError) as error:
            raise Transient(_first_cause(error), where=host) from error
        except (httpx2.InvalidURL, ValueError) as error:  # the resolver's own idea of a name: UnicodeError is a ValueError
            raise Misconfigured(f"cannot be posted to ({error})", where=host, mend=MEND) from error
        if not _is_success(status):
            raise self._refusal(status, excerpt, host, got)

    def _authorities(self, ca_file: str) -> ssl.SSLContext:
        """Whose certificates are believed; read once. Misconfigured if the file cannot be."""
        if ca_file not in self._trusted:
            self._trusted[ca_file] = authorities_of(ca_file)
        return self._trusted[ca_file]

    async def _post(
        self, url: str, body: bytes, headers: dict[str, str], route: Route, trusted: ssl.SSLContext
    ) -> tuple[int, Mapping[str, str], str]:
        """Status, headers and, of a refusal, the first words. TimeoutError once `timeout_s` have passed, whatever still
        comes."""
        target = httpx2.URL(url)
        each = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        sent = {"host": target.netloc.decode("ascii"), "user-agent": "precall", "accept": "*/*"} | headers
        async with (
            asyncio.timeout(self._timeout_s),
            _connections(route, trusted) as pool,
            pool.stream("POST", _plain(target), headers=sent, content=body, extensions={"timeout": each}) as answer,
        ):
            got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return answer.status, got, "" if _is_success(answer.status) else await _excerpt(answer)

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

    def cancel(self) -> None:
        """End the attempts under way (they raise Interrupted) and begin no more. Returns at once, from any thread."""
        self._attempts.cancel()

    def close(self) -> None:
        """Cancel, and close what is open. Twice is once."""
        self._attempts.close()

    def __enter__(self) -> "HttpTransport":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def authorities_of(ca_file: str) -> ssl.SSLContext:
    """What TLS believes: the authorities of a PEM file and no others, or the public ones if none is named. Misconfigured for
    a file that cannot be read, or holds no certificate."""
    if not ca_file:
        return httpx2.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
        mend = "name a PEM file that holds the authority's certificate"
        raise Misconfigured(why or str(error), where=f"receivers: ca_file: {ca_file}", mend=mend) from error


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


def _first_cause(error: BaseException) -> str:
    """What the operating system said, under what was made of it: "Connection refused", not "all attempts failed"."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ConnectionError) and inner.errno:
            return os.strerror(inner.errno)
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        first = inner.exceptions[0] if isinstance(inner, BaseExceptionGroup) and inner.exceptions else None
        inner = first or inner.__cause__ or inner.__context__
    return str(error) or type(error).__name__


def _connections(route: Route, trusted: ssl.SSLContext) -> httpcore2.AsyncConnectionPool:
    """For one attempt: straight to an address that is allowed, or through the proxy, which looks the name up itself."""
    if not route.proxy:
        return httpcore2.AsyncConnectionPool(trusted, network_backend=GuardedNetwork(private=route.private))
    proxy = httpx2.URL(route.proxy)
    return httpcore2.AsyncHTTPProxy(
        httpcore2.URL(scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=b"/"),
        (proxy.username, proxy.password) if proxy.userinfo else None,
        ssl_context=trusted,
        proxy_ssl_context=trusted if proxy.scheme == "https" else None,
        network_backend=GuardedNetwork(anywhere=True),
    )


def _plain(target: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)


def _is_success(status: int) -> bool:
    return 200 <= status < 300


async def _excerpt(answer: httpcore2.Response) -> str:
    """The first words of a refusal, on one line."""
    first = await anext(aiter(answer.aiter_stream()), b"")
    text = first[:EXCERPT_BYTES].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
