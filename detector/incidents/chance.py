"""How likely it is that so many fail together without a common cause."""

from collections.abc import Sequence
from math import log

import scipy

from detector.domain.window import DAY_S, WEEK_S, Window

ONSETS_PER_CELL_WEEK = 0.03
"""Prior rate at which a cell degrades by itself; weighs as much as one week of the network's experience. Chosen: one a cell
in eight months."""
PRIOR_CELLS = 50
"""... and as much as this many cells of the network now. Chosen: on a small network a single other fault proves no storm."""
RECENT_S = DAY_S


def group_p_value(bad: int, members: int, bad_outside: int, outside: int, window_s: int) -> float:
    """P(at least `bad` of `members` begin within the window) if each does at the rate of the cells outside the group,
    or at the prior rate: binomial, so that a group is surprising only if the rest of the network is better.

    Inside a hub that is down, one of its sites is no news; the hub is:

    >>> group_p_value(3, 3, bad_outside=57, outside=197, window_s=2700) > 0.01
    True
    >>> group_p_value(60, 60, bad_outside=0, outside=140, window_s=2700) < 1e-30
    True
    """
    return float(scipy.special.bdtrc(bad - 1, members, onset_probability(bad_outside, outside, window_s)))


def onset_probability(bad_outside: int, outside: int, window_s: int) -> float:
    """Share of cells that begin within the window by themselves: those outside, and the prior as some more cells."""
    return min(1.0, (PRIOR_CELLS * prior_rate(window_s) + bad_outside) / (PRIOR_CELLS + max(outside, 0)))


def fisher_p_value(neg_log10_ps: Sequence[float], common: float) -> float:
    """P that healthy cells look as bad as these together (Fisher 1932: -2 sum ln p is chi square), each by its -log10 p.

    `common`: the mean -ln p of all other cells, 1 if all is well; what is worse everywhere is no evidence here.

    >>> round(fisher_p_value([0.3, 0.5], 1.0), 2), fisher_p_value([2.5, 3.0], 1.0) < 1e-4
    (0.45, True)
    """
    if not neg_log10_ps:
        return 1.0
    return float(scipy.special.gammaincc(len(neg_log10_ps), sum(neg_log10_ps) * log(10) / max(common, 1.0)))


def combined_p_value(one: float, other: float) -> float:
    """P that two independent tests look as bad as this together.

    >>> round(combined_p_value(0.01, 0.01), 5)
    0.00102
    """
    product = max(one * other, 1e-300)
    return min(1.0, product * (1 - log(product)))


def simultaneous_p_value(began: int, others_lately: int, testable: int, duration_s: int) -> float:
    """P(at least `began` of `testable` cells begin in one period), for cells whose common parts are not known.

    The network's rate of onsets is a gamma mean: one week at the prior rate plus the `others_lately` of the last day.
    On 58 hourly cells two are enough, on 10,000 it takes five:

    >>> simultaneous_p_value(2, 0, testable=58, duration_s=3600) < 1e-4
    True
    >>> [simultaneous_p_value(k, 0, testable=10_000, duration_s=900) < 1e-4 for k in (2, 5)]
    [False, True]
    """
    onsets = ONSETS_PER_CELL_WEEK * testable + others_lately
    rate = onsets / max(testable, 1) * duration_s / (WEEK_S + RECENT_S)
    return float(scipy.special.bdtrc(began - 1, max(testable, began), min(1.0, rate)))


def prior_rate(window_s: int) -> float:
    return ONSETS_PER_CELL_WEEK * window_s / WEEK_S


def day_before(window_end: int) -> Window:
    """The day before: its onsets estimate how restless the network is now."""
    return Window(window_end - RECENT_S, window_end)
