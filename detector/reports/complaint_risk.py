"""What in the network makes people call: the complaint-risk model in force, and how well it foretold later days."""

from collections.abc import Iterator
from math import exp, log, log1p

from detector.domain.risk import Judgement, RiskModel
from detector.reports.report import Column, Past, Report, ReportKind, Value

TITLE = "What makes people call, and how well that is known"
COLUMNS = (
    Column("what", "What"),
    Column("compared", "Odds of a call, compared"),
    Column("odds", "Times", "index"),
    Column("odds_low", "Times, low", "index"),
    Column("odds_high", "Times, high", "index"),
)
COMPARED: dict[str, tuple[str, float]] = {
    "coverage": ("60 minutes without coverage today, against none", log1p(60)),
    "access": ("60 minutes of being refused today, against none", log1p(60)),
    "drops": ("60 minutes of being cut off today, against none", log1p(60)),
    "slow": ("60 slow minutes today, against none", log1p(60)),
    "core": ("60 minutes of being refused by the core today, against none", log1p(60)),
    "failures": ("5 own failures today, against none", log1p(5)),
    "week": ("60 degraded minutes in the week before, against none", log1p(60)),
    "incidents": ("3 incidents in the four weeks before, against none", log(4)),
    "recency": ("degraded yesterday, against never", 0.5 ** (1 / 3)),
    "contacts": ("2 contacts in the four weeks before, against none", log1p(2)),
}
NO_MODEL = "There is no model, and no one has a risk: "


def risk(past: Past) -> Report:
    """A row a feature, in the model's order: how many times the odds of a network contact on a day, with 95 % intervals."""
    model = past.risk
    if model is None:
        return Report("risk", TITLE, COLUMNS, (), (f"{NO_MODEL}{past.risk_why_not or 'learn has not run yet'}.",))
    notes = (
        f"Fitted on {model.complaints} days with a network contact of {model.people} people, whoever may be profiled.",
        *_judged("Out of time, without the day of the complaint", model.judged_before),
        *_judged("Out of time, with it", model.judged),
        *_judged("Out of time, with it, minutes weighed by hand", model.judged_by_hand),
    )
    return Report("risk", TITLE, COLUMNS, tuple(_rows(model)), notes)


def _rows(model: RiskModel) -> Iterator[tuple[Value, ...]]:
    for name, weight, error in zip(model.names, model.weights, model.errors, strict=True):
        compared, step = COMPARED.get(name, ("against the largest segment", 1.0))
        ends = (exp(step * (weight + sign * 1.96 * error)) for sign in (0, -1, 1))
        yield name, compared, *(round(min(end, 1e6), 2) for end in ends)


def _judged(title: str, judged: Judgement | None) -> Iterator[str]:
    """
    >>> list(_judged("Later", Judgement(auc=0.76, low=0.7, high=0.82, observed=90, expected=88.4, slope=0.97)))
    ['Later: AUC 0.76 (0.70 to 0.82); 90 complaints came where 88 were expected; slope 0.97.']
    """
    if judged is not None:
        interval = f"{judged.auc:.2f} ({judged.low:.2f} to {judged.high:.2f})"
        came = f"{judged.observed} complaints came where {judged.expected:.0f} were expected"
        yield f"{title}: AUC {interval}; {came}; slope {judged.slope:.2f}."


REPORT = ReportKind(name="risk", title=TITLE, make=risk, needs=("risk", "risk_why_not"))
