"""The web application behind bounded connections: in the foreground of its own process, or on a thread of a test's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from threading import Thread

import uvicorn
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from detector.domain.errors import Misconfigured
from detector.listening import listen, url_of
from detector.web.access import AccessOptions
from detector.web.connections import BoundedProtocol, Connections

_START_TIMEOUT_S = 10.0
"""How long the server may take to listen, in s. Chosen: ten times what it takes on a slow machine."""
_STOP_WITHIN_S = 1
"""How long answers may take when the server stops. Chosen: one of an ordinary request is finished."""
_BACKLOG = 64
"""Connections taken at once; each is a file descriptor before it can be counted. Chosen: a quarter of those served."""


class _Server(uvicorn.Server):
    """Leaves signals to its caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves on `host:port` (0 = any free port) without an access log: paths of lookups hold raw identities.

    `listening`: a socket that listens there already, so that nobody else can take the port meanwhile. `trusted`: addresses
    of proxies of one's own, whose X-Forwarded-For and X-Forwarded-Proto are trusted. `entry`: that of the application.
    """

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        listening: socket | None = None,
        *,
        trusted: Sequence[str] = (),
        entry: AccessOptions | None = None,
    ) -> None:
        entry = entry or AccessOptions()
        limits, self.connections = entry.limits, Connections(entry.limits, entry.meters, trusted)
        connections = self.connections
        entry.meters.measure(connections=lambda: len(connections))

        class Protocol(BoundedProtocol):
            open_connections = connections

        believed = ProxyHeadersMiddleware(app, trusted_hosts=list(trusted)) if trusted else app  # type: ignore[arg-type]
        config = uvicorn.Config(
            believed,
            host=host,
            port=port,
            log_level="error",
            access_log=False,
            lifespan="off",
            http=Protocol,
            ws="none",
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            h11_max_incomplete_event_size=limits.head_bytes,
            timeout_keep_alive=int(limits.idle_s),
            timeout_graceful_shutdown=_STOP_WITHIN_S,
        )
        self._server = _Server(config)
        self._host, self._port, self._listening = host, port, listening
        self._thread: Thread | None = None

    def run(self, serving: Callable[[], object]) -> None:
        """Serve in the foreground until `end` is called; `serving` is called once it does."""
        listening = self._listening or listen(self._host, self._port)
        Thread(target=self._tell, args=(serving,), name="started", daemon=True).start()
        self._server.run([listening])

    def _tell(self, serving: Callable[[], object]) -> None:
        while not self._server.started:
            time.sleep(0.01)
        serving()

    def end(self) -> None:
        """Returns at once; `run` returns within `_STOP_WITHIN_S`."""
        self._server.should_exit = True

    def start(self) -> str:
        """Begin to serve on a thread; the base URL, as this machine reaches it. Misconfigured if it cannot listen there."""
        listening = self._listening or listen(self._host, self._port)
        self._thread = Thread(target=self._server.run, args=([listening],), name="web", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise Misconfigured("cannot serve", where=f"web: {self._host}:{self._port}", mend="see the lines above")
            time.sleep(0.02)
        return url_of(listening)

    def stop(self) -> None:
        self.end()
        if self._thread is not None:
            self._thread.join(timeout=10)
