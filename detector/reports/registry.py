"""Every report by name: one line adds one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from detector.domain.errors import Misconfigured
from detector.reports.accounts import TITLE as ACCOUNTS
from detector.reports.accounts import accounts
from detector.reports.experience import BY as OF_EXPERIENCE
from detector.reports.experience import TITLE as EXPERIENCE
from detector.reports.experience import experience
from detector.reports.holdout import TITLE as HOLDOUT
from detector.reports.holdout import holdout
from detector.reports.perception import BY as OF_PERCEPTION
from detector.reports.perception import TITLE as PERCEPTION
from detector.reports.perception import perception
from detector.reports.planning import BY as OF_PLANNING
from detector.reports.planning import TITLE as PLANNING
from detector.reports.planning import planning
from detector.reports.report import Past, Report
from detector.reports.risk import TITLE as RISK
from detector.reports.risk import risk


@dataclass(frozen=True)
class ReportKind:
    """`needs`: the fields of `Past` that it is made from, beside window, topology and customers. `by`: what its column `by`
    may say, nothing where it has none."""

    title: str
    make: Callable[[Past], Report]
    needs: tuple[str, ...]
    by: tuple[str, ...] = ()


REPORTS: Mapping[str, ReportKind] = {
    "accounts": ReportKind(ACCOUNTS, accounts, ("incidents", "listings", "experience")),
    "experience": ReportKind(EXPERIENCE, experience, ("incidents", "listings", "experience", "crowd"), OF_EXPERIENCE),
    "holdout": ReportKind(HOLDOUT, holdout, ("incidents", "communications", "held_out", "interactions", "events")),
    "perception": ReportKind(
        PERCEPTION, perception, ("incidents", "listings", "interactions", "crowd", "bursts"), OF_PERCEPTION
    ),
    "planning": ReportKind(
        PLANNING, planning, ("incidents", "listings", "interactions", "communications", "crowd"), OF_PLANNING
    ),
    "risk": ReportKind(RISK, risk, ("risk", "risk_why_not")),
}


def report_kind(name: str) -> ReportKind:
    """Misconfigured for a name that no report has.

    >>> report_kind("planning").title
    'What incidents cost, by place, cause, release and segment'
    """
    if name not in REPORTS:
        raise Misconfigured(f"no report '{name}'", where="report", mend=f"one of {', '.join(sorted(REPORTS))}")
    return REPORTS[name]
