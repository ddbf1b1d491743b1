"""Whether a care team is notified of an incident yet: sure enough for its budget, and within its capacity of this hour."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log10

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident

EMERGENCY = "critical"
"""The severity that waits for nobody's capacity."""


def margin(false_degradations: float, false_care_alerts: float) -> float:
    """-log10 p beyond the raising threshold which leaves so many of so many false ones: p of chance is uniform, so a third
    of what passes the threshold by chance lies log10 3 beyond it.

    >>> round(margin(3.0, 1.0), 3), margin(1.0, 2.0), margin(3.0, 0.0)
    (0.477, 0.0, inf)
    """
    if false_care_alerts <= 0:
        return inf
    return max(0.0, log10(false_degradations / false_care_alerts)) if false_degradations > 0 else 0.0


def sure(incident: Incident, degradations: Sequence[Degradation], beyond: float) -> bool:
    """Sure enough for care: something else confirms it (alarm, ticket, confirmation, a second object), a degradation
    exceeds its threshold by the margin `beyond`, or it is still bad on data that had no part in raising it."""
    own = [d for d in degradations if d.degradation_id in incident.degradation_ids and d.withdrawn_at is None]
    beside = incident.alarm_id or incident.ticket_id or any(d.confirmed_by for d in own)
    alike = len({d.base_object for d in own}) > 1
    return bool(beside) or alike or any(d.neg_log10_p - d.threshold >= beyond or persists(d) for d in own)


def persists(d: Degradation) -> bool:
    """Bad for as long again as it took to show it. A longer horizon shares most of its periods with the next tick's, so
    that one more period would add next to nothing.

    >>> from dataclasses import replace
    >>> seen = Degradation(degradation_id="deg_1", object_id="c1", family="access", kpi="k", kind="drift", started_at=0,
    ...     detected_at=2700, severity="minor", neg_log10_p=6, expected=1, observed=0, numerator=0, denominator=1, excess=1,
    ...     periods=3, duration_s=900, threshold=6, raised_at=2700)
    >>> [persists(replace(seen, updated_at=end, quiet_periods=q)) for end, q in ((4500, 0), (5400, 0), (5400, 1))]
    [False, True, False]
    """
    last_bad = d.updated_at - d.quiet_periods * d.duration_s
    return last_bad - d.raised_at >= max(d.raised_at - d.started_at, d.duration_s)


@dataclass(frozen=True)
class TeamCapacity:
    """How many more new incidents each care team takes. `opened`: notifications of the hour that ends now."""

    capacity: Mapping[str, int]
    opened: Counter[str]

    def takes(self, team: str, severity: str) -> bool:
        """
        >>> free = TeamCapacity({"care": 1}, Counter(care=1))
        >>> free.takes("care", "major"), free.takes("care", "critical"), free.takes("other", "minor")
        (False, True, True)
        """
        return severity == EMERGENCY or team not in self.capacity or self.opened[team] < self.capacity[team]

    def fill(self, team: str) -> None:
        """Counts one more notification of the team."""
        self.opened[team] += 1
