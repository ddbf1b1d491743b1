"""The web application on a thread of its own, stopped with the daemon."""

import time
from socket import socket
from threading import Thread

import uvicorn
from fastapi import FastAPI

from detector.domain.errors import Misconfigured
from detector.listening import listen

_START_TIMEOUT_S = 10.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where it listens everywhere, this machine asks the loopback


class WebServer:
    """Serves on `host:port` (0 = any free port) without an access log: paths of lookups hold raw identities.

    `listening`: a socket that listens there already, so that nobody else can take the port meanwhile.
    """

    def __init__(self, app: FastAPI, host: str, port: int, listening: socket | None = None) -> None:
        config = uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._host, self._port, self._listening = host, port, listening
        self._thread: Thread | None = None

    def start(self) -> str:
        """Begin to serve; the base URL, as this machine can ask it. Misconfigured if it cannot listen there."""
        listening = self._listening or listen(self._host, self._port)
        self._thread = Thread(target=self._server.run, args=([listening],), name="web", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise Misconfigured("cannot serve", where=f"web: {self._host}:{self._port}", mend="see the lines above")
            time.sleep(0.02)
        host, port = listening.getsockname()[:2]
        host = _ANY.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
