"""Over how long evidence is summed, and which of it counts: one period for sharp faults, some hours for mild ones, an EWMA
of a day for drift."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.domain.window import HOUR_S
from detector.scoring.counting import Floats
from detector.scoring.scorer import Sample, Scorer

SHARP_Z = 4.0
"""A period this many standard deviations off is no part of a slow drift, nor is what follows it. Chosen: once in 30,000
periods by chance."""
MOST_TELLING = 8.0
"""Periods less likely than 10^-8 count as that in the spread of pooled horizons. Chosen: no healthy one is."""
WORTH_A_LIMIT_Z = 3.5
"""z from which a period may be less likely than that. Chosen: the normal tail is there at 5.6, less what discreteness
takes."""
LONG = 3
"""Periods from which a horizon can hold a change that is over. Chosen: two of three may be well again."""
LEAST_Z = 0.85
"""Least deviation of the last part of a horizon. Chosen: worse than four in five healthy ones (normal quantile of 0.8)."""
SHARP_RATIO = 0.05
"""So many more failures, in points, are sharp whatever the floor. Chosen: one attempt in twenty."""
OTHER_PERIODS_SHARE = 0.3
"""Share of a pooled horizon's excess that its other periods have to show without its worst one. Chosen: one bad period alone
is no lasting effect."""
OVERWHELMING = 10.0
"""-log10 p of a single mild period of a core function that is raised at once. Chosen: a thousand times surer than the
threshold of a network of a thousand cells."""
CORE_FLOORS, CORE_FAILURES = 1.5, 50.0
"""... and that many floors, and failed requests, beyond expectation. Chosen: a fault of three points that began in the
middle of the period; more than one device fails by itself."""


def horizons(duration_s: int, detection_policy: DetectionPolicy) -> tuple[int, ...]:
    """In periods: one, each pooled horizon that is longer, and last, negative, the time constant after which the past
    decays (0 hours in the policy: none).

    >>> horizons(900, DetectionPolicy()), horizons(3600, DetectionPolicy())
    ((1, 2, 3, 6, 12, -36), (1, 3, -9))
    """
    pooled = sorted({minutes * 60 // duration_s for minutes in detection_policy.pooled_minutes} - {0, 1})
    fading = round(detection_policy.drift_hours * HOUR_S / duration_s)
    return (1, *pooled, *((-fading,) if fading > max([1, *pooled]) // 2 else ()))


def decay(fading: int) -> float:
    """What is left of a period's weight after another period.

    >>> round(decay(-36), 3)
    0.973
    """
    return float(np.exp(1 / fading))


def effective(horizon: int) -> int:
    """Periods whose sum scatters as much: a fading sum counts as twice its time constant.

    >>> effective(3), effective(-36)
    (3, 72)
    """
    return horizon if horizon > 0 else -2 * horizon


def summed(values: Floats, horizon: int) -> Floats:
    """Sums over the first axis that end at each period; NaN counts as nothing unless the newest period itself is NaN.

    A fading sum is scaled so that its Poisson variance equals its mean, as that of a plain sum does.

    >>> summed(np.array([1.0, 2.0, np.nan, 4.0]), 2).tolist()
    [1.0, 3.0, nan, 4.0]
    >>> summed(np.ones(500), -36)[-1].round(1)
    np.float64(72.0)
    """
    if horizon == 1:
        return values
    filled = np.nan_to_num(values)
    if horizon < 0:
        left = decay(horizon)
        total = filled.copy()
        for period in range(1, len(total)):  # as scipy.signal.lfilter, whose import takes longer than a fit
            total[period] += left * total[period - 1]
        total *= 1 + left
    else:
        total = filled.copy()
        for back in range(1, min(horizon, len(filled))):
            total[back:] += filled[:-back]
    return np.where(np.isnan(values), np.nan, total)


def may_burst(kpi: Kpi) -> bool:
    """A single odd period of it may be a glitch. Traffic that is gone and time that a cell itself counts as down are not."""
    return not (kpi.traits.traffic or kpi.watches.downtime)


def limited(sample: Sample, scorer: Scorer, tested: NDArray[np.bool_]) -> Floats:
    """Events of the single periods of `sample`, none less likely than 10^-`MOST_TELLING` where `tested`: what is learned of
    a longer horizon is not the size of its single odd periods."""
    far = tested & (np.nan_to_num(scorer.deviation(sample)) > WORTH_A_LIMIT_Z)
    events = sample.events.copy()
    if not far.any():
        return events
    one = sample.pick(far)
    share = np.minimum(MOST_TELLING / np.maximum(scorer.neg_log10_p(one), MOST_TELLING), 1.0)
    if scorer.logarithmic:  # log p is a parabola there, else about a straight line
        level, value = (np.maximum(side + one.offset, 1e-12) for side in (one.level, one.events / one.size))
        events[far] = (level * (value / level) ** np.sqrt(share) - one.offset) * one.size
    else:
        events[far] = one.expected + (one.events - one.expected) * share
    return events


def combine(neg_log10_p: Floats, matters: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.intp]]:
    """([object] one -log10 p of all horizons [H, object], the horizon with the largest evidence); NaN = none can be tested.

    The harmonic mean of the p values (Wilson 2019, PNAS 116:1195): horizons share their data, and where all agree nothing
    is corrected for several tests. Where any horizon shows an effect that matters, only those that do are counted.

    >>> one, _ = combine(np.array([[3.0], [7.0]]), np.array([[True], [True]]))
    >>> float(one[0].round(2))
    6.7
    """
    competing = np.where(np.isnan(neg_log10_p), -1.0, neg_log10_p)
    competing = np.where(matters.any(axis=0) & ~matters, np.minimum(competing, 0.0), competing)
    loudest = competing.argmax(axis=0)
    top = competing.max(axis=0)
    tried = np.isfinite(neg_log10_p).sum(axis=0)
    agreeing = np.where(competing > 0, 10.0 ** np.maximum(competing - top, -300.0), 0.0).sum(axis=0)
    mean = top + np.log10(np.maximum(agreeing, 1e-300) / np.maximum(tried, 1))
    return np.where(tried > 0, np.maximum(mean, 0.0), np.nan), loudest


def persistent(sample: Sample, excess: Floats, peak: Floats, kpi: Kpi) -> NDArray[np.bool_]:
    """[horizon, object]: sharp over the horizon, or mild and shown by more than one of its periods. `excess` as the scorer
    gives it; `peak`: the excess of each horizon's worst period.

    >>> kpi = Kpi(id="a", title="A", unit="%", kind="ratio", direction="up", family="accessibility",
    ...     technology="LTE", clause="", numerator="a", denominator="b", floor=0.01)
    >>> size = np.array([[100.0, 100.0, 100.0], [200.0, 200.0, 200.0]])
    >>> none = np.zeros((2, 3))
    >>> sample = Sample(
    ...     events=none, size=size, level=none, spread=none, level_variance=np.zeros(3), idle_probability=none)
    >>> excess, peak = np.array([[9.0, 3.0, 3.0], [9.0, 7.0, 3.2]]), np.array([[9.0, 3.0, 3.0], [9.0, 4.0, 3.0]])
    >>> persistent(sample, excess, peak, kpi).tolist()
    [[True, False, False], [False, True, False]]
    """
    if kpi.traits.sharp_floors is None:
        return np.ones(excess.shape, bool)
    least = kpi.traits.sharp_floors * kpi.floor
    if kpi.traits.fraction:
        sharp = excess >= max(kpi.floor, min(least, SHARP_RATIO)) * sample.size
    else:
        sharp = excess >= least * sample.expected
    spread_out = excess - peak >= OTHER_PERIODS_SHARE * excess
    spread_out[0] = False
    return np.asarray(sharp | spread_out)


def overwhelming(sample: Sample, neg_log10_p: Floats, excess: Floats, kpi: Kpi) -> NDArray[np.bool_]:
    """[horizon, object]: so sure and so many requests of a core function that fail, though mildly, that one period will do:
    thousands of users made them, so that it is no odd device.

    >>> kpi = Kpi(id="a", title="A", unit="%", kind="ratio", direction="up", family="core",
    ...     technology="core", clause="", numerator="a", denominator="b", floor=0.01)
    >>> size, none = np.full((1, 3), 5000.0), np.zeros((1, 3))
    >>> sample = Sample(
    ...     events=none, size=size, level=none, spread=none, level_variance=np.zeros(3), idle_probability=none)
    >>> overwhelming(sample, np.array([[14.0, 14.0, 9.0]]), np.array([[150.0, 60.0, 150.0]]), kpi).tolist()
    [[True, False, False]]
    """
    if kpi.technology != "core" or not kpi.traits.fraction:
        return np.zeros(excess.shape, bool)
    least = np.maximum(CORE_FLOORS * kpi.floor * sample.size, CORE_FAILURES)
    return np.asarray((excess >= least) & (np.nan_to_num(neg_log10_p) >= OVERWHELMING))


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
