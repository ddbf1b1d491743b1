"""One HTTP POST, and what its answer means for the message."""

import asyncio
import os
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from threading import Lock
from types import TracebackType

import httpx2

from detector.delivery.address import MEND, check_url
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
            raise Transient(_first_cause(error), where=host) from error
        except (httpx2.InvalidURL, ValueError) as error:  # the resolver's own idea of a name: UnicodeError is a ValueError
            raise Misconfigured(f"cannot be posted to ({error})", where=host, mend=MEND) from error
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
        """Twice is once."""
        with self._one_at_a_time:
            if not self._client.is_closed:
                self._runner.run(self._client.aclose())
                self._runner.close()

    def __enter__(self) -> "HttpTransport":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


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


async def _excerpt(answer: httpx2.Response) -> str:
    """The first words of a refusal, on one line."""
    first = await anext(answer.aiter_raw(EXCERPT_BYTES), b"")
    text = first[:EXCERPT_BYTES].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
