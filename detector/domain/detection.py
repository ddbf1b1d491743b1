"""What detection carries from one tick to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.people_seen import PeopleSeen
from detector.domain.window import Tick


@dataclass(frozen=True)
class DetectionState:
    """What a decision over a tick begins with.

    `degradations`: those open or cleared within a day, of ticks of every length, and all members of the open `incidents`
    (see `remembered_degradations`). `missing`: object -> missing periods in a row, of the tick's duration. `people`: what
    the newest attachments show of the people behind objects that were missing.
    """

    degradations: tuple[Degradation, ...]
    incidents: tuple[Incident, ...]
    missing: Mapping[str, int]
    people: tuple[PeopleSeen, ...] = ()


@dataclass(frozen=True)
class Tracked:
    """What one tick made of the degradations.

    `degradations`: all of the tick's duration that are open after it or were cleared by it, in order of id. `missing`:
    object -> missing periods in a row, for the next tick. `other_durations`: open ones of ticks of another length, which
    this tick does not judge. `past`: members of the open incidents that were over before this tick.
    """

    degradations: tuple[Degradation, ...]
    missing: Mapping[str, int]
    other_durations: tuple[Degradation, ...] = ()
    past: tuple[Degradation, ...] = ()


@dataclass(frozen=True)
class DetectionDecision:
    """One decision: the tick, the clock (s) at which it was first taken, and what it began with."""

    tick: Tick
    decided_at: int
    before: DetectionState


def remembered_degradations(
    degradations: Iterable[Degradation], incidents: Iterable[Incident], at: int
) -> tuple[Degradation, ...]:
    """Of these degradations, what the decision over a tick that starts `at` (s) needs: those that are remembered, and all
    members of the incidents, which are open."""
    members = {name for incident in incidents for name in incident.degradation_ids}
    return tuple(d for d in degradations if d.remembered(at) or (d.degradation_id in members and d.withdrawn_at is None))
