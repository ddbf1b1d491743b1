"""Whom an incident touches, how surely, and how many in all."""

from dataclasses import dataclass

BASES = ("expected", "present", "measured")


@dataclass(frozen=True, slots=True)
class Affected:
    """One person on one incident's list. `probability`: of at least one own failure or 300 degraded seconds.
    basis: expected (habit), present (attachments that arrived), measured (own results)."""

    incident_id: str
    subscriber: str
    account: str
    basis: str
    probability: float
    exposure_s: float


@dataclass(frozen=True, slots=True)
class AccountImpact:
    """An account's side of an incident."""

    account: str
    kind: str
    tier: str
    affected_lines: int
    lines: int
    care_team: str = ""


@dataclass(frozen=True)
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
