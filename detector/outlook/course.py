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
    own = {d.degradation_id: d for d in degradations}
    told = [i for i in incidents if not i.silent and i.withdrawn_at is None]
    over = sorted((i for i in told if i.state == "resolved"), key=lambda i: (i.opened_at, i.incident_id))
    known = [i for i in told if i.state == "open"] + over[-NEWEST:]
    return Lasting({i.incident_id: episode(i, own, now) for i in known})


def episode(incident: Incident, degradations: Mapping[str, Degradation], now: int) -> Episode:
    """It ended with the last bad period of its last degradation, not when enough quiet ones had been seen to say so; and
    one that is open was surely bad only until its last bad period began: counters come late, and it may be over already.
    """
    over = incident.state != "open"
    own = [degradations[i] for i in incident.degradation_ids if i in degradations]
    ends = [d.cleared_at for d in own if d.cleared_at is not None]
    if over:
        end = incident.ended_at or max(ends, default=incident.resolved_at or now)
    else:
        end = max([*ends, *(last_bad(d) for d in own if d.open)], default=now)
    found = incident.opened_at - incident.started_at
    return Episode(incident.kind, float(max(end - incident.started_at, 0)), float(max(found, 0)), over)


def last_bad(degradation: Degradation) -> int:
    """Start (s) of its last period that was not quiet."""
    return degradation.updated_at - (degradation.quiet_periods + 1) * degradation.duration_s
