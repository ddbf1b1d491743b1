"""The care API: feedback on an incident, and reports."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detector.domain.errors import Misconfigured
from detector.domain.feedback import OUTCOMES, VERDICTS
from detector.domain.identity import Choice, IncidentId, SubscriberId
from detector.domain.incident import Incident
from detector.reports import REPORTS, Report
from detector.web import serializers
from detector.web.access import Access
from detector.web.service import CareService

Json = dict[str, Any]
NamedIncident = Annotated[str, Path(max_length=64), AfterValidator(IncidentId)]
Step = Literal["day", "week", "month"]
Until = Annotated[datetime | None, Query()]
Start = Annotated[datetime | None, Query(alias="from")]
Dimension = Annotated[str, Query(max_length=40), AfterValidator(Choice)]
ReportName = Annotated[str, Path(max_length=40), AfterValidator(Choice)]


class FeedbackBody(BaseModel):
    """What a care team posts; `subscriber` is the raw identity, where it is about one customer, and left out where not."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)

    verdict: str
    subscriber: Annotated[str, AfterValidator(SubscriberId)] | None = Field(default=None, repr=False)
    outcome: str = ""


def care_routes(care: CareService, find: Callable[[str], Incident | None], access: Access) -> APIRouter:
    """For programs with the token; `find` gives an incident by its id."""
    routes = APIRouter(dependencies=[Depends(access.program)])
    actor = Depends(access.program)

    @routes.post("/v1/incidents/{incident_id}/feedback", status_code=201)
    def give_feedback(incident_id: NamedIncident, body: FeedbackBody, actor: str = actor) -> Json:
        if find(incident_id) is None:
            raise HTTPException(404, "There is no such incident.")
        _one_of(body.verdict, VERDICTS, "verdict")
        _one_of(body.outcome, OUTCOMES, "outcome")
        return serializers.feedback(
            care.give_feedback(incident_id, body.verdict, actor, raw_subscriber=body.subscriber, outcome=body.outcome)
        )

    @routes.get("/v1/incidents/{incident_id}/feedback")
    def given_feedback(incident_id: NamedIncident) -> Json:
        if find(incident_id) is None:
            raise HTTPException(404, "There is no such incident.")
        return {"incident_id": incident_id, "feedback": [serializers.feedback(one) for one in care.feedback(incident_id)]}

    @routes.get("/v1/reports")
    def reports() -> Json:
        return {"reports": [{"name": n, "title": k.title, "href": f"/v1/reports/{n}"} for n, k in sorted(REPORTS.items())]}

    @routes.get("/v1/reports/{name}")
    def one_report(
        name: ReportName, start: Start = None, to: Until = None, per: Step = "week", by: Dimension | None = None
    ) -> Json:
        made = report_or_4xx(care, name, start, to, per)
        if by is not None and REPORTS[name].by:
            _one_of(by, REPORTS[name].by, "by")
        return serializers.report(made.only("by", by))

    return routes


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise HTTPException(422, f"{what} is one of {', '.join(filter(None, known))}.")


def report_or_4xx(care: CareService, name: str, start: datetime | None, to: datetime | None, step: str) -> Report:
    """HTTP 404 for an unknown report, 422 for a time that ends before it begins."""
    if name not in REPORTS:
        raise HTTPException(404, f"There is no such report; there are {', '.join(sorted(REPORTS))}.")
    try:
        return care.report(name, start=_seconds(start), end=_seconds(to), step=step)
    except Misconfigured as error:
        raise HTTPException(422, str(error)) from error


def _seconds(at: datetime | None) -> int | None:
    """Without an offset it is UTC."""
    return None if at is None else int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
