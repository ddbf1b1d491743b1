"""Is what a long horizon shows still going on, or only the echo of what is over?"""

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats
from detector.scoring.horizons import effective
from detector.scoring.scorer import Sample

LONG = 3
"""Periods from which a horizon can hold something that is over."""
LEAST_Z = 0.85
"""Where the last part is judged by its deviation, it has to be worse than four in five healthy ones."""


def recovered(sample: Sample, horizons: NDArray[np.int64], z: Floats, *, counted: bool) -> NDArray[np.bool_]:
    """[horizon, object]: the last third of a long horizon fits "back to normal" better than "as bad as before it".

    For counts, the Poisson likelihood ratio of the two (as in a change-point test: Killick and Eckley 2014), with the rate
    of the part before; else its normal analogue: half of the deviation that a third of the horizon is due.

    >>> sides = np.array([[[1.0, 5.0]], [[2.0, 15.0]], [[40.0, 60.0]]])[:, 0]
    >>> expected = np.array([[1.0, 1.0], [3.0, 3.0], [12.0, 12.0]])
    >>> level, none = np.full((3, 2), 0.01), np.zeros((3, 2))
    >>> bad_until_an_hour_ago = Sample(
    ...     events=sides, size=100 * expected, level=level, spread=none, level_variance=np.zeros(2), idle_probability=none)
    >>> recovered(bad_until_an_hour_ago, np.array([1, 3, 12]), 0 * sides, counted=True).tolist()
    [[False, False], [False, False], [True, False]]
    """
    length = np.array([effective(h) for h in horizons.tolist()])
    over = np.zeros(sample.events.shape, bool)
    for h in np.flatnonzero(length > LONG):
        last = int(np.flatnonzero(length <= length[h] / LONG).max())
        own = _fewer(sample, int(h), last) if counted else _milder(z, int(h), last, length[last] / length[h])
        over[h] = own | over[last]
    return over


def _fewer(sample: Sample, h: int, last: int) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        events, expected = sample.events[h] - sample.events[last], sample.expected[h] - sample.expected[last]
        times_worse = (np.maximum(events, 0.0) + 0.5) / (np.maximum(expected, 0.0) + 0.5)
        if sample.worse < 0:
            return np.asarray(sample.events[last] - sample.expected[last] > 0.5 * (sample.events[h] - sample.expected[h]))
        going_on = sample.events[last] * np.log(times_worse) - (times_worse - 1) * sample.expected[last]
        return np.asarray((times_worse > 1) & ~(going_on >= 0))


def _milder(z: Floats, h: int, last: int, share: float) -> NDArray[np.bool_]:
    due = 0.5 * z[h] * np.sqrt(share)
    return np.asarray(~(z[last] >= np.maximum(due, LEAST_Z)))
