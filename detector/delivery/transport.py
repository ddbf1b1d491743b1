"""One HTTP POST, bounded in time and in what is read of its answer."""

import asyncio
import os
import ssl
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

import httpcore2
import httpx2

from detector.delivery.address import MEND, check_url
from detector.delivery.attempts import Attempts
from detector.delivery.network import GuardedNetwork
from detector.domain.errors import Misconfigured, Transient
from detector.domain.transport import DIRECT, Answer, Request, Route

EXCERPT_BYTES = 200
"""Bytes of an answer's body that are kept. Chosen: the first words of a refusal give the reason."""
_STALLED_S = 5.0
"""How long after the deadline a thread still waits for the event loop. Chosen: longer than any single callback runs."""


class HttpTransport:
    """Posts over HTTPS, or plain HTTP to the loopback; never follows a redirect. Implements `domain.transport.Transport`.

    `timeout_s` bounds one attempt as a whole: name look-up, connection, TLS, body and every byte of the answer that counts.
    A 2xx counts with its status line and headers, and its body is not read unless the request needs it; of a refusal
    the first words are. What sends more than `ANSWER_BYTES` before that gives no answer. The environment's proxies are not
    used, and nothing is kept from one attempt to the next: no cookie, no connection. Threads may send at once; none waits
    for another. Close it, or use it in a `with`.
    """

    def __init__(self, *, timeout_s: float = 15.0) -> None:
        self._timeout_s = timeout_s
        self._attempts = Attempts()
        self._trusted: dict[str, ssl.SSLContext] = {}

    def send(self, request: Request, route: Route = DIRECT) -> Answer:
        """Returns whatever was answered. Raises Transient if nothing was, Misconfigured if nothing can be posted to such an
        address, Interrupted after `cancel`."""
        origin = check_url(request.url, private=route.private)
        trusted = self._authorities(route.ca_file)

        def attempt() -> Coroutine[Any, Any, Answer]:
            return self._post(request, origin, route, trusted)

        try:
            return self._attempts.run(attempt, within_s=self._timeout_s + _STALLED_S)
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise Transient("no answer in time", where=origin) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError, OSError) as error:
            raise Transient(_first_cause(error), where=origin) from error
        except (httpx2.InvalidURL, ValueError) as error:  # the resolver's own idea of a name: UnicodeError is a ValueError
            raise Misconfigured(f"cannot be posted to ({error})", where=origin, mend=MEND) from error

    def _authorities(self, ca_file: str) -> ssl.SSLContext:
        """The trusted certificates; read once. Misconfigured if the file cannot be."""
        if ca_file not in self._trusted:
            self._trusted[ca_file] = authorities_of(ca_file)
        return self._trusted[ca_file]

    async def _post(self, request: Request, origin: str, route: Route, trusted: ssl.SSLContext) -> Answer:
        """TimeoutError once `timeout_s` have passed, whatever still comes."""
        target = httpx2.URL(request.url)
        each = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        headers = {"host": target.netloc.decode("ascii"), "user-agent": "precall", "accept": "*/*"} | dict(request.headers)
        async with (
            asyncio.timeout(self._timeout_s),
            _connections(route, trusted) as pool,
            pool.stream(
                "POST", _core_url(target), headers=list(headers.items()), content=request.body, extensions={"timeout": each}
            ) as answer,
        ):
            got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            counts = request.reads_answer or not 200 <= answer.status < 300
            return Answer(answer.status, got, await _excerpt(answer) if counts else "", origin)

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
    """What TLS trusts: the authorities of a PEM file and no others, or the public ones if none is named. Misconfigured for
    a file that cannot be read, or holds no certificate."""
    if not ca_file:
        return httpx2.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
        mend = "name a PEM file that holds the authority's certificate"
        raise Misconfigured(why or str(error), where=f"receivers: ca_file: {ca_file}", mend=mend) from error


def _first_cause(error: BaseException) -> str:
    """The operating system's own message, below the errors that wrap it: "Connection refused", not "all attempts failed"."""
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


def _core_url(target: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)


async def _excerpt(answer: httpcore2.Response) -> str:
    """The first words of the body, on one line."""
    first = await anext(aiter(answer.aiter_stream()), b"")
    text = first[:EXCERPT_BYTES].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
