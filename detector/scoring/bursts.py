"""Single odd periods: how often each object has one that nothing before or after it bears out, and how large they get."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.policy import DetectionPolicy
from detector.scoring.counting import Floats
from detector.scoring.dispersion import History
from detector.scoring.horizons import may_burst
from detector.scoring.registry import SCORERS
from detector.scoring.tail_calibration import BURST

WORTH_A_BURST_Z = 3.5
"""z under which no period is a burst. Chosen: the normal tail of `BURST` is 4.75, less what discreteness takes."""
WELL_Z = 2.0
"""Periods beside a burst are up to so many standard deviations off. Chosen: one healthy period in forty is over it."""
SPAN, POINTS = (1 / 30, 100.0), 16
"""Rates that are tried, as multiples of the mean one, and how many. Chosen: steps of 1.7, finer than a month separates."""
STEPS = 300
"""Steps of the EM. Chosen: what a few flaky objects have is then under one in a million for the others."""
COMPARED = 2000
"""Objects from which the distribution is estimated, evenly spaced. Chosen: of one in a hundred there are twenty."""
PRIOR_BURSTS = 3.0
"""The tail 1 / size counts as much as so many bursts. Chosen: few, so that data soon decide."""


def fit_bursts(past: History, k: int, detection_policy: DetectionPolicy) -> None:
    """Rate of single odd periods of each object and how fast they get rarer with their size. Traffic that is gone and time
    that a cell itself counts as down are what they are, for however short."""
    base, kpi = past.baseline, past.frame.kpis[k]
    if not may_burst(kpi):
        return
    scorer, sizes, rows, tests = SCORERS[kpi.kind], [], [], []
    for part in past.parts():
        sample = past.sample(k, part, 0)
        tested = scorer.testable(sample, detection_policy) & np.isfinite(sample.events)
        z = np.where(tested, scorer.deviation(sample), np.nan)
        alone = tested & single(z)
        found = scorer.neg_log10_p(sample.pick(alone))
        sizes.append(found[found > BURST])
        rows.append(part.start + np.nonzero(alone)[1][found > BURST])
        tests.append(tested.sum(axis=0))
    size, periods = np.concatenate(sizes), np.concatenate(tests).astype(float)
    number = np.bincount(np.concatenate(rows), minlength=len(periods)).astype(float)
    rate, others = burst_rates(number, periods)
    base.burst_rate[:, k] = others
    base.burst_rate[: len(rate), k] = rate
    base.burst_tail[k] = (len(size) + PRIOR_BURSTS) / (np.log(size / BURST).sum() + PRIOR_BURSTS)


def single(z: Floats) -> NDArray[np.bool_]:
    """[period, object]: far off, between two periods that are well or not known.

    >>> single(np.array([[0.0], [9.0], [np.nan], [9.0], [9.0], [0.0]]))[:, 0].tolist()
    [False, True, False, False, False, False]
    """
    well = ~(z > WELL_Z)
    edge = np.ones((1, z.shape[1]), bool)
    return np.asarray((z > WORTH_A_BURST_Z) & np.vstack([edge, well[:-1]]) & np.vstack([well[1:], edge]))


def burst_rates(number: Floats, periods: Floats) -> tuple[Floats, float]:
    """([object] rate of bursts per period, that of an object without a past), each object's own number beside the others'.

    Whatever distribution of rates the network has is estimated on a grid that begins at none (Kiefer and Wolfowitz 1956, by
    EM: Laird 1978, JASA 73:805); the rate is its posterior mean. So a few flaky objects move none of the others.

    >>> rates, others = burst_rates(np.array([9.0, 9.0] + [0.0] * 18), np.full(20, 1000.0))
    >>> bool(rates[0] > 0.008), bool(rates[5] < 1e-4), others
    (True, True, 0.0009)
    """
    mean = number.sum() / max(periods.sum(), 1.0)
    if mean == 0:
        return np.zeros(len(number)), 0.0
    grid = np.append(0.0, mean * np.geomspace(*SPAN, POINTS))
    due = periods[:, None] * grid
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(number[:, None] > 0, number[:, None] * np.log(due), 0.0) - due
    likelihood = np.exp(log - log.max(axis=1, keepdims=True))
    some, weights = likelihood[:: max(1, len(number) // COMPARED)], np.full(len(grid), 1.0 / len(grid))
    for _ in range(STEPS):
        weights = _shares(some, weights).mean(axis=0)
    return np.asarray(_shares(likelihood, weights) @ grid), float(mean)


def _shares(likelihood: Floats, weights: Floats) -> Floats:
    """[object, rate] posterior."""
    joint = likelihood * weights
    return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300))
