"""The course of incidents so far: what the estimate learns from, and what it is asked about."""

from collections.abc import Mapping, Sequence

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.outlook.lasting import Episode, Lasting

NEWEST = 1000
"""So many finished incidents say all that there is to say, and networks change."""


def learn_lasting(incidents: Sequence[Incident], degradations: Sequence[Degradation], *, now: int) -> Lasting:
    """What these incidents, open and resolved, say of how long incidents last. `degradations`: theirs.

    Left out: those that were merged into another (they are part of it) or withdrawn, and those of which nobody is told
    (declared works end when they were declared to, not when a fault is found).
    """
    cleared = {d.degradation_id: d.cleared_at for d in degradations}
    told = [i for i in incidents if not i.silent and i.withdrawn_at is None]
    over = sorted((i for i in told if i.state == "resolved"), key=lambda i: (i.opened_at, i.incident_id))
    known = [i for i in told if i.state == "open"] + over[-NEWEST:]
    return Lasting(tuple(episode(i, cleared, now) for i in known))


def episode(incident: Incident, cleared: Mapping[str, int | None], now: int) -> Episode:
    """It ended with the last bad period of its last degradation, not when enough quiet ones had been seen to say so."""
    over = incident.state != "open"
    ends = [at for i in incident.degradation_ids if (at := cleared.get(i)) is not None]
    end = max(ends, default=incident.resolved_at or now) if over else now
    found = incident.opened_at - incident.started_at
    return Episode(incident.kind, float(max(end - incident.started_at, 0)), float(max(found, 0)), over)
