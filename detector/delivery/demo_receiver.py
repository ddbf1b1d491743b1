"""A small care system for demonstrations and tests: it checks every signature, takes every alert once, and prints it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from rich.console import Console

from detector.delivery.announcement import announcement, kind_of
from detector.delivery.receivers.cloudevents import TEST_TYPE
from detector.delivery.signing import verify
from detector.domain.errors import Permanent

COUNTS = ("opened", "updated", "resolved", "rejected", "repeated")
LARGEST_BODY = 64_000
"""Bytes of a body that are accepted. Chosen: three times the largest alert."""
PATIENCE_S = 10.0
"""How long one request may take, in s. Chosen: the default time-out of a receiver."""
POLL_S = 0.05
"""Time between two checks for a stop, in s. Chosen: nobody notices it."""


class DemoReceiver:
    """Listens on the loopback, verifies, ignores a webhook-id that it has seen, prints each alert, answers 204.

    `secrets`: any one of them may have signed. `page`: incident id -> link for a person. `port` 0 = any free one. A bad
    signature is answered 401, a signed body that is no alert 400; both count as `rejected`. Use it in a `with`, or stop it.
    """

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        port: int = 0,
        console: Console | None = None,
        page: Callable[[str], str] | None = None,
    ) -> None:
        self._secrets, self._console, self._page = tuple(secrets), console or Console(), page
        self._counts: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._lock = Lock()
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """Where it listens, once it is started."""
        return self._server.server_port if self._server else self._port

    @property
    def summary(self) -> Mapping[str, int]:
        """How many alerts were opened, updated, resolved, rejected and repeated so far."""
        with self._lock:
            return {name: self._counts[name] for name in COUNTS}

    def start(self) -> str:
        """Begin to listen; the URL to configure."""
        receiver = self

        class Handler(_Handler):
            take = staticmethod(receiver.take)

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_S,), name="demo-receiver", daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/alerts"

    def stop(self) -> None:
        """Stop listening; twice is once."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> "DemoReceiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """(status, why) for one request; prints it if it is news."""
        try:
            key = verify(body, headers, self._secrets)
        except Permanent as error:
            return self._reject(401, str(error))
        event = _event(body)
        if event.get("type") == TEST_TYPE:
            with self._lock:
                self._console.print(f"test message {key}: the signature is genuine", soft_wrap=True, markup=False)
            return 204, ""
        if not kind_of(event):
            return self._reject(400, "no care.incident event")
        with self._lock:
            if key in self._seen:
                self._counts["repeated"] += 1
                return 204, ""
            self._seen.add(key)
            self._counts[kind_of(event)] += 1
            incident = str(event.get("subject", "")).removeprefix("incident/")
            self._console.print(announcement(event, page=self._page(incident) if self._page else ""), soft_wrap=True)
        return 204, ""

    def _reject(self, status: int, why: str) -> tuple[int, str]:
        with self._lock:
            self._counts["rejected"] += 1
        return status, why


def _event(body: bytes) -> Mapping[str, Any]:
    """The body's object, empty if it is none."""
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


class _Handler(BaseHTTPRequestHandler):
    """HTTP around `take`: bounded bodies, bounded waits, no log lines."""

    timeout = PATIENCE_S
    protocol_version = "HTTP/1.1"
    take: Callable[[bytes, Mapping[str, str]], tuple[int, str]]

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._answer(413 if length.isdigit() else 411, "")
            return
        self._answer(*self.take(self.rfile.read(int(length)), dict(self.headers.items())))

    def _answer(self, status: int, why: str) -> None:
        text = why.encode()
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """The alerts are the output."""
