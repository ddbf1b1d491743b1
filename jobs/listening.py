"""The address at which pages and API will answer, taken before anything that takes time."""

import socket
from contextlib import closing

from detector.domain.errors import Misconfigured

LAST_PORT = 65_535


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """A listening socket on `host:port` (0: any free port); with `or_any` on any free port if that one is taken.

    Raises Misconfigured, within a second, for a port that is taken or a host that is not this machine's.
    """
    if not 0 <= port <= LAST_PORT:  # the system takes 70000 for 4464
        raise Misconfigured(f"no port: {port}", where="web.port", mend=f"a number from 0 to {LAST_PORT}")
    try:
        return _listening(host, port)
    except OSError as error:
        if or_any and port:
            return listen(host, 0)
        taken = f"web: {host}:{port}"
        mend = "stop what listens there, or set web.port (0: any free one) and web.host"
        raise Misconfigured(f"cannot listen: {error.strerror or error}", where=taken, mend=mend) from error


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    one = socket.socket(family, kind, protocol)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen()
    except OSError:
        with closing(one):
            raise
    return one
