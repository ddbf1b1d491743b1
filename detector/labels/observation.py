"""The leading KPI of a degradation as text: the same in a reason, on a page and in an alert."""

from detector.domain.degradation import Degradation
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.kpi import Kpi
from detector.labels import quantities
from detector.labels.times import duration


def observation_text(d: Degradation, kpi: Kpi | None) -> str:
    """The KPI, observed with its counts, over how long, and expected.

    >>> kpi = Kpi(
    ...     id="lte_rrc_sr", title="RRC setup success", unit="%", kind="ratio", direction="up", family="accessibility",
    ...     technology="LTE", clause="", numerator="a", denominator="b",
    ... )
    >>> d = Degradation(
    ...     degradation_id="deg_1", object_id="c01", family="accessibility", kpi=kpi.id, kind="accessibility", started_at=0,
    ...     detected_at=300, severity="major", neg_log10_p=12.0, expected=0.992, observed=10220 / 11180, numerator=10220,
    ...     denominator=11180, excess=871, periods=3, duration_s=900,
    ... )
    >>> observation_text(d, kpi)
    'RRC setup success 91.4 % (10,220 of 11,180) over 45 min, expected 99.2 %'
    """
    if d.family == MISSING_DATA:
        return f"no measurements from {d.object_id}"
    one = d.reading
    counted = quantities.counts(kpi, one.numerator, one.denominator)
    return comparison_text(
        kpi, d.kpi, one.observed, one.expected, counts=counted, span_s=one.periods * d.duration_s, period_s=d.duration_s
    )


def comparison_text(
    kpi: Kpi | None, name: str, observed: float, expected: float, *, counts: str = "", span_s: int = 0, period_s: int = 0
) -> str:
    """The observed value against the expected one; the KPI alone where the observed value is not worse, or where both round
    to the same text.

    `span_s`: the judged time (s); `period_s`: the length (s) of a measured period, which a volume is a sum over.
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
