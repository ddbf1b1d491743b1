"""The address at which pages and API answer, taken before anything that takes time."""

import errno
import socket

from detector.domain.errors import Misconfigured

_WAITING = 128
"""Connections that may wait to be accepted. Chosen: the limit of Linux before 5.4 (listen(2))."""
_PORTS = 65_535
"""Largest number of a port (RFC 6335)."""
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where it listens everywhere, this machine uses the loopback
_WHY = {
    errno.EADDRINUSE: ("the port is taken", "end what listens there, or set web.port"),
    errno.EADDRNOTAVAIL: ("no address of this machine", "set web.host to 127.0.0.1, or to an address of this machine"),
    errno.EACCES: ("not permitted", "set web.port to 1024 or more"),
}


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """A socket that listens on `host:port`, IPv4 or IPv6; port 0 is any free one, with `or_any` so is a port that is taken.

    Raises Misconfigured where that cannot be.
    """
    where = f"web: {host}:{port}"
    if not 0 <= port <= _PORTS:  # a resolver takes it modulo 65536
        raise Misconfigured("no such port", where=where, mend=f"set web.port, from 0 to {_PORTS}")
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
        if or_any and number == errno.EADDRINUSE:
            return listen(host, 0)
        what, mend = _WHY.get(number or 0, (str(error), "set web.host and web.port"))
        raise Misconfigured(f"cannot listen: {what}", where=where, mend=mend) from error
    return listening


def url_of(listening: socket.socket) -> str:
    """The base URL of the server that listens here, as this machine reaches it."""
    host, port = listening.getsockname()[:2]
    host = _ANY.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
