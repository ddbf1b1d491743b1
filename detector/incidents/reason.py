"""The sentence that a person reads."""

from collections.abc import Mapping, Sequence

from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.kpi import Kpi
from detector.incidents.search import Root

PLACES = {
    "site": "site {id}", "node": "node {id}", "edge": "what lies behind {id}", "tac": "tracking area {id}", "nf": "{id}",
    "region": "region {id}", "software": "software {id}", "network": "the whole network",
}  # fmt: skip


def reason(
    degradations: Sequence[Degradation],
    root: Root,
    *,
    members: int,
    together: bool = False,
    kpis: Mapping[str, Kpi],
    until: int,
) -> str:
    """What is wrong by the leading degradation, for how long, where, and who confirms it.

    >>> from detector.domain.degradation import Degradation
    >>> d = Degradation("deg_1", "c01", "accessibility", "lte_rrc_sr", "accessibility", 0, 300, "major",
    ...                 12.0, 0.992, 10220 / 11180, 10220, 11180, 871, 3, 900)
    >>> kpi = Kpi("lte_rrc_sr", "RRC setup success", "%", "ratio", "up", "accessibility", "LTE", "", "a", "b")
    >>> reason([d], ("cell", "c01"), members=1, kpis={"lte_rrc_sr": kpi}, until=2700)
    'RRC setup success 91.4 % (10,220 of 11,180), expected 99.2 %, for 45 minutes; cell c01'
    """
    lead = leading(degradations)
    since = min(d.started_at for d in degradations)
    said = f"{figures(lead, kpis.get(lead.kpi))}, for {length(max(until - since, lead.duration_s))}"
    return "; ".join(part for part in (said, place(degradations, root, members, together), confirmed(degradations)) if part)


def leading(degradations: Sequence[Degradation]) -> Degradation:
    """The most severe, then the strongest, then the oldest."""
    return min(degradations, key=lambda d: (-SEVERITIES.index(d.severity), -d.strength, d.started_at, d.degradation_id))


def figures(d: Degradation, kpi: Kpi | None) -> str:
    """KPI, observed and expected, in the unit that people know."""
    if d.family == "data":
        return f"no measurements from {d.object_id}"
    title = kpi.title if kpi else d.kpi
    if kpi and kpi.kind == "ratio":
        counts = f" ({d.numerator:,.0f} of {d.denominator:,.0f})" if d.denominator >= 1 else ""
        return f"{title} {d.observed * 100:.1f} %{counts}, expected {d.expected * 100:.1f} %"
    unit = f" {kpi.unit}" if kpi and kpi.unit else ""
    return f"{title} {_number(d.observed)}{unit}, expected {_number(d.expected)}{unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def length(seconds: int) -> str:
    """
    >>> length(2700), length(7200), length(200_000)
    ('45 minutes', '2 hours', '2 days')
    """
    for size, name in ((86_400, "days"), (3_600, "hours")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{max(1, seconds // 60)} minutes"


def place(degradations: Sequence[Degradation], root: Root, members: int, together: bool) -> str:
    """Where, and whether all of it."""
    kind, root_id = root
    bad = len({d.base_object for d in degradations})
    if kind == "cell":
        if bad == 1:
            return f"cell {root_id}"
        others = ", ".join(sorted({d.base_object for d in degradations} - {root_id})[:5])
        return f"cell {root_id} and {others} began together" if together else f"cell {root_id} and {others}"
    where = PLACES[kind].format(id=root_id)
    if kind == "nf":
        return f"core function {where}" + (f", felt on {bad - 1} measured objects behind it" if bad > 1 else "")
    return f"{where}: all {bad} cells alike" if bad >= members else f"{where}: {bad} of {members} cells alike"


def confirmed(degradations: Sequence[Degradation]) -> str:
    by = {name for d in degradations for name in d.confirmed_by.split(",") if name}
    words = {
        "neighbours": "neighbour cells carry more than usual",
        "core": "the core sees it too",
        "alarm": "an alarm says so",
    }
    return ", ".join(text for name, text in words.items() if name in by)
