"""A receiver on the loopback that writes down what it got before it answers, and answers as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class Recording:
    """`got`: (webhook-id, body) in order of arrival; `statuses`: the next answers, the last one for good."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    got: list[tuple[str, bytes]] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.got]

    @property
    def meanings(self) -> dict[str, set[bytes]]:
        """webhook-id -> the different bodies that were sent under it."""
        found: dict[str, set[bytes]] = {}
        for key, body in self.got:
            found.setdefault(key, set()).add(body)
        return found


@contextmanager
def recording() -> Iterator[Recording]:
    """Listens while in the `with`."""
    record = Recording()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            record.got.append((self.headers["webhook-id"], body))
            if record.silent:
                record.released.wait(20)
                return
            self.send_response(record.statuses.pop(0) if len(record.statuses) > 1 else record.statuses[0])
            for name, value in record.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    record.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield record
    finally:
        record.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
