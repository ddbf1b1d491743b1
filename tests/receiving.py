"""Receivers of alerts for tests: one that is signed, a transport in memory, and a server on the loopback."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from detector.delivery import Receiver, receiver_of
from detector.delivery.attempts import Interrupted
from detector.delivery.receivers.cloudevents import CloudEventsSettings
from detector.domain.errors import Transient
from detector.domain.transport import DIRECT, Answer, Request, Route

ORIGIN = "https://care.example"


def signed_receiver(name: str, url: str, *secrets: str, **keys: Any) -> Receiver:
    """A receiver of signed CloudEvents; `keys`: further ones of its [[receivers]] entry."""
    return receiver_of(CloudEventsSettings(name=name, url=url, secrets=secrets, **keys))


@dataclass
class InMemoryTransport:
    """Answers each request with the next of `answers`, the last one for good; an exception is raised, None is no answer in
    time. Remembers what was sent."""

    answers: list[Answer | Exception | None] = field(default_factory=lambda: [Answer(204, origin=ORIGIN)])
    sent: list[tuple[Request, Route]] = field(default_factory=list)
    cancelled: bool = False

    def send(self, request: Request, route: Route = DIRECT) -> Answer:
        if self.cancelled:
            raise Interrupted("not tried: the service is stopping")
        self.sent.append((request, route))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise Transient("no answer in time", where=ORIGIN)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self) -> None:
        self.cancelled = True


@dataclass(kw_only=True)
class LoopbackServer:
    """Answers every POST with `status`, `headers` and `answer`, or never (`silent`). `got`: (body, headers) of each, noted
    before it is answered."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    answer: bytes = b""
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    released: Event = field(default_factory=Event)


@contextmanager
def loopback_server(next_status: Callable[[], int] | None = None) -> Iterator[LoopbackServer]:
    """Listens while in the `with`. `next_status`: of each answer, instead of `status`."""
    server = LoopbackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            server.got.append((body, {k.lower(): v for k, v in self.headers.items()}))
            if server.silent:
                server.released.wait(20)
                return
            self.send_response(next_status() if next_status else server.status)
            for name, value in _headers(server).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(server.answer)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}/hook?key=hidden"
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()


def _headers(server: LoopbackServer) -> Mapping[str, str]:
    bodiless = server.status in (204, 304) or "content-length" in server.headers
    return ({} if bodiless else {"content-length": str(len(server.answer))}) | server.headers
