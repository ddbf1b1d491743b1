"""The web application: health, API and pages over one `WebService`."""

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from detector.web.access import Access, AccessOptions
from detector.web.admission import Admission
from detector.web.api import api_routes, health_routes, people_routes
from detector.web.care_api import care_routes
from detector.web.middleware import AnswerInTime, HeadLikeGet, SafeHeaders
from detector.web.pages import page_routes, time_element
from detector.web.problems import Problems, add_problems
from detector.web.report_pages import report_page_routes
from detector.web.service import CareService, WebService

HERE = Path(__file__).parent
ANSWER_S = 5.0
"""How long one request waits for the database in all; then its answer is 503. Chosen: a caller on the phone waits no
longer."""
HEADERS = {
    # charts carry their own style element; the one script is a file of ours
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def create_app(
    service: WebService,
    care: CareService | None = None,
    *,
    token: str,
    timezone: str = "UTC",
    privacy_floor: int = 5,
    entry: AccessOptions | None = None,
) -> FastAPI:
    """`token` opens everything but /healthz and the bare answer of /readyz; Misconfigured if it is under 16 characters.
    `entry`: sessions, limits and a callback for refusals; left out, sessions last as long as the process.

    `timezone` (IANA) is that of the pages. Serve it without an access log: paths of lookups hold raw identities, and the
    first visit of a page holds the token.
    """
    app = FastAPI(title="precall", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    access = Access(token, entry)
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters["time_element"] = partial(time_element, timezone=timezone)
    problems = Problems(templates)
    app.include_router(health_routes(service, access))
    app.include_router(api_routes(service, access, privacy_floor=privacy_floor))
    app.include_router(people_routes(service, access, care))
    pages = page_routes(
        service,
        access,
        templates,
        timezone=timezone,
        privacy_floor=privacy_floor,
        feedback=care.feedback if care else lambda _incident_id: (),
    )
    app.include_router(pages)
    if care is not None:
        app.include_router(care_routes(care, service.incident, access))
        app.include_router(report_page_routes(care, access, templates, timezone=timezone))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    add_problems(app, problems)

    @app.get("/favicon.ico", include_in_schema=False)
    def favicon() -> FileResponse:
        """For browsers that request it without reading the page; it needs no token, like the other static files."""
        return FileResponse(HERE / "static/favicon.svg", media_type="image/svg+xml")

    app.add_middleware(AnswerInTime, seconds=ANSWER_S)
    app.add_middleware(HeadLikeGet)
    app.add_middleware(Admission, access=access, problems=problems)
    app.add_middleware(SafeHeaders, headers=HEADERS)
    return app
