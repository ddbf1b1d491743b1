"""Receivers on the loopback in every mood that a care system can be in; each ends with the test."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread

EVERY_S = 0.3
"""Between two bytes of a receiver that trickles."""
SLOW_S = 14.0
"""Just below the time that an attempt may take by default."""
_CHUNK = b"x" * 65_536


@dataclass
class Mood:
    """A receiver that listens. `keys`: the webhook-ids of requests that came whole, in order."""

    url: str = ""
    keys: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)


Answer = Callable[[socket.socket, Mood], None]


def request(connection: socket.socket) -> tuple[str, bytes]:
    """The webhook-id and the body of the request that comes in."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65_536)
        if not more:
            return "", b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(fields["content-length"]):
        body += connection.recv(65_536)
    return fields["webhook-id"], body


def trickle(data: bytes, before: bytes = b"") -> Answer:
    def answer(connection: socket.socket, mood: Mood) -> None:
        connection.sendall(before)
        for at in count():
            if mood.stopped.wait(EVERY_S):
                return
            connection.sendall(data[at % len(data) : at % len(data) + 1])

    return answer


def flood(before: bytes, chunk: bytes = _CHUNK) -> Answer:
    def answer(connection: socket.socket, mood: Mood) -> None:
        connection.sendall(before)
        while not mood.stopped.is_set():
            connection.sendall(chunk)

    return answer


def says(text: bytes, after_s: float = 0.0) -> Answer:
    def answer(connection: socket.socket, mood: Mood) -> None:
        mood.stopped.wait(after_s)
        connection.sendall(text)

    return answer


def _silence(_connection: socket.socket, mood: Mood) -> None:
    mood.stopped.wait()


def _reset(connection: socket.socket, _mood: Mood) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _status(line: str, *headers: str) -> Answer:
    return says("\r\n".join([f"HTTP/1.1 {line}", "content-length: 0", *headers, "", ""]).encode())


HEALTHY = _status("204 No Content")
ANSWERS: dict[str, Answer] = {
    "trickles its status line": trickle(b"HTTP/1.1 204 No Content" + b" " * 500),
    "trickles its headers": trickle(b"x-more: 1\r\n", b"HTTP/1.1 204 No Content\r\n"),
    "never answers": _silence,
    "closes at once": says(b""),
    "headers without end": flood(b"HTTP/1.1 204 No Content\r\n", b"x-more: 1\r\n" * 1000),
    "no HTTP": says(b"220 mail.example ESMTP ready\r\n"),
    "100 Continue for ever": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    "redirects": _status("302 Found", "location: http://127.0.0.1:1/"),
    "500": _status("500 Broken"),
    "429 for a year": _status("429 Busy", "retry-after: 31536000"),
    "410": _status("410 Gone"),
    "a refusal without end": flood(b"HTTP/1.1 503 Busy\r\n\r\n"),
}
"""None of these takes an alert."""
TAKES: dict[str, Answer] = {
    "trickles its body": trickle(b"x", b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"),
    "a body without end": flood(b"HTTP/1.1 200 OK\r\n\r\n"),
    "resets in the midst of its body": _reset,
    "slow": says(b"HTTP/1.1 204 No Content\r\n\r\n", SLOW_S),
}
"""The status line and the headers of a 2xx came whole: the alert is taken, whatever follows."""


@contextmanager
def listening(answer: Answer) -> Iterator[Mood]:
    """A receiver that reads each request whole and answers so."""
    mood = Mood()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        mood.url = f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        server.settimeout(0.2)

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                key, body = request(connection)
                if key:
                    mood.keys.append(key)
                    mood.bodies.append(body)
                    answer(connection, mood)

        def accept() -> None:
            while not mood.stopped.is_set():
                with suppress(TimeoutError):
                    Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield mood
        finally:
            mood.stopped.set()
            thread.join()


@contextmanager
def hanging_in_tls() -> Iterator[Mood]:
    """The connection is taken, and the client's first message of TLS is never answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield Mood(f"https://127.0.0.1:{server.getsockname()[1]}/hook")


@contextmanager
def never_accepting() -> Iterator[Mood]:
    """The queue of connections is full: the system answers no more."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(server.getsockname())
        yield Mood(f"http://127.0.0.1:{server.getsockname()[1]}/hook")


@contextmanager
def all_moods() -> Iterator[dict[str, Mood]]:
    """One receiver of each mood, by its name."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(listening(answer)) for name, answer in (ANSWERS | TAKES).items()}
        found["hangs in TLS"] = stack.enter_context(hanging_in_tls())
        found["never accepts"] = stack.enter_context(never_accepting())
        found["has no address"] = Mood("https://nobody.invalid/hook")
        yield found
