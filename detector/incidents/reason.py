"""The sentence that an engineer reads."""

from collections.abc import Mapping, Sequence

from detector.domain.degradation import Degradation, leading
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.kpi import Kpi
from detector.incidents.correlation_context import Root
from detector.labels import quantities
from detector.labels.observation import comparison_text, observation_text

PLACES = {
    "site": "site {id}",
    "node": "node {id}",
    "edge": "what lies behind {id}",
    "tac": "tracking area {id}",
    "nf": "{id}",
    "region": "region {id}",
    "software": "software {id}",
    "network": "the whole network",
}
NEAR = ("cell", "site", "node", "edge")
LITTLE, MUCH = 0.7, 1.3
"""Between these multiples of its usual traffic a neighbourhood is normal."""


def reason(
    degradations: Sequence[Degradation],
    root: Root,
    *,
    members: int,
    joined_by_onset: bool = False,
    kpis: Mapping[str, Kpi],
    kind: str = "",
    over: bool = False,
) -> str:
    """What is wrong by the leading degradation of the incident's `kind`, where, and who confirms it. Since when and for how
    long is not in it: that is shown beside it, and moves on. `over`: the incident is resolved, which its degradations may
    clear after.

    >>> from detector.domain.degradation import Degradation
    >>> d = Degradation(degradation_id="deg_1", object_id="c01", family="accessibility", kpi="lte_rrc_sr",
    ...     kind="accessibility", started_at=0, detected_at=300, severity="major", neg_log10_p=12.0, expected=0.992,
    ...     observed=10220 / 11180, numerator=10220, denominator=11180, excess=871, periods=3, duration_s=900)
    >>> kpi = Kpi(id="lte_rrc_sr", title="RRC setup success", unit="%", kind="ratio", direction="up",
    ...     family="accessibility", technology="LTE", clause="", numerator="a", denominator="b")
    >>> reason([d], ("cell", "c01"), members=1, kpis={"lte_rrc_sr": kpi})
    'RRC setup success 91.4 % (10,220 of 11,180) over 45 min, expected 99.2 %; cell c01'
    """
    lead = leading(degradations, kind)
    said = observation_text(lead, kpis.get(lead.kpi))
    if lead.family == MISSING_DATA:
        others = len({d.base_object for d in degradations if d.family == MISSING_DATA}) - 1
        said += f" and {others} others" if others > 1 else " and another" if others else ""
        said += "; a reporting gap, for people are there as usual" if lead.reporting_gap else ""
    elif over or not lead.open:
        said = f"at worst {said}"
    near = beside(lead) if root[0] in NEAR else ""
    return _sentence(said, near, place(degradations, root, members, joined_by_onset), confirmed(degradations))


def explanation(d: Degradation, kpis: Mapping[str, Kpi]) -> str:
    """One degradation in a sentence: the figures, who is alike, and which KPIs show it how surely.

    >>> from detector.domain.degradation import Degradation, Part
    >>> d = Degradation(degradation_id="deg_1", object_id="c01", family="accessibility", kpi="lte_rrc_sr",
    ...     kind="accessibility", started_at=0, detected_at=300, severity="major", neg_log10_p=12.0, expected=0.992,
    ...     observed=10220 / 11180, numerator=10220, denominator=11180, excess=871, periods=3, duration_s=900,
    ...     parts=(Part("lte_rrc_sr", 3, 12.0, 0.914, 0.992), Part("lte_s1_sr", 1, 3.1, 0.95, 0.99)), siblings=2,
    ...     siblings_alike=2, neighbour_load=1.02)
    >>> print(explanation(d, {}))  # doctest: +NORMALIZE_WHITESPACE
    lte_rrc_sr 0.914 over 45 min, expected 0.992; neighbours normal; the other 2 cells of its site alike;
    practically certain; also lte_s1_sr 0.95 over 15 min, expected 0.99
    """
    also = [
        f"also {comparison_text(kpi, p.kpi, p.observed, p.expected, span_s=p.periods * d.duration_s, period_s=d.duration_s)}"
        for p in d.parts
        if p.kpi != d.kpi and ((kpi := kpis.get(p.kpi)) is None or kpi.shortfall(p.observed, p.expected) > 0)
    ]
    sure = quantities.by_chance(d.neg_log10_p)
    return _sentence(observation_text(d, kpis.get(d.kpi)), beside(d), alike_on_site(d), confirmed([d]), sure, *also)


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def beside(d: Degradation) -> str:
    """What the neighbours do meanwhile."""
    load = d.neighbour_load
    if load is None:
        return "neighbour cells carry more than usual" if "neighbours" in d.confirmed_by else ""
    if LITTLE <= load <= MUCH and "neighbours" not in d.confirmed_by:
        return "neighbours normal"
    return f"neighbours carry {load:.1f} times their usual traffic"


def alike_on_site(d: Degradation) -> str:
    """Whether the other cells of the site look like it."""
    if not d.siblings:
        return ""
    others = f"the other {d.siblings} cells of its site" if d.siblings > 1 else "the other cell of its site"
    if d.siblings_alike in (0, d.siblings):
        return f"{others} {'alike' if d.siblings_alike else 'normal'}"
    return f"{d.siblings_alike} of {others} alike"


def place(degradations: Sequence[Degradation], root: Root, members: int, joined_by_onset: bool) -> str:
    """Where, and whether all of it."""
    kind, root_id = root
    bad = len({d.base_object for d in degradations})
    if kind == "cell":
        if bad == 1:
            return _sentence(f"cell {root_id}", alike_on_site(degradations[0])).replace("; ", ", ")
        others = ", ".join(sorted({d.base_object for d in degradations} - {root_id})[:5])
        return f"cell {root_id} and {others} began together" if joined_by_onset else f"cell {root_id} and {others}"
    where = PLACES[kind].format(id=root_id)
    if kind == "nf":
        return f"core function {where}" + (f", felt on {bad - 1} measured objects behind it" if bad > 1 else "")
    if bad >= members:
        return f"{where}: all {bad} cells alike"
    lead = leading(degradations)
    mildly = min(lead.siblings_alike, members - 1) - (bad - 1) if kind in ("site", "node") else 0
    return f"{where}: {bad} of {members} cells" + (f", {mildly} more mildly" if mildly > 0 else " alike" if bad > 1 else "")


def confirmed(degradations: Sequence[Degradation]) -> str:
    by = {name for d in degradations for name in d.confirmed_by}
    words = {
        "core": "the core sees it too",
        "alarm": "an alarm says so",
        "ticket": "a ticket says so",
        "people": "the people there are gone",
    }
    return ", ".join(text for name, text in words.items() if name in by)
