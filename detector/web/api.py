"""The JSON API."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AfterValidator

from detector.domain.identity import AccountId, IncidentId, SubscriberId
from detector.domain.incident import Incident
from detector.web import serializers
from detector.web.access import Access
from detector.web.service import CareService, WebService

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
NamedIncident = Annotated[str, Path(max_length=64), AfterValidator(IncidentId)]
NamedSubscriber = Annotated[str, Path(min_length=1, max_length=256), AfterValidator(SubscriberId)]
NamedAccount = Annotated[str, Path(min_length=1, max_length=256), AfterValidator(AccountId)]
Caller = Literal["self", "guardian", "holder", "manager"]
State = Literal["open", "resolved", "merged"]
"""Left out, every state; `?state=` without a value is refused: no filter means all by being empty."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def api_routes(service: WebService, access: Access, *, privacy_floor: int) -> APIRouter:
    """Metrics and incidents, for programs with the token."""
    routes = APIRouter(dependencies=[Depends(access.program)])

    @routes.get("/metrics")
    def metrics() -> Response:
        return PlainTextResponse(service.metrics() + access.entry.meters.text(), media_type=METRICS_TYPE)

    @routes.get("/v1/coverage")
    def coverage() -> dict[str, Any]:
        return serializers.coverage(service.coverage())

    @routes.get("/v1/incidents")
    def incidents(state: State | None = None, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
        found = service.incidents(state, limit, offset)
        return {"incidents": [serializers.incident(one) for one in found], "limit": limit, "offset": offset}

    @routes.get("/v1/incidents/{incident_id}")
    def incident(incident_id: NamedIncident) -> dict[str, Any]:
        found = incident_or_404(service.incident, incident_id)
        parts = service.degradations(incident_id), service.impact(incident_id), service.care(incident_id)
        notified = service.notified_impact(incident_id)
        return serializers.incident_in_full(found, *parts, floor=privacy_floor, find=service.kpi, notified=notified)

    return routes


def people_routes(service: WebService, access: Access, care: CareService | None = None) -> APIRouter:
    """Whom an incident touches, one person, one account: each question is audited. `care` gives the context of people."""
    routes = APIRouter(dependencies=[Depends(access.program)])
    actor = Depends(access.program)

    @routes.get("/v1/incidents/{incident_id}/affected")
    def affected(
        incident_id: NamedIncident,
        limit: Limit = 100,
        offset: Offset = 0,
        identify: bool = False,
        context: bool = False,
        actor: str = actor,
    ) -> dict[str, Any]:
        incident_or_404(service.incident, incident_id)
        page = service.affected(incident_id, limit, offset, actor, identify=identify)
        end = offset + len(page.people)
        rows = [serializers.affected_person(one) for one in page.people]
        if context and care is not None:
            known = care.contexts(incident_id, [row["subscriber"] for row in rows], actor)
            rows = [row | {"context": serializers.context(known[row["subscriber"]])} for row in rows]
        return {
            "incident_id": incident_id,
            "total": page.total,
            "limit": limit,
            "offset": offset,
            "next_offset": end if page.people and end < page.total else None,
            "affected": rows,
        }

    @routes.get("/v1/lookup/{subscriber:path}")
    def lookup(
        subscriber: NamedSubscriber, caller: Caller = "self", context: bool = False, actor: str = actor
    ) -> dict[str, Any]:
        found = serializers.lookup(service.lookup(subscriber, actor, caller))
        if context and care is not None and caller == "self":  # a person's past is shown to nobody else
            found["context"] = serializers.context(care.context(subscriber, actor))
        return found

    @routes.get("/v1/accounts/{account:path}")
    def account(account: NamedAccount, actor: str = actor) -> dict[str, Any]:
        return serializers.plain(service.account(account, actor))

    return routes


def health_routes(service: WebService, access: Access) -> APIRouter:
    """Open to the supervisor; the reasons are shown to holders of the token only."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    def ready(request: Request) -> Response:
        problems = list(service.ready())
        details = {"problems": problems} if access.by_bearer(request) else {}
        return JSONResponse({"ready": not problems} | details, 503 if problems else 200)

    return routes


def incident_or_404(find: Callable[[str], Incident | None], incident_id: str) -> Incident:
    found = find(incident_id)
    if found is None:
        raise HTTPException(404, "There is no such incident.")
    return found
