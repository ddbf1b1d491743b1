"""The reports as pages: the same rows that the command line and the API give."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.templating import Jinja2Templates

from detector.reports import REPORTS, Report
from detector.reports.report import STEPS
from detector.web.access import Access
from detector.web.care_api import Dimension, ReportName, Start, Step, Until, report_or_4xx
from detector.web.pages import require_login
from detector.web.service import CareService

MOST_ROWS = 500
"""Rows of a report that its page shows. Chosen: a few hundred kilobytes."""


def report_page_routes(care: CareService, access: Access, templates: Jinja2Templates, *, timezone: str) -> APIRouter:
    """`/reports` and `/reports/{name}`, for people with the cookie."""
    routes, enter = APIRouter(default_response_class=Response), Depends(require_login(access))

    @routes.get("/reports", response_model=None)
    def reports(request: Request, sent_on: Response | None = enter) -> Response:
        if sent_on is not None:
            return sent_on
        return templates.TemplateResponse(
            request, "reports.html", {"reports": sorted(REPORTS.items()), "timezone": timezone}
        )

    @routes.get("/reports/{name}", response_model=None)
    def one_report(
        request: Request,
        name: ReportName,
        start: Start = None,
        to: Until = None,
        per: Step = "week",
        by: Dimension | None = None,
        sent_on: Response | None = enter,
    ) -> Response:
        if sent_on is not None:
            return sent_on
        made = report_or_4xx(care, name, start, to, per)
        asked = {"from": request.query_params.get("from", ""), "to": request.query_params.get("to", "")}
        view = report_view(made, by=by or "", per=per, asked=asked)
        return templates.TemplateResponse(request, "report.html", view | {"timezone": timezone, "by": by, "per": per})

    return routes


def report_view(made: Report, *, by: str, per: str, asked: Mapping[str, str]) -> dict[str, object]:
    """Everything the template `report.html` names; `asked`: the times in the address, kept by its links."""
    names = [c.name for c in made.columns]
    dimensions = list(dict.fromkeys(str(row[names.index("by")]) for row in made.rows)) if "by" in names else []
    shown = made.only("by", by or None)
    kept = {name: value for name, value in asked.items() if value}

    def link(**changes: str) -> str:
        parts = kept | {"per": per, "by": by} | changes
        return f"/reports/{made.name}?{urlencode({name: value for name, value in parts.items() if value})}"

    return {
        "report": made,
        "rows": shown.text_rows()[:MOST_ROWS],
        "more": max(0, len(shown.rows) - MOST_ROWS),
        "steps": [(step, link(per=step), step == per) for step in STEPS] if "period" in names else [],
        "dimensions": [(one, link(by=one), one == by) for one in ("", *dimensions)] if len(dimensions) > 1 else [],
    }
