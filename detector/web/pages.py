"""The pages for people: the list of incidents and the incident."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

from detector.domain.feedback import Feedback
from detector.domain.window import utc
from detector.labels import times
from detector.web.access import COOKIE, SESSION_S, Access
from detector.web.api import NamedIncident, Offset, incident_or_404
from detector.web.incident_list import incidents_view
from detector.web.incident_view import feedback_counts, incident_view
from detector.web.page import Page
from detector.web.service import WebService

PER_PAGE = 50
"""People of one page. Chosen: a screen and a half."""
LIST_REFRESH_S, INCIDENT_REFRESH_S = 30, 60
"""How often a page is loaded anew while something may change on it, unless its reader pauses that."""
TokenParameter = Annotated[str, Query(max_length=200)]


def require_login(access: Access) -> Callable[..., Response | None]:
    """A page's dependency: with the right `?token=` it sets the cookie and sends on to the page without it."""

    def admitted(request: Request, token: TokenParameter = "") -> Response | None:
        name = access.attempt(request, token) if token else None
        if name is not None:
            asked = request.url.remove_query_params("token").query
            answer = RedirectResponse(request.url.path + (f"?{asked}" if asked else ""), 303)
            answer.set_cookie(
                COOKIE,
                access.begin_session(name),
                max_age=SESSION_S,
                httponly=True,
                samesite="lax",
                secure=access.secure(request),
            )
            return answer
        access.person(request)
        return None

    return admitted


def page_routes(
    service: WebService,
    access: Access,
    templates: Jinja2Templates,
    *,
    timezone: str,
    privacy_floor: int,
    feedback: Callable[[str], Sequence[Feedback]],
) -> APIRouter:
    """`/` and `/incidents/{id}`. `feedback` gives the feedback of care teams on an incident."""
    routes, enter = APIRouter(default_response_class=Response), Depends(require_login(access))

    @routes.post("/sign-out", response_model=None)
    def sign_out(request: Request) -> Response:
        """Ends the session of this browser. A page of another site cannot request it: `SameSite` keeps the cookie back."""
        access.end_session(request)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=access.secure(request))
        return answer

    def page() -> Page:
        return Page(timezone, service.now(), privacy_floor)

    @routes.get("/", response_model=None)
    def incidents(
        request: Request,
        state: Literal["open", "resolved"] | None = None,
        offset: Offset = 0,
        sent_on: Response | None = enter,
    ) -> Response:
        if sent_on is not None:
            return sent_on
        found = service.incidents(state, PER_PAGE + 1, offset)
        older = offset + PER_PAGE if len(found) > PER_PAGE else None
        view = incidents_view(service, found[:PER_PAGE], page()) | {
            "state": state or "",
            "older": older,
            "timezone": timezone,
            "offset": offset,
            "now": service.now(),
            "refresh_s": LIST_REFRESH_S,
        }
        return templates.TemplateResponse(request, "incidents.html", view)

    @routes.get("/incidents/{incident_id}", response_model=None)
    def incident(request: Request, incident_id: NamedIncident, sent_on: Response | None = enter) -> Response:
        if sent_on is not None:
            return sent_on
        here, found = page(), incident_or_404(service.incident, incident_id)
        said = feedback_counts(feedback(incident_id))
        view = incident_view(service, found, here) | {
            "said": said,
            "now": here.now,
            "timezone": timezone,
            "refresh_s": INCIDENT_REFRESH_S if found.state == "open" else 0,
        }
        return templates.TemplateResponse(request, "incident.html", view)

    return routes


def time_element(at: float, timezone: str) -> Markup:
    """A `<time>` element for `at` (s since the epoch).

    >>> print(time_element(1774339200, "Europe/Zurich"))
    <time datetime="2026-03-24T08:00:00Z">Tue 24 Mar, 09:00 CET</time>
    """
    return Markup('<time datetime="{}">{}</time>').format(f"{utc(at):%Y-%m-%dT%H:%M:%SZ}", times.clock(at, timezone))
