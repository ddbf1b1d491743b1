"""Care systems of all moods: each keeps what it took, and what it was sent."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock

MOODS = ("well", "refuses", "takes and drops", "trickles", "silent", "resets", "no HTTP")
"""well: 204; takes and drops: keeps the alert and closes without an answer, so that it must come again."""


@dataclass(kw_only=True)
class MoodyReceiver:
    """`taken`: (webhook-id, body) that it answered with 2xx or kept before it dropped the connection, in order."""

    name: str
    url: str = ""
    mood: str = "well"
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    over: Event = field(default_factory=Event)

    def bodies(self) -> dict[str, set[bytes]]:
        """webhook-id -> all bodies that came under it, taken or not."""
        found: dict[str, set[bytes]] = {}
        for key, body in self.sent:
            found.setdefault(key, set()).add(body)
        return found

    def first_taken(self) -> list[str]:
        """webhook-ids in the order in which they were first taken."""
        return list(dict.fromkeys(key for key, _ in self.taken))


@contextmanager
def receiving(name: str) -> Iterator[MoodyReceiver]:
    """Listens while in the `with`."""
    receiver = MoodyReceiver(name=name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with receiver.lock:
                mood = receiver.mood
                receiver.sent.append((self.headers["webhook-id"], body))
                if mood in ("well", "takes and drops"):
                    receiver.taken.append((self.headers["webhook-id"], body))
            self.close_connection = True
            self._answer(mood)

        def _answer(self, mood: str) -> None:
            if mood in ("well", "refuses"):
                self.send_response(204 if mood == "well" else 503)
                self.end_headers()
            elif mood == "trickles":
                for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 1000:
                    if receiver.over.wait(0.3):
                        break
                    self.wfile.write(bytes([byte]))
            elif mood == "silent":
                receiver.over.wait(60)
            elif mood == "resets":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif mood == "no HTTP":
                self.wfile.write(b"\x00\xff\r\n\r\n")

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the service has ended, or was ended
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/{name}"
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
