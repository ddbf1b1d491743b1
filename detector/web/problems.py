"""Errors as RFC 9457 problem JSON for programs and as a small page for people; one line, never a traceback."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException

from detector.domain.errors import Permanent, PrecallError, Transient
from detector.domain.identity import InvalidIdentity

RETRY_AFTER_S = 5
"""Retry-After of an answer 503, in s. Chosen: a busy database is free within seconds."""
MEDIA_TYPE = "application/problem+json"
_LONGEST = 500
"""Characters of a detail. Chosen: the requested value may be in it."""


class Problems:
    """Makes the answer to a request that cannot be met."""

    def __init__(self, templates: Jinja2Templates) -> None:
        self._templates = templates

    def answer(self, request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
        """A page where HTML is accepted, else problem JSON; programs' paths (`/v1`) always get JSON."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": " ".join(str(detail).split())[:_LONGEST],
        }
        if "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/v1"):
            return self._templates.TemplateResponse(request, "problem.html", body, status, dict(headers or {}))
        return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def add_problems(app: FastAPI, problems: Problems) -> None:
    """Every way to fail has one line for the client."""
    answer = problems.answer

    def refused(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, HTTPException) else HTTPException(500)
        return answer(request, known.status_code, known.detail, known.headers)

    def invalid(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        return answer(request, 422, "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in found))

    def failed(request: Request, error: Exception) -> Response:
        headers = {}
        if isinstance(error, Transient):
            headers = {"Retry-After": str(round(error.retry_after_s or RETRY_AFTER_S))}
        status = 503 if isinstance(error, Transient) else 422 if isinstance(error, Permanent | InvalidIdentity) else 500
        return answer(request, status, str(error), headers)

    def unexpected(request: Request, error: Exception) -> Response:
        return answer(request, 500, f"unforeseen {type(error).__name__}; the log has the details")

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(PrecallError, failed)
    app.add_exception_handler(Exception, unexpected)


def _place(location: tuple[Any, ...]) -> str:
    """The parameter's name without the part of the request that it was in."""
    return ".".join(str(part) for part in location[1:]) or "request"
