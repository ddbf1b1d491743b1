"""Connections of the web server: how many there are, how long each may take, and who is cut when there are too many.

uvicorn bounds none of this before a request is complete: a connection on which nothing is sent stays for ever, and so does
an answer that nobody reads. HTTP itself is parsed by h11.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection
from http import HTTPStatus
from time import monotonic
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from detector.web.limits import Limits
from detector.web.meters import Meters

_SWEEP_S = 0.5
"""Time between two checks of the limits of connections. Chosen: small beside the limits themselves."""
_REFUSALS_ANSWERED = 64
"""Refused connections that are answered at the same time; more are closed without an answer. Chosen: a quarter of those
served."""
_GRACE_S = 10.0
"""How long after `answer_s` an answer is given up. Chosen: the application ends it by itself before."""


class Connections:
    """All open connections, the oldest first. `trusted`: addresses of proxies, whose connections are many people's."""

    def __init__(self, limits: Limits, meters: Meters, trusted: Collection[str] = ()) -> None:
        self.limits, self._meters, self._trusted = limits, meters, frozenset(trusted)
        self._open: dict[BoundedProtocol, str] = {}
        self._of: Counter[str] = Counter()
        self._leaving: dict[BoundedProtocol, None] = {}
        """Refused with a reason; they are no connections that could be closed for another."""
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, new: "BoundedProtocol", address: str) -> bool:
        """A slot for a new connection, if need be by closing the one that has been idle longest. False if all are at
        work."""
        self._open[new] = address
        self._of[address] += 1
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)
        crowded = self._of[address] > self.limits.connections_per_address and address not in self._trusted
        if not crowded and len(self._open) <= self.limits.connections:
            return True
        of = address if crowded else None
        for old, its in self._open.items():
            if old is not new and of in (None, its) and old.asks_nothing:
                self.end(old, "made room")
                return True
        self.forget(new)
        self._leaving[new] = None
        return False

    @property
    def may_answer_refusal(self) -> bool:
        """Whether one more connection can be accepted, to be refused with a reason."""
        return len(self._leaving) <= _REFUSALS_ANSWERED

    def count(self, why: str) -> None:
        """A connection ends for what it did."""
        self._meters.cut.labels(why).inc()

    def end(self, one: "BoundedProtocol", why: str) -> None:
        self.count(why)
        self.forget(one)
        one.abort()

    def forget(self, one: "BoundedProtocol") -> None:
        self._leaving.pop(one, None)
        address = self._open.pop(one, None)
        if address is not None:
            self._of[address] -= 1
            self._of += Counter()  # drops what is zero

    def _sweep(self) -> None:
        now = monotonic()
        for one in [*self._open, *self._leaving]:
            if why := one.overdue(now):
                self.count(why)
                one.give_up(why)
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep) if self._open or self._leaving else None


class _Parser(h11.Connection):
    """Keeps the status that h11 suggests for what it cannot parse; uvicorn drops it."""

    status = 400

    def next_event(self) -> Any:
        try:
            return super().next_event()
        except h11.RemoteProtocolError as error:
            self.status = error.error_status_hint
            raise


class _Outlet:
    """The transport, counting what is written. It closes so that the other side can still read the answer: closing a socket
    with unread bytes would reset it."""

    def __init__(self, transport: asyncio.Transport, protocol: "BoundedProtocol") -> None:
        self._transport, self._protocol = transport, protocol
        self.written = 0
        self.closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def waiting(self) -> int:
        """Bytes that the other side has not taken yet."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self.closing or self._transport.is_closing()

    def close(self) -> None:
        if self.closing or self._transport.is_closing():
            return
        if not self._protocol.still_sending:
            self.closing = True
            self._transport.close()
            return
        self.closing = True
        self._protocol.lingers_since = monotonic()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with a bound on every wait. `open_connections` is set by the server that uses it."""

    open_connections: Connections
    lingers_since: float | None = None
    _made_at = _head_since = 0.0
    _stuck: tuple[float, int] | None = None
    _asked_at: float | None = None
    _hung_up = False
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._outlet = _Outlet(transport, self)
        super().connection_made(self._outlet)  # type: ignore[arg-type]
        limits = self.open_connections.limits
        self.conn = _Parser(h11.SERVER, limits.head_bytes)
        self._made_at = self._head_since = monotonic()
        address = self.client[0] if self.client else ""
        if not self.open_connections.admit(self, address):
            self.open_connections.count("too many")
            self._refused = True
            if not self.open_connections.may_answer_refusal:
                self.abort()
                return
            self._answer(503, "Too many connections are at work; ask again in a second.", (b"retry-after", b"1"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_connections.forget(self)
        self._outlet.closing = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.lingers_since is not None or self._outlet.is_closing():
            return
        if not self._between and self.asks_nothing:
            self._head_since = monotonic()
        self._between = True
        super().data_received(data)

    _between = True
    """A request has begun: its bytes have come, or are waited for on a new connection."""

    def on_response_complete(self) -> None:
        self._between, self._asked_at = False, None
        super().on_response_complete()
        if self._hung_up and self.asks_nothing:
            self._outlet.close()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. Its requests are answered (it may still read); then the connection closes."""
        self._hung_up = True
        if self.lingers_since is not None:
            self._outlet.abort()
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete and self._asked_at is None:
            self._asked_at = monotonic()

    @property
    def asks_nothing(self) -> bool:
        """No complete head of a request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def still_sending(self) -> bool:
        """Bytes of a request may still come, whatever is answered."""
        if self._hung_up:
            return False
        return self._refused or self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def overdue(self, now: float) -> str:
        """Why this connection is to end now; empty: it may go on."""
        limits = self.open_connections.limits
        if self.lingers_since is not None:
            return "lingered" if now - self.lingers_since > limits.linger_s else ""
        if self._reads_slowly(now):
            return "reads slowly"
        if self.asks_nothing:
            return "no request" if self._between and now - self._head_since > limits.head_s else ""
        longest = limits.body_s + limits.answer_s + _GRACE_S
        stuck = self._asked_at is not None and not self._outlet.waiting and now - self._asked_at > longest
        return "no answer" if stuck else ""

    def _reads_slowly(self, now: float) -> bool:
        if not self._outlet.waiting:
            self._stuck = None
            return False
        taken = self._outlet.written - self._outlet.waiting
        if self._stuck is None:
            self._stuck = (now, taken)
        since, before = self._stuck
        if now - since < self.open_connections.limits.slow_s:
            return False
        self._stuck = (now, taken)  # looked at in spans, so that a good beginning excuses nothing
        return taken - before < self.open_connections.limits.slow_bytes_per_s * (now - since)

    def give_up(self, why: str) -> None:
        """End it; a client that has begun a request gets the reason."""
        if why == "no request" and self.conn.trailing_data[0] and not self._outlet.is_closing():
            seconds = f"{self.open_connections.limits.head_s:.0f}"
            self._answer(408, f"The request was not complete within {seconds} s.")
        else:
            self.abort()

    def abort(self) -> None:
        self._outlet.closing = True
        self._outlet.abort()

    def send_400_response(self, msg: str) -> None:
        """What h11 cannot parse is a problem answer; an answer that has begun is broken off."""
        if self.cycle is not None and not self.cycle.response_complete:
            begun, self.cycle.disconnected = self.cycle.response_started, True
            self.cycle.message_event.set()
            if begun:
                self.abort()
                return
        self.open_connections.count("not HTTP")
        status = 431 if getattr(self.conn, "status", 400) == 431 else 400
        what = "The headers are too large." if status == 431 else "This is no valid HTTP request."
        self._answer(status, what)

    def _answer(self, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
        """A problem (RFC 9457) to a client whose request is none yet; then the connection closes."""
        phrase = HTTPStatus(status).phrase
        body = json.dumps({"type": "about:blank", "title": phrase, "status": status, "detail": detail}).encode()
        fields = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            *headers,
        ]
        try:
            events = (h11.Response(status_code=status, headers=fields, reason=phrase.encode()), h11.Data(data=body))
            self._outlet.write(b"".join(self.conn.send(one) or b"" for one in (*events, h11.EndOfMessage())))
        except h11.LocalProtocolError:  # an answer was on its way already
            self.abort()
            return
        self._refused = True
        self._outlet.close()
