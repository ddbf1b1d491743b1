"""HEAD for every GET (RFC 9110 9.1 and 9.3.2): the same answer without its content; headers and time of every answer."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.database_limits import answer_within


class HeadLikeGet:
    """ASGI middleware: what answers GET answers HEAD, with the same status and headers. An answer without end (a stream of
    events) ends after its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        complete = False

        async def headers_only(message: Message) -> None:
            nonlocal complete
            if message["type"] != "http.response.body":
                await send(message)
            elif not complete:
                complete = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def until_the_end() -> Message:
            return {"type": "http.disconnect"} if complete else await receive()

        await self._app({**scope, "method": "GET"}, until_the_end, headers_only)


class SafeHeaders:
    """ASGI middleware: `headers` stand in every answer, unless the answer has its own."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class AnswerInTime:
    """ASGI middleware: a request waits for the database so many `seconds` in all; then its answer is 503."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with answer_within(self._seconds):
            await self._app(scope, receive, send)
