"""What a degradation's leading KPI shows, in words: the same in a reason, on a page and in an alert."""

from detector.domain.degradation import Degradation
from detector.domain.kpi import Kpi
from detector.wording import quantities
from detector.wording.times import duration

SILENCE = "data"
"""Family of a degradation that is missing measurements."""


def figures(d: Degradation, kpi: Kpi | None) -> str:
    """KPI, observed with its counts, over how long, and expected.

    >>> d = Degradation("deg_1", "c01", "accessibility", "lte_rrc_sr", "accessibility", 0, 300, "major",
    ...                 12.0, 0.992, 10220 / 11180, 10220, 11180, 871, 3, 900)
    >>> kpi = Kpi("lte_rrc_sr", "RRC setup success", "%", "ratio", "up", "accessibility", "LTE", "", "a", "b")
    >>> figures(d, kpi)
    'RRC setup success 91.4 % (10,220 of 11,180) over 45 min, expected 99.2 %'
    """
    if d.family == SILENCE:
        return f"no measurements from {d.object_id}"
    one = d.reading
    counted = quantities.counts(kpi, one.numerator, one.denominator)
    return compared(
        kpi, d.kpi, one.observed, one.expected, counts=counted, span_s=one.periods * d.duration_s, period_s=d.duration_s
    )


def compared(
    kpi: Kpi | None, name: str, observed: float, expected: float, *, counts: str = "", span_s: int = 0, period_s: int = 0
) -> str:
    """Observed against expected. What is no worse than expected, or by less than people would write down, is not told as if
    it were: then the KPI alone is named.

    `span_s`: over so long; `period_s`: a volume is one of so many seconds.
    """
    title = kpi.title if kpi else name
    seen, wanted = quantities.pair(kpi, observed, expected)
    if seen == wanted or (kpi is not None and not kpi.shortfall(observed, expected) > 0):
        return f"{title} worse than usual"
    if title.endswith(unit := seen.rpartition(" ")[2]):  # what is counted is named already
        seen, wanted = seen.removesuffix(f" {unit}"), wanted.removesuffix(f" {unit}")
    return f"{title} {seen}" + (f" ({counts})" if counts else "") + f"{_span(kpi, span_s, period_s)}, expected {wanted}"


def _span(kpi: Kpi | None, span_s: int, period_s: int) -> str:
    if kpi is not None and kpi.watches.downtime and kpi.traits.fraction:
        return ""  # its counts are the span
    if kpi is not None and kpi.traits.per_period and period_s:
        return f" in {duration(period_s)}" + (f", over {duration(span_s)}" if span_s > period_s else "")
    return f" over {duration(span_s)}" if span_s else ""
