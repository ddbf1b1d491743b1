"""The desk's part of the JSON API: feedback on an incident, and reports."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detector.care.context import Context
from detector.domain.errors import Misconfigured
from detector.domain.feedback import OUTCOMES, VERDICTS, Feedback
from detector.domain.identity import Choice, IncidentId, SubscriberId
from detector.domain.incident import Incident
from detector.reports import REPORTS, Report
from detector.web.access import Access
from detector.web.answers import iso, plain
from detector.web.desk import Desk

Json = dict[str, Any]
NamedIncident = Annotated[str, Path(max_length=64), AfterValidator(IncidentId)]
Step = Literal["day", "week", "month"]
Moment = Annotated[datetime | None, Query()]
Start = Annotated[datetime | None, Query(alias="from")]
Dimension = Annotated[str, Query(max_length=40), AfterValidator(Choice)]
ReportName = Annotated[str, Path(max_length=40), AfterValidator(Choice)]


class Told(BaseModel):
    """What a care team posts; `subscriber` is the raw identity, where it is about one customer, and left out where not."""

    model_config = ConfigDict(extra="forbid", str_max_length=256)

    verdict: str
    subscriber: Annotated[str, AfterValidator(SubscriberId)] | None = Field(default=None, repr=False)
    outcome: str = ""


def desk_routes(desk: Desk, find: Callable[[str], Incident | None], access: Access) -> APIRouter:
    """For programs with the token; `find` gives an incident by its id."""
    routes = APIRouter(dependencies=[Depends(access.program)])
    actor = Depends(access.program)

    @routes.post("/v1/incidents/{incident_id}/feedback", status_code=201)
    def give_feedback(incident_id: NamedIncident, told: Told, actor: str = actor) -> Json:
        if find(incident_id) is None:
            raise HTTPException(404, "There is no such incident.")
        _one_of(told.verdict, VERDICTS, "verdict")
        _one_of(told.outcome, OUTCOMES, "outcome")
        return feedback(
            desk.give_feedback(incident_id, told.verdict, actor, raw_subscriber=told.subscriber, outcome=told.outcome)
        )

    @routes.get("/v1/incidents/{incident_id}/feedback")
    def given_feedback(incident_id: NamedIncident) -> Json:
        if find(incident_id) is None:
            raise HTTPException(404, "There is no such incident.")
        return {"incident_id": incident_id, "feedback": [feedback(one) for one in desk.feedback(incident_id)]}

    @routes.get("/v1/reports")
    def reports() -> Json:
        return {"reports": [{"name": n, "title": k.title, "href": f"/v1/reports/{n}"} for n, k in sorted(REPORTS.items())]}

    @routes.get("/v1/reports/{name}")
    def one_report(
        name: ReportName, start: Start = None, to: Moment = None, per: Step = "week", by: Dimension | None = None
    ) -> Json:
        made = report_or_4xx(desk, name, start, to, per)
        if by is not None and REPORTS[name].by:
            _one_of(by, REPORTS[name].by, "by")
        return as_json(made.only("by", by))

    return routes


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise HTTPException(422, f"{what} is one of {', '.join(filter(None, known))}.")


def report_or_4xx(desk: Desk, name: str, start: datetime | None, to: datetime | None, step: str) -> Report:
    """HTTP 404 for an unknown report, 422 for a time that ends before it begins."""
    if name not in REPORTS:
        raise HTTPException(404, f"There is no such report; there are {', '.join(sorted(REPORTS))}.")
    try:
        return desk.report(name, start=_seconds(start), end=_seconds(to), step=step)
    except Misconfigured as error:
        raise HTTPException(422, str(error)) from error


def _seconds(at: datetime | None) -> int | None:
    """Without an offset it is UTC."""
    return None if at is None else int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def feedback(one: Feedback) -> Json:
    """
    >>> feedback(Feedback("inc_1", 60.0, "desk-7", "confirmed"))["at"]
    '1970-01-01T00:01:00Z'
    """
    return asdict(one) | {"at": iso(one.at)}


def as_json(made: Report) -> Json:
    columns = [{"name": c.name, "title": c.title, "kind": c.kind} for c in made.columns]
    return {"name": made.name, "title": made.title, "columns": columns, "rows": made.records(), "notes": list(made.notes)}


def context(known: Context) -> Json:
    """What an agent sees beside the incident; keys as pseudonyms."""
    person = {k: v for k, v in plain(known.person).items() if k not in {"key", "account", "guardian"}}
    unnamed = {"subscriber", "recipient", "interaction_id"}
    return {
        "person": person,
        "accounts": [asdict(one) for one in known.accounts],
        "contacts": [_row(one, unnamed | {"kind", "score", "trigger"}) for one in known.contacts],
        "surveys": [_row(one, unnamed | {"kind", "category", "sorted_by", "cell_id", "outcome"}) for one in known.surveys],
        "incidents": [_row(one, set()) for one in known.incidents],
        "said": [_row(one, unnamed) for one in known.said],
        "events": [_row(one, unnamed) for one in known.events],
        "history": plain(known.history),
        "private": known.private,
    }


def _row(noun: Any, without: set[str]) -> Json:
    values = {name: value for name, value in plain(noun).items() if name not in without}
    return values | ({"at": iso(values["at"])} if "at" in values else {})
