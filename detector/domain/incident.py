"""Degradations with one cause, from opening to resolution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from detector.domain.degradation import PRIORITY
from detector.domain.degradation_kind import DEGRADATION_KINDS, DegradationKind

Suppression = Literal["maintenance", "silenced"]
"""Why nobody outside is notified of an incident: it lies in declared works, or an operator silenced it."""
MAINTENANCE: Suppression = "maintenance"
ROOT_KINDS = ("cell", "site", "node", "edge", "tac", "region", "software", "nf", "network")
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "": frozenset({"open", "suppressed", "resolved", "merged"}),
    "open": frozenset({"open", "resolved", "merged"}),
    "suppressed": frozenset({"suppressed", "open", "resolved", "merged"}),
    "resolved": frozenset(),
    "merged": frozenset(),
    "withdrawn": frozenset(),
}
"""Phase of an incident -> phases that may follow as time goes on, the empty one being before its first: it may be over, or
part of another, in the very tick that opens it. Corrected data alone may withdraw it, or change what was over."""


class RootCandidate(NamedTuple):
    """A candidate for the root: so many `bad` cells of those `testable`, likely by `chance`; `coverage` is the share of
    all bad cells of the incident that it explains."""

    root_kind: str
    root_id: str
    bad: int
    testable: int
    chance: float
    coverage: float


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One cause. `root_kind` and `root_id` name it; `cells` are those touched; times in s since the epoch.

    `reason` is a sentence for a person. `joined_by_onset`: its root is a cell, and other objects belong to it only because
    they began with that cell. `merged_into`: the id of the incident that it became part of; `suppression`: why no receiver
    is notified of one that stands alone. `version` counts changes that matter to a receiver. `root_candidates`: the one
    named among them, the likeliest first. `withdrawn_at`: the clock when corrected data bore out none of it; then it is
    resolved.
    `works_until`: the end (s) that was announced for declared works which its trouble has outlasted.
    `started_at`: the estimated onset of the trouble; `ended_at`: its estimated end by the network's data, the end of its
    last bad period, None while it is open. `opened_at` and `resolved_at` are the clocks of the decisions, and later.
    `no_data_since`: from when on (s) none of its open degradations is measured any more: its course is not known;
    None = it is measured.
    """

    incident_id: str
    root_kind: str
    root_id: str
    kind: str
    started_at: int
    opened_at: int
    severity: str
    degradation_ids: tuple[str, ...]
    cells: tuple[str, ...]
    reason: str
    state: str = "open"
    resolved_at: int | None = None
    updated_at: int = 0
    version: int = 1
    alarm_id: str = ""
    ticket_id: str = ""
    expected_clear_at: int | None = None
    expected_clear_source: str = ""
    suppression: Suppression | None = None
    merged_into: str | None = None
    joined_by_onset: bool = False
    confidence: float = 0.0
    root_candidates: tuple[RootCandidate, ...] = ()
    withdrawn_at: int | None = None
    works_until: int | None = None
    ended_at: int | None = None
    no_data_since: int | None = None

    @property
    def traits(self) -> DegradationKind:
        """Traits of its kind, the most severe of its degradations."""
        return DEGRADATION_KINDS[self.kind]

    @property
    def phase(self) -> str:
        """open, suppressed (open, and no receiver is notified), resolved, merged into another, or withdrawn as a false
        alarm."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "suppressed" if self.state == "open" and self.silent else self.state

    @property
    def priority(self) -> int:
        return PRIORITY[self.severity]

    def promised_clear(self, at: int) -> int | None:
        """When it is promised to be over, as of `at` (s): a promise that has passed is none any more."""
        promise = self.expected_clear_at
        return promise if promise is not None and promise > at else None

    @property
    def over_at(self) -> int | None:
        """The estimated end (s); of an incident kept from before ends were estimated, the clock of the decision. None while
        it is open."""
        return self.resolved_at if self.ended_at is None else self.ended_at

    @property
    def silent(self) -> bool:
        """Nobody outside is notified of it."""
        return self.suppression is not None or self.merged_into is not None

    @property
    def suppressed_reason(self) -> str:
        """What files, answers and pages call it: empty, `maintenance`, `silenced` or `merged:inc_...` (CONTRACTS.md,
        section 4)."""
        return self.suppression or "" if self.merged_into is None else f"merged:{self.merged_into}"


def incident_id(first_degradation_id: str) -> str:
    """An incident is named after the degradation that opened it.

    >>> incident_id("deg_12c5e1a3a2ae1b0a")
    'inc_12c5e1a3a2ae1b0a'
    """
    return "inc_" + first_degradation_id.removeprefix("deg_")


class IllegalTransition(ValueError):
    """An incident would go from one phase to one that cannot follow it."""


def check_transition(before: str, after: Incident, *, corrected: bool = False) -> None:
    """Raises IllegalTransition unless the incident may follow itself in the phase `before` (empty = it is new);
    `corrected`: by corrected data, which may change what was over.

    The caller's transaction, or its tick, then changes nothing.
    """
    if not corrected and after.phase not in TRANSITIONS[before]:
        raise IllegalTransition(f"{after.incident_id}: {before or 'new'} -> {after.phase}")
