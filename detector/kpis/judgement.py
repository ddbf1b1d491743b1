"""What counters may not be: findings counted, values made missing, nothing clipped."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.finding import Findings
from detector.kpis.catalogue import Catalogue
from detector.kpis.rows import CounterRows


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
        return rows if values is rows.values else _with(rows, values)
    for o, c in zip(*np.nonzero(negative), strict=True):
        code = "counter_reset" if kinds[c] == "cumulative" else "negative_counter"
        findings.add(code, rows.objects[o], f"{rows.counters[c]} = {values[o, c]:g} at {rows.start}")
    return _with(rows, np.where(negative, np.nan, values))


def _with(rows: CounterRows, values: NDArray[np.float64]) -> CounterRows:
    return CounterRows(rows.start, rows.duration_s, rows.objects, rows.counters, values, rows.reported, rows.suspect)


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


def consistent(
    kpi_id: str, kind: str, numerator: NDArray[np.float64], denominator: NDArray[np.float64],
    objects: tuple[str, ...], starts: NDArray[np.int64], findings: Findings,
) -> NDArray[np.bool_]:  # fmt: skip
    """[object]: both counts are there and can be true; a ratio above 1 (Succ > Att) or a negative count is a finding."""
    there = np.isfinite(numerator) & np.isfinite(denominator)
    with np.errstate(invalid="ignore"):
        above = there & (kind == "ratio") & (numerator > denominator * (1 + 1e-9))
        below = there & ((denominator < 0) | ((numerator < 0) & (kind in ("ratio", "rate", "volume"))))
    for code, wrong in (("success_exceeds_attempts", above), ("negative_kpi", below)):
        for o in np.flatnonzero(wrong):
            findings.add(code, objects[o], f"{kpi_id}: {numerator[o]:g} of {denominator[o]:g} at {starts[o]}")
    return there & ~above & ~below
