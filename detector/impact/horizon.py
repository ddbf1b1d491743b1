"""When an incident that is open may end: what a list of people who suffer "by the end" has to look ahead to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.outlook import Outlook
from detector.domain.window import HOUR_S

NEXT_PERIOD_S = 900
"""What is open now is not over before the next period shows it. Chosen: one period of a quarter of an hour."""
STILL_TO_COME_S = (HOUR_S // 2, 2 * HOUR_S, 8 * HOUR_S)
"""How much longer an open incident lasts without an outlook, low, median and high: repair times of an hour to
half a day have about this median left at any age."""
AHEAD_CAP_S = 12 * HOUR_S
"""Exposure is forecast no further ahead. Chosen: until then there are many assessments."""


@dataclass(frozen=True)
class Horizon:
    """Equally likely ends (s), the earliest first; one alone if it is known."""

    ends: tuple[int, ...]

    @property
    def last(self) -> int:
        return self.ends[-1]


LATELY_S = 2 * HOUR_S
"""Degradations that cleared within this time still show whether their incident as a whole is over. Chosen: eight periods."""
FORGOTTEN_S = 2 * HOUR_S
"""What has not been measured for this long is half as likely to go on. Chosen: eight periods."""
QUIET = 0.2
"""Share of degradations without evidence in the newest period that go on. Chosen: one in five."""
POINTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def horizon(incident: Incident, degradations: Sequence[Degradation], now: int, outlook: Outlook | None = None) -> Horizon:
    """When the incident ended; else the operations centre's promise, at least one more period; else what is likely.

    A chance of suffering by the end is not that of the likeliest end: most faults go soon, and some stay for long, so it is
    the mean over five ends, at the 10, 30, 50, 70 and 90 per cent points of what is likely: over already unless it is still
    seen (see still_on), else by the outlook (between the points that it names, by the logarithm: times to repair are
    about log-normal).

    >>> incident = Incident(incident_id="inc_1", root_kind="cell", root_id="c1", kind="outage", started_at=0,
    ...     opened_at=0, severity="major", degradation_ids=(), cells=("c1",), reason="")
    >>> [round((end - 600) / 3600, 2) for end in horizon(incident, (), 600).ends]
    [0.5, 1.0, 2.0, 4.0, 8.0]
    """
    if incident.over_at is not None:
        return Horizon((incident.over_at,))
    if incident.expected_clear_at is not None:
        return Horizon((max(incident.expected_clear_at, now + NEXT_PERIOD_S),))
    named = (outlook.clear_low, outlook.clear_at, outlook.clear_high) if outlook else ()
    ahead = [max(at - now, NEXT_PERIOD_S) for at in named] or list(STILL_TO_COME_S)
    over = 1.0 - still_on(degradations, now)
    points = [(point - over) / (1.0 - over) for point in POINTS if point > over]
    likely = np.exp(np.interp(points, (0.1, 0.5, 0.9), np.log(ahead)))
    return Horizon((now,) * (len(POINTS) - len(points)) + tuple(now + round(min(s, AHEAD_CAP_S)) for s in likely.tolist()))


def still_on(degradations: Sequence[Degradation], now: int) -> float:
    """Chance that an incident has not ended unnoticed: the share of what it did lately that the newest period still shows.
    What cannot be tested (at night, for want of traffic) decays slowly; 1 if nothing is known."""
    shown = []
    for d in degradations:
        if d.cleared_at is None:
            unseen_s = max(now - (d.updated_at or now) - 2 * d.duration_s, 0)
            shown.append(QUIET**d.quiet_periods * 0.5 ** (unseen_s / FORGOTTEN_S))
        elif d.cleared_at > now - LATELY_S:
            shown.append(0.0)
    return max(float(np.mean(shown)), 0.11) if shown else 1.0
