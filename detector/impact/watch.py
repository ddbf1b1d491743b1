"""Whether data are missing where a person probably is: for who asks before anybody knows what it is."""

from collections.abc import Mapping

import numpy as np

from detector.domain.exposure import MobilityProfile
from detector.domain.impact import Watch
from detector.domain.local_time import hour_of_week
from detector.domain.window import DAY_S, HOUR_S
from detector.impact.expected_presence import expected_presence_of

PRIOR_CASES, PRIOR_OUTAGES = 10.0, 1.0
"""Cases of missing data, and outages among them, that count besides the network's own. Chosen: on simulated operators one
in ten to one in five sites without rows was out of service."""


def watch_of(
    key: str, silent: Mapping[str, int], profile: MobilityProfile, outcomes: tuple[int, int], *, now: int, timezone: str
) -> Watch | None:
    """The watch of a person by the cells that send nothing (`silent`: cell -> since when, s); None if the profile expects
    the person behind none of them in the hours since.

    Its probability is that of an outage, (outages + 1) / (cases + 10) by `outcomes` (past cases of missing data, outages
    among them), times the chance of being there: the largest share of one of the hours since, a day back at most.
    """
    if not silent:
        return None
    first = max(min(silent.values()), now - DAY_S) // HOUR_S * HOUR_S
    hours = list(dict.fromkeys(hour_of_week(at, timezone) for at in range(first, now + 1, HOUR_S)))
    expected = expected_presence_of(profile, profile.places([key]), hours)
    here = np.fromiter((cell in silent for cell in expected.cells), bool, len(expected.cells))
    rows = here[expected.cell]
    if not rows.any():
        return None
    hour = np.repeat(np.arange(len(expected.hour_start) - 1), np.diff(expected.hour_start))
    share = np.bincount(hour[rows], expected.seconds[rows]).max() / HOUR_S
    cases, outages = outcomes
    outage = (outages + PRIOR_OUTAGES) / (cases + PRIOR_CASES)
    there = {expected.cells[cell] for cell in np.unique(expected.cell[rows]).tolist()}
    return Watch(since=min(silent[cell] for cell in there), probability=float(outage * min(share, 1.0)))
