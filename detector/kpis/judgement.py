"""What counters may not be: findings counted, values made missing, nothing clipped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.finding import Findings
from detector.domain.kpi import KpiKind
from detector.kpis.catalogue import Catalogue
from detector.kpis.formula import Formula
from detector.kpis.rows import CounterRows

MOST_PER_CENT = 100.0
"""Largest percentage. Definition."""


def judged(rows: CounterRows, before: CounterRows | None, catalogue: Catalogue, findings: Findings) -> CounterRows:
    """Counters as events of the period. Negative counts and reset cumulative counters become NaN, with a finding each.

    A cumulative counter is the difference to the period `before`; without that period it is missing.
    """
    kinds = np.array([catalogue.counter(name.removesuffix(".sum")).kind for name in rows.counters])
    values = rows.values
    cumulative = np.flatnonzero(kinds == "cumulative")
    if len(cumulative):
        values = values.copy()
        values[:, cumulative] -= _earlier(rows, before, cumulative)
    negative = (values < 0) & (kinds != "gauge")
    if not negative.any():
        return rows if values is rows.values else replace(rows, values=values)
    for o, c in zip(*np.nonzero(negative), strict=True):
        code = "counter_reset" if kinds[c] == "cumulative" else "negative_counter"
        findings.add(code, rows.objects[o], f"{rows.counters[c]} = {values[o, c]:g} at {rows.start}")
    return replace(rows, values=np.where(negative, np.nan, values))


def _earlier(rows: CounterRows, before: CounterRows | None, columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """The same objects and counters one period earlier; NaN where they were not there."""
    result = np.full((len(rows.objects), len(columns)), np.nan)
    if before is None or before.start + before.duration_s != rows.start:
        return result
    place = {name: i for i, name in enumerate(before.objects)}
    o = np.array([place.get(name, -1) for name in rows.objects], np.intp)
    for i, c in enumerate(columns):
        at = before.column.get(rows.counters[c])
        if at is not None:
            result[:, i] = np.where(o >= 0, before.values[o, at], np.nan)
    return result


def whole_counts(
    kpi_id: str,
    numerator: Formula,
    stems: Mapping[str, NDArray[np.float64]],
    catalogue: Catalogue,
    objects: Sequence[str],
    findings: Findings,
) -> bool:
    """Whether the counts of a ratio's successes can be counts: shares in per cent or fractions stand where events belong if
    most of them are no whole numbers and none is over 100. Such values are of no use without their attempts."""
    for stem in numerator.names:
        known = catalogue.counter(stem)
        if stem not in stems or (known.unit, known.kind) != ("1", "delta"):
            continue
        values = stems[stem]
        there = np.isfinite(values)
        broken = there & (values != np.round(values))
        if broken.any() and broken.sum() * 2 >= there.sum() and values[there].max() <= MOST_PER_CENT:
            first = int(np.flatnonzero(broken)[0])
            what = (
                f"{kpi_id}: {stem} = {values[first]:g} on {objects[first]} looks like per cent, not like a count of events"
            )
            findings.add("percent_for_count", stem, f"{what}; export the counts of attempts and successes", int(there.sum()))
            return False
    return True


def consistent(
    kpi_id: str,
    kind: KpiKind,
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    objects: tuple[str, ...],
    starts: NDArray[np.int64],
    findings: Findings,
) -> NDArray[np.bool_]:
    """[object]: both counts are there and can be true; a ratio above 1 (Succ > Att) or a negative count is a finding."""
    there = np.isfinite(numerator) & np.isfinite(denominator)
    with np.errstate(invalid="ignore"):
        above = there & (kind.fraction) & (numerator > denominator * (1 + 1e-9))
        below = there & ((denominator < 0) | ((numerator < 0) & (kind.counted)))
    for code, wrong in (("success_exceeds_attempts", above), ("negative_kpi", below)):
        for o in np.flatnonzero(wrong):
            findings.add(code, objects[o], f"{kpi_id}: {numerator[o]:g} of {denominator[o]:g} at {starts[o]}")
    return there & ~above & ~below
