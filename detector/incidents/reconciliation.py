"""Decisions taken again from corrected data, beside those that were taken before: what keeps its name, what is withdrawn."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from detector.domain.degradation import Degradation
from detector.domain.detection import DetectionDecision, DetectionState, Tracked, remembered_degradations
from detector.domain.incident import Incident
from detector.domain.people_seen import PeopleSeen
from detector.domain.window import Tick
from detector.incidents.lifecycle import merged, notified_fields, withdraw

_FOREVER = 2**62
"""Later than every instant. Definition."""


@dataclass(frozen=True)
class DecidedState:
    """Degradations and incidents by id."""

    degradations: Mapping[str, Degradation]
    incidents: Mapping[str, Incident]


@dataclass(frozen=True)
class Correction:
    """`before`: what the store holds of everything that either run of decisions touched; `after`: what the second one made
    of it, under its own names and by the clocks of the first. Pure: the same two give the same correction.

    A degradation of both runs keeps the clock at which it was published. One that is new takes over that of the episode of
    its object and family whose place it takes, else it is published `now`. An incident keeps the id under which it was
    published, though its first degradation may be another by now.
    """

    before: DecidedState
    after: DecidedState
    now: int

    @cached_property
    def degradations(self) -> list[Degradation]:
        """Rows of the store that change."""
        new = [self.dated(d) for d in self.after.degradations.values()]
        gone = [
            replace(
                d, withdrawn_at=self.now, cleared_at=d.started_at, superseded_by=self.successors.get(d.degradation_id, "")
            )
            for d in self._gone_degradations
        ]
        return [d for d in (*new, *gone) if self.before.degradations.get(d.degradation_id) != d]

    @cached_property
    def incidents(self) -> list[Incident]:
        """Rows of the store that change."""
        new = [self._final(self.named(i)) for i in self.after.incidents.values()]
        return [i for i in (*new, *self._ended) if self.before.incidents.get(i.incident_id) != i]

    def begun_with(self, one: DetectionDecision) -> DetectionDecision:
        """An entry of the second run's log under the published names, by the clocks of the first: so that a third run
        sees what it would have seen in order."""
        was = one.before
        return replace(one, before=replace(was, incidents=tuple(map(self.named, was.incidents))))

    def dated(self, d: Degradation) -> Degradation:
        """With the clock at which it was, or is now, published."""
        known = self.before.degradations.get(d.degradation_id)
        predecessors = [
            old.detected_at for old in self._gone_degradations if self.successors.get(old.degradation_id) == d.degradation_id
        ]
        return replace(d, detected_at=known.detected_at if known else min(predecessors, default=self.now))

    def named(self, incident: Incident) -> Incident:
        """Under the id, and with the clock, at which it was or is now published."""
        name = self.names.get(incident.incident_id, incident.incident_id)
        into = incident.merged_into
        known = self.before.incidents.get(name)
        opened = known.opened_at if known else self.now
        resolved = None if incident.resolved_at is None else max(incident.resolved_at, opened)
        into = None if into is None else self.names.get(into, into)
        return replace(incident, incident_id=name, opened_at=opened, resolved_at=resolved, merged_into=into)

    @cached_property
    def successors(self) -> Mapping[str, str]:
        """Degradation that is gone -> the one of the same object and family that covers some of its time."""
        found: dict[str, str] = {}
        new = sorted(self.after.degradations.values(), key=lambda d: (d.started_at, d.degradation_id))
        for old in self._gone_degradations:
            same = (d for d in new if (d.object_id, d.family) == (old.object_id, old.family) and _overlap(d, old))
            if (heir := next(same, None)) is not None:
                found[old.degradation_id] = heir.degradation_id
        return found

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Incident of the second run -> the id under which it was published. Where one absorbed another that had been
        published before it, the two change names."""
        found: dict[str, str] = {}
        for new in _by_age(i for key, i in self.after.incidents.items() if key not in self.before.incidents):
            heirs = [i for i in self._gone_incidents if i.incident_id not in found.values() and self._same_trouble(new, i)]
            for taken in self.after.incidents.values():
                known = self.before.incidents.get(taken.incident_id)
                if known and known.state != "merged" and taken.merged_into == new.incident_id:
                    heirs.append(known)
            if heirs:
                name = _by_age(heirs)[0].incident_id
                found[new.incident_id] = name
                if name in self.after.incidents:
                    found[name] = new.incident_id
        return found

    @cached_property
    def _gone_degradations(self) -> list[Degradation]:
        kept = self.after.degradations
        return [d for key, d in self.before.degradations.items() if key not in kept and d.withdrawn_at is None]

    @cached_property
    def _gone_incidents(self) -> list[Incident]:
        """Those whose id the second run does not have, and that were not merged into another before."""
        kept = self.after.incidents
        known = self.before.incidents.items()
        return [i for key, i in known if key not in kept and i.state != "merged" and i.withdrawn_at is None]

    @cached_property
    def _ended(self) -> list[Incident]:
        """Incidents that are gone for good: part of another after all, or a false alarm."""
        left = [i for i in self._gone_incidents if i.incident_id not in self.names.values()]
        return [merged(i, into, self.now) if (into := self._part_of(i)) else withdraw(i, self.now) for i in left]

    def _part_of(self, gone: Incident) -> str:
        standing = _by_age(i for i in self.after.incidents.values() if i.state != "merged")
        return next((self.named(i).incident_id for i in standing if self._same_trouble(i, gone)), "")

    def _same_trouble(self, new: Incident, old: Incident) -> bool:
        """Whether both are about the same object at the same time, however described."""
        mine = [d for key in new.degradation_ids if (d := self.after.degradations.get(key))]
        its = [d for key in old.degradation_ids if (d := self.before.degradations.get(key))]
        return any(a.base_object == b.base_object and _overlap(a, b) for a in mine for b in its)

    def _final(self, incident: Incident) -> Incident:
        """A new version if what was published of it no longer holds."""
        known = self.before.incidents.get(incident.incident_id)
        if known is None:
            return incident if incident.state == "open" else replace(incident, updated_at=self.now)
        same = notified_fields(incident) == notified_fields(known) and known.withdrawn_at is None
        incident = replace(incident, version=known.version + (not same))
        if incident.state == "open" or replace(incident, updated_at=known.updated_at) == known:
            return incident if incident.state == "open" else known
        return replace(incident, updated_at=self.now)


def _overlap(a: Degradation, b: Degradation) -> bool:
    return a.started_at < (b.cleared_at or _FOREVER) and b.started_at < (a.cleared_at or _FOREVER)


def _by_age(incidents: Iterable[Incident]) -> Sequence[Incident]:
    return sorted(incidents, key=lambda i: (i.opened_at, i.started_at, i.incident_id))


def replay_order(late: Sequence[Tick], log: Sequence[DetectionDecision]) -> Iterator[tuple[Tick, int]]:
    """(tick, clock) of each decision of the log in order; a tick that was passed over comes before the first later one of
    its duration, at that one's clock: what nobody knew then is not known now."""
    logged = {one.tick for one in log}
    waiting = sorted(tick for tick in late if tick not in logged)
    for one in log:
        for tick in [t for t in waiting if t.duration_s == one.tick.duration_s and t.start < one.tick.start]:
            waiting.remove(tick)
            yield tick, one.decided_at
        yield one.tick, one.decided_at


@dataclass
class Rerun:
    """Decisions taken once more: every degradation and incident that they touched, by id, and their log."""

    degradations: dict[str, Degradation]
    incidents: dict[str, Incident]
    missing: dict[int, dict[str, int]]
    people: dict[Tick, tuple[PeopleSeen, ...]]
    """What was known of the people behind missing objects when each tick was decided."""
    log: list[DetectionDecision]

    @classmethod
    def beginning(cls, log: Sequence[DetectionDecision]) -> "Rerun":
        """As it stood before the first of them."""
        first = log[0].before
        missing: dict[int, dict[str, int]] = {}
        for one in log:
            missing.setdefault(one.tick.duration_s, dict(one.before.missing))
        return cls(
            {d.degradation_id: d for d in first.degradations},
            {i.incident_id: i for i in first.incidents},
            missing,
            {one.tick: one.before.people for one in log},
            [],
        )

    def before(self, tick: Tick) -> DetectionState:
        standing = tuple(i for i in self.incidents.values() if i.state == "open")
        return DetectionState(
            remembered_degradations(self.degradations.values(), standing, tick.start),
            standing,
            self.missing.get(tick.duration_s, {}),
            self.people.get(tick, ()),
        )

    def take(self, one: DetectionDecision, tracked: Tracked, incidents: Sequence[Incident]) -> None:
        self.degradations |= {d.degradation_id: d for d in tracked.degradations}
        self.incidents |= {i.incident_id: i for i in incidents}
        self.missing[one.tick.duration_s] = dict(tracked.missing)
        self.log.append(one)
