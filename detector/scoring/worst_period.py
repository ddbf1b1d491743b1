"""Pooled horizons without their worst period: what the others bear out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats
from detector.scoring.horizons import decay
from detector.scoring.scorer import Sample, Scorer

CREDIT = 3.0
"""-log10 p that its worst period may add to what the others of a pooled horizon show: one odd period alone is no lasting
effect, however odd. Chosen: with the least that two healthy periods show it raises nothing."""


def without_worst(
    sample: Sample, periods: Sample, horizons: NDArray[np.int64], columns: NDArray[np.bool_], *, worse_sign: int
) -> Sample:
    """[horizon but the first, object] of the objects `columns`: `sample`[horizon, object] without the worst of the `periods`
    [period, object] of each horizon, the newest last; of a fading one without its newest."""
    sides = [np.nan_to_num(side)[::-1] for side in (periods.events, periods.size, periods.expected)]
    excess = worse_sign * (sides[0] - sides[2])
    every, rows = np.arange(excess.shape[1]), []
    for h in horizons.tolist()[1:]:
        worst = excess[: max(h, 1)].argmax(axis=0)
        rows.append([side[worst, every] * (1.0 if h > 0 else 1 + decay(h)) for side in sides])
    events, size, mean = np.array(rows).swapaxes(0, 1)
    left = np.maximum(sample.size[1:, columns] - size, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.maximum(sample.expected[1:, columns] - mean, 0.0) / left
    variance = sample.level_variance
    return replace(
        sample,
        events=np.maximum(sample.events[1:, columns] - events, 0.0),
        size=left,
        level=level,
        spread=sample.spread[1:, columns],
        level_variance=variance[1:, columns] if variance.ndim > 1 else variance[columns],
        idle_probability=sample.idle_probability[1:, columns],
    )


def shown_by(others: Sample, scorer: Scorer) -> Floats:
    """-log10 p of what is left of pooled horizons without their worst period; 0 where that is nothing.

    >>> from detector.scoring.beta_binomial import BetaBinomial
    >>> size, none = np.array([100.0, 0.0]), np.zeros(2)
    >>> others = Sample(
    ...     events=np.array([20.0, 0.0]), size=size, level=none + 0.01, spread=none, level_variance=none,
    ...     idle_probability=none)
    >>> shown_by(others, BetaBinomial()).round(1).tolist()
    [19.6, 0.0]
    """
    some = (others.size > 0) & (others.level > 0)
    shown = np.zeros(some.shape)
    shown[some] = np.nan_to_num(scorer.neg_log10_p(others.pick(some)))
    return shown
