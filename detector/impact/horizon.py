"""When an incident that is open may end: what a list of people who suffer "by the end" has to look ahead to."""

from dataclasses import dataclass

from detector.domain.incident import Incident
from detector.domain.outlook import Outlook
from detector.impact.hours import HOUR_S

NEXT_PERIOD_S = 900
"""What is open now is not over before the next period says so."""
STILL_TO_COME_S = (HOUR_S // 2, 2 * HOUR_S, 8 * HOUR_S)
"""How much longer an open incident lasts as far as nobody knows better, low, median and high: repair times of an hour to
half a day have about this median left at any age."""
AHEAD_CAP_S = 12 * HOUR_S
"""Nobody is expected any further ahead: till then there will be many assessments."""


@dataclass(frozen=True)
class Horizon:
    """Equally likely ends (s), the earliest first; one alone if it is known."""

    ends: tuple[int, ...]

    @property
    def last(self) -> int:
        return self.ends[-1]


def horizon(incident: Incident, now: int, outlook: Outlook | None = None) -> Horizon:
    """When the incident ended; else the operations centre's promise, at least one more period; else what is likely.

    A chance of suffering by the end is not that of the likeliest end: most faults go soon, and some stay for long, so it is
    the mean over five ends, at the 10, 30, 50, 70 and 90 per cent points of the outlook (between those that it names, by
    their geometric mean: times to repair are about log-normal).

    >>> incident = Incident("inc_1", "cell", "c1", "outage", 0, 0, "major", (), ("c1",), "")
    >>> [round((end - 600) / 3600, 2) for end in horizon(incident, 600).ends]
    [0.5, 1.0, 2.0, 4.0, 8.0]
    """
    if incident.resolved_at is not None:
        return Horizon((incident.resolved_at,))
    if incident.expected_clear_at is not None:
        return Horizon((max(incident.expected_clear_at, now + NEXT_PERIOD_S),))
    named = (outlook.clear_low, outlook.clear_at, outlook.clear_high) if outlook else ()
    ahead = [max(at - now, NEXT_PERIOD_S) for at in named] or list(STILL_TO_COME_S)
    low, median, high = (min(s, AHEAD_CAP_S) for s in ahead)
    likely = (low, (low * median) ** 0.5, median, (median * high) ** 0.5, high)
    return Horizon(tuple(now + round(s) for s in likely))
