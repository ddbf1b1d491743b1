"""The reports as pages: the same rows that the command line and the API give."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.templating import Jinja2Templates

from detector.reports import REPORTS
from detector.web.access import Access
from detector.web.desk import Desk
from detector.web.desk_api import Dimension, Moment, ReportName, Start, Step, report_or_4xx
from detector.web.desk_view import report_view
from detector.web.pages import entrance


def report_page_routes(desk: Desk, access: Access, templates: Jinja2Templates, *, timezone: str) -> APIRouter:
    """`/reports` and `/reports/{name}`, for people with the cookie."""
    routes, enter = APIRouter(default_response_class=Response), Depends(entrance(access))

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
        to: Moment = None,
        per: Step = "week",
        by: Dimension | None = None,
        sent_on: Response | None = enter,
    ) -> Response:
        if sent_on is not None:
            return sent_on
        made = report_or_4xx(desk, name, start, to, per)
        asked = {"from": request.query_params.get("from", ""), "to": request.query_params.get("to", "")}
        view = report_view(made, by=by or "", per=per, asked=asked)
        return templates.TemplateResponse(request, "report.html", view | {"timezone": timezone, "by": by, "per": per})

    return routes
