"""The web application on a thread of its own, stopped with the daemon."""

import errno
import socket
import time
from threading import Thread

import uvicorn
from fastapi import FastAPI

from detector.domain.errors import Misconfigured

_START_TIMEOUT_S = 10.0
_WAITING = 128
"""Connections that may wait to be taken."""
_WHY = {
    errno.EADDRINUSE: ("the port is taken", "end what listens there, or set web.port"),
    errno.EADDRNOTAVAIL: ("no address of this machine", "set web.host to 127.0.0.1, or to an address of this machine"),
    errno.EACCES: ("not permitted", "set web.port to 1024 or more"),
}
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where it listens everywhere, this machine asks the loopback


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host:port`, IPv4 or IPv6; port 0 is any free one. Misconfigured if that cannot be."""
    where = f"web: {host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    except (OSError, ValueError, OverflowError) as error:  # UnicodeError, for an empty label, is a ValueError
        reason = getattr(error, "strerror", None) or str(error)
        raise Misconfigured(f"no address to listen on ({reason})", where=where, mend="set web.host and web.port") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_WAITING)
    except (OSError, OverflowError) as error:
        listening.close()
        number = error.errno if isinstance(error, OSError) else None
        what, mend = _WHY.get(number or 0, (str(error), "set web.host and web.port"))
        raise Misconfigured(f"cannot listen: {what}", where=where, mend=mend) from error
    return listening


class WebServer:
    """Serves on `host:port` (0 = any free port) without an access log: paths of lookups hold raw identities."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(app, host=host, port=port, log_level="error", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._host, self._port = host, port
        self._thread: Thread | None = None

    def start(self) -> str:
        """Begin to serve; the base URL, as this machine can ask it. Misconfigured if it cannot listen there."""
        listening = listen(self._host, self._port)
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
