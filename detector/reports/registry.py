"""Every report by name: a module with its `REPORT`, and one line here, add one."""

from collections.abc import Mapping

from detector.domain.errors import Misconfigured
from detector.reports import (
    account_months,
    capacity_weeks,
    chronic_cells,
    complaint_risk,
    contact_effect,
    experience_groups,
    planning,
    said_and_measured,
)
from detector.reports.report import ReportKind

REPORTS: Mapping[str, ReportKind] = {
    kind.name: kind
    for kind in (
        account_months.REPORT,
        experience_groups.REPORT,
        contact_effect.REPORT,
        said_and_measured.REPORT,
        planning.REPORT,
        complaint_risk.REPORT,
        chronic_cells.REPORT,
        capacity_weeks.REPORT,
    )
}


def report_kind(name: str) -> ReportKind:
    """Misconfigured for a name that no report has.

    >>> report_kind("planning").title
    'What incidents cost, by place, cause, release and segment'
    """
    if name not in REPORTS:
        raise Misconfigured(f"no report '{name}'", where="report", mend=f"one of {', '.join(sorted(REPORTS))}")
    return REPORTS[name]
