"""Figures of an episode: its leading KPI as of the latest bad period, and at its worst."""

from dataclasses import replace
from math import isfinite

from detector.degradations.tick_context import TickContext
from detector.domain.degradation import Degradation, Reading
from detector.domain.kpi import Kpi


def with_reading(context: TickContext, i: int, episode: Degradation) -> Degradation:
    """The episode after a tick in which it is bad, with its `readings` (latest, worst) of the KPI that leads it; as it was
    if this tick does not measure that KPI. Another leading KPI begins anew."""
    column = context.evidence.kpi_index.get(episode.kpi)
    now = None if column is None else _reading(context, i, column)
    if now is None or column is None:
        return episode
    return replace(episode, readings=(now, _worse(context.evidence.kpis[column], now, episode.readings)))


def _reading(context: TickContext, i: int, column: int) -> Reading | None:
    """The newest period if it is as bad as the horizon with the largest evidence, else that horizon: a mild degradation
    shows only over many periods. None = not measured."""
    evidence, at, end = context.evidence, (i, column), context.evidence.tick.end
    horizon = Reading(
        end,
        max(1, int(evidence.periods[at])),
        *(float(side[at]) for side in (evidence.observed, evidence.expected, evidence.numerator, evidence.denominator)),
    )
    known = [one for one in (_newest(context, at), horizon) if one is not None and all(map(isfinite, one))]
    kpi = evidence.kpis[column]
    return max(known, key=lambda one: kpi.shortfall(one.observed, one.expected), default=None)


def _newest(context: TickContext, at: tuple[int, int]) -> Reading | None:
    evidence = context.evidence
    sides = (evidence.newest_observed, evidence.newest_expected, evidence.newest_denominator)
    if any(side is None for side in sides):
        return None
    observed, expected, size = (float(side[at]) for side in sides if side is not None)
    return Reading(evidence.tick.end, 1, observed, expected, observed * size, size)


def _worse(kpi: Kpi, now: Reading, before: tuple[Reading, ...]) -> Reading:
    """The first of equals."""
    return max((*before[-1:], now), key=lambda one: kpi.shortfall(one.observed, one.expected))
