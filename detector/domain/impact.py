"""Whom an incident touches, how surely, and how many in all."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from detector.domain.alert import Decision

BASES = ("expected", "present", "measured")
SILENT = "silent"
"""The basis of a watch: data are missing where the person usually is, and nothing shows yet whether service is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One person on one incident's list. `probability`: of at least one own failure or 300 degraded seconds.
    basis: expected (mobility profile), present (attachments that arrived), measured (own results)."""

    incident_id: str
    subscriber: str
    account: str
    basis: str
    probability: float
    exposure_s: float
    degraded_s: float = 0.0
    """Expected degraded seconds from begin to (expected) end."""
    failures: float = 0.0
    """Expected own failures."""
    next_exposure_at: int | None = None
    """When (s) a person who is not there now is expected to come; None = there now, or not within a day."""

    @property
    def likely_degraded_s(self) -> float:
        """Degraded seconds; of an assessment without them, the share of the exposure that is likely to be degraded."""
        return self.degraded_s or self.probability * self.exposure_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Data are missing since `since` (s) where a person probably is; `probability`: that it is an outage and the person is
    there. It is on no incident's list: care acts on it only in answer to the person's own question."""

    since: int
    probability: float
    basis: str = SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountImpact:
    """An account's side of an incident."""

    account: str
    kind: str
    tier: str
    affected_lines: int
    lines: int
    care_team: str = ""
    roles: tuple[tuple[str, int], ...] = ()
    """(role, affected lines that hold it): manager, executive, ..."""
    sla: str = ""
    sla_minutes_used: float = 0.0
    """Degraded minutes that this incident took from its service level, a mean over all its lines."""
    sla_minutes_month: float | None = None
    """The same of all incidents since the month began, as far as kept; None = no service level."""
    sla_minutes_allowed: float | None = None
    """Minutes of the whole month that the service level leaves for trouble; None = it names no percentage."""
    cell_shares: tuple[tuple[str, float], ...] = ()
    """(cell, share of what its lines suffered), the most influential first; only cells at which enough of its lines
    suffer whom none of them names."""


@dataclass(frozen=True, kw_only=True)
class Impact:
    """One assessment of one incident at one moment (s). `affected` is the sum of probabilities with a 95 % interval;
    `people` are those listed, ordered by subscriber key."""

    incident_id: str
    assessed_at: int
    exposed: int
    affected: float
    affected_low: float
    affected_high: float
    people: tuple[Affected, ...] = ()
    accounts: tuple[AccountImpact, ...] = ()


def no_impact(incident_id: str, at: int) -> Impact:
    """Nobody is touched by this incident, as known at `at` (s)."""
    return Impact(incident_id=incident_id, assessed_at=at, exposed=0, affected=0.0, affected_low=0.0, affected_high=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One person on one incident's list from `listed_at` until `delisted_at` (None = still), in s, and what care decided.

    A row is what was known then: when an update changes the probability or the decision, the old row ends and a new one
    begins. `row` is the row's number in the store, None before it is stored.
    """

    affected: Affected
    decision: Decision
    listed_at: int
    delisted_at: int | None = None
    row: int | None = None

    @property
    def incident_id(self) -> str:
        return self.affected.incident_id

    @property
    def subscriber(self) -> str:
        return self.affected.subscriber

    @property
    def probability(self) -> float:
        return self.affected.probability

    @property
    def contactable(self) -> bool:
        """Care may contact the person; what it proposes is `proposed`."""
        return self.decision.contactable

    @property
    def why_not(self) -> str:
        """One of WHY_NOT; empty if the person may be contacted."""
        return self.decision.why_not

    @property
    def proposed(self) -> bool:
        """Care proposes an action for the person, who may be contacted."""
        return self.decision.proposed

    def known_at(self, at: int) -> bool:
        """Returns whether the person is on the list at the moment `at` (s).

        >>> person = Affected(
        ...     incident_id="inc_1", subscriber="s1", account="", basis="expected", probability=0.4, exposure_s=900.0
        ... )
        >>> refused = Decision(
        ...     incident_id="inc_1", subscriber="s1", contactable=False, why_not="cap", action="none", channel="",
        ...     recipient="", decided_at=100
        ... )
        >>> Listing(affected=person, decision=refused, listed_at=100, delisted_at=200).known_at(200)
        False
        """
        return self.listed_at <= at and (self.delisted_at is None or at < self.delisted_at)


def combined_risk(rows: Iterable[Affected | Listing]) -> dict[str, float]:
    """Person -> chance to have suffered from any of the incidents on whose lists they are: 1 - prod (1 - p), as if incidents
    struck independently of each other; of several rows of one incident the highest counts. The sum is how many people were
    affected in all.

    >>> rows = [Affected(incident_id="inc_1", subscriber="ann", account="", basis="expected", probability=0.5,
    ...     exposure_s=9.0), Affected(incident_id="inc_2", subscriber="ann", account="", basis="measured", probability=0.5,
    ...     exposure_s=9.0)]
    >>> combined_risk([*rows, Affected(incident_id="inc_2", subscriber="bob", account="", basis="expected", probability=0.25,
    ...     exposure_s=9.0)])
    {'ann': 0.75, 'bob': 0.25}
    """
    of: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        own = of[row.subscriber]
        own[row.incident_id] = max(own.get(row.incident_id, 0.0), row.probability)
    well = dict.fromkeys(of, 1.0)
    for person, own in of.items():
        for chance in own.values():
            well[person] *= 1.0 - chance
    return {person: 1.0 - chance for person, chance in well.items()}
