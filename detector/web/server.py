"""The web application on a thread of its own, stopped with the daemon."""

import time
from socket import socket
from threading import Thread

import uvicorn
from fastapi import FastAPI

from detector.domain.errors import Misconfigured

_START_TIMEOUT_S = 10.0


class WebServer:
    """Serves on `host:port` (0 = any free port) without an access log: paths of lookups hold raw identities.

    `listening`: a socket that listens there already, so that nobody else can take the port meanwhile.
    """

    def __init__(self, app: FastAPI, host: str, port: int, listening: socket | None = None) -> None:
        config = uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        sockets = None if listening is None else [listening]
        self._thread = Thread(target=self._server.run, args=(sockets,), name="web", daemon=True)
        self._where = f"{host}:{port}"

    def start(self) -> str:
        """Begin to serve; the base URL. Misconfigured if the port is taken."""
        self._thread.start()
        until = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise Misconfigured("cannot listen", where=f"web: {self._where}", mend="is the port taken? set web.port")
            time.sleep(0.02)
        host, port = self._server.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
