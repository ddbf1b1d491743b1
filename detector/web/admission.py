"""What a request must pass before the application sees it: its form, its token, its rate, its body, and its time."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio.to_thread
from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.web.access import Access, address_of, too_many
from detector.web.limits import Buckets
from detector.web.problems import RETRY_AFTER_S, Problems
from detector.web.refusals import READ
from detector.web.request_checks import Malformed, check_head, check_json, declared_length

PROGRAMS = ("/v1", "/metrics")
"""Paths that only a token opens."""
_FREE = ("/healthz", "/readyz", "/favicon.ico", "/static")
"""Answered from memory, and requested by supervisors at the same address as anybody else: not counted."""
_AREAS = ("/v1/incidents", "/v1/lookup", "/v1/accounts", "/v1/reports", "/v1/coverage", "/metrics", "/incidents", "/reports")
_WITH_BODY = ("POST", "PUT", "PATCH")
_REFUSED = (401, 403, 413, 429)
_THREADS = 8
"""Requests answered at once. Chosen: each may hold two of the 15 connections of the database's pool."""


class Admission:
    """ASGI middleware, the outermost: a stranger is refused before a byte of the body is read."""

    def __init__(self, app: ASGIApp, access: Access, problems: Problems) -> None:
        self._app, self._access, self._problems = app, access, problems
        self._limits, self._meters = access.entry.limits, access.entry.meters
        self._known = Buckets(self._limits.requests_per_minute)
        self._strangers = Buckets(self._limits.strangers_per_minute)
        self._threads_bounded = False
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._threads_bounded:
            anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
            self._threads_bounded = True
        scope.setdefault("state", {})
        request, answer = Request(scope), _Answer(send, self._note(scope))
        try:
            check_head(scope, self._limits)
            self._admit(request)
            body = await self._body(scope, receive)
        except Malformed as fault:
            await self._refuse(request, answer, fault.status, fault.detail)
        except HTTPException as fault:
            await self._refuse(request, answer, fault.status_code, fault.detail, fault.headers)
        else:
            if body is not None:
                await self._ask(request, _Replay(body, receive), answer)

    def _admit(self, request: Request) -> None:
        """HTTP 401 and 429."""
        path, address = request.scope["path"], address_of(request)
        name = self._access.bearer(request)
        if path.startswith(_FREE):
            return
        buckets, key = (self._strangers, address) if name is None else (self._known, name)
        if wait := buckets.spend(key):
            raise too_many(wait, "Too many requests")
        if name is None and _within(path, PROGRAMS):
            self._access.program(request)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None: the client has gone. Raises Malformed for one that is too large, too slow, or no JSON."""
        length = declared_length(scope["headers"])
        chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        most = self._limits.body_bytes if scope["method"] in _WITH_BODY else 0
        if (length or 0) > most:
            raise Malformed(413, f"The body is larger than {most} bytes.")
        if not length and not chunked:
            return b""
        try:
            body = await asyncio.wait_for(_read(receive, most), self._limits.body_s)
        except TimeoutError as error:
            raise Malformed(408, f"The body was not complete within {self._limits.body_s:.0f} s.") from error
        if body:
            _check_type(scope)
            check_json(body)
        return body

    async def _ask(self, request: Request, receive: Receive, answer: "_Answer") -> None:
        """The application's answer, or 503 when it takes too long. What has begun is not broken off here: how fast it is
        read is a matter of the connection."""
        task = asyncio.ensure_future(_run(self._app, request.scope, receive, answer.send))
        try:
            await asyncio.wait({task}, timeout=self._limits.answer_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done() or answer.begun:
            await task
            return
        late = answer.replace()
        task.cancel()  # ends at once if it waits for a thread, else with its thread
        self._late.add(task)
        task.add_done_callback(self._forget)
        detail = f"No answer within {self._limits.answer_s:.0f} s: the store does not answer."
        await self._refuse(request, late, 503, detail, {"Retry-After": str(RETRY_AFTER_S)})

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()

    async def _refuse(self, request: Request, answer: "_Answer", status: int, detail: str, headers: Any = None) -> None:
        made = self._problems.answer(request, status, detail, headers)
        made.headers["Connection"] = "close"
        made.headers.setdefault("Cache-Control", "no-store")
        await made(request.scope, _nothing, answer.send)

    def _note(self, scope: Scope) -> Callable[[int], None]:
        def note(status: int) -> None:
            self._meters.answers.labels(str(status)).inc()
            if status in _REFUSED and not scope["state"].get("noted"):
                area = next((one for one in _AREAS if _within(scope["path"], (one,))), "elsewhere")
                self._access.entry.refused(READ, address_of(Request(scope)), f"{status} {area}")

        return note


class _Answer:
    """Sends on, until another answer takes its place."""

    def __init__(self, send: Send, note: Callable[[int], None]) -> None:
        self._send, self._note = send, note
        self.begun = self._replaced = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            self.begun = True
            self._note(message["status"])
        await self._send(message)

    def replace(self) -> "_Answer":
        """What is sent to this one goes nowhere from now on."""
        self._replaced = True
        return _Answer(self._send, self._note)


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def _within(path: str, areas: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in areas)


def _check_type(scope: Scope) -> None:
    found = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if scope["path"].startswith("/v1") and found.split(b";")[0].strip().lower() != b"application/json":
        raise Malformed(415, "Send the body as Content-Type: application/json.")


async def _read(receive: Receive, most: int) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise Malformed(413, f"The body is larger than {most} bytes.")
        if not message.get("more_body"):
            return bytes(body)


class _Replay:
    """The body that was read, once; then what comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
