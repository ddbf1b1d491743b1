"""What a subscriber or an account has been through, day by day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Harm = Literal["coverage", "access", "drops", "slow", "core"]
HARMS: tuple[Harm, ...] = get_args(Harm)
"""What a degraded minute was made of: no service, refused, cut off, slow, or refused by the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """One holder's day: `day` is its local midnight (s), `holder` a pseudonym, `holder_kind` subscriber or account. Days
    without any degradation have no row.

    index: 0 (nothing worked) to 100 (nothing failed), as of this day, older days weighing less. degraded_s: expected
    degraded seconds of the day, `by_harm` split by HARMS; failures: expected own failures; worst: the worst hour of the day,
    0 to 1; incidents: how many touched the holder that day. trend: change of the index against a week before.
    """

    day: int
    holder_kind: str
    holder: str
    index: float
    degraded_s: float
    failures: float
    worst: float
    incidents: int
    trend: float = 0.0
    by_harm: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerHistory:
    """One subscriber's past as of one instant, as rules, risk and agents use it.

    incidents: in the last 28 days, of which the person has more likely suffered than not, the present one not counted;
    degraded_s: in the last 7; index, trend: as of today; contacts: network complaints in the last 28 days;
    last_contact_at, last_notified_at: newest of any kind, None = never.
    """

    incidents: int = 0
    degraded_s: float = 0.0
    index: float = 100.0
    trend: float = 0.0
    contacts: int = 0
    last_contact_at: int | None = None
    last_notified_at: int | None = None


UNKNOWN_HISTORY = CustomerHistory()


@dataclass(frozen=True)
class Touch:
    """What a person let us know since some time: `contacts` that are or may be about the network, and the newest contact of
    any kind (s), None = none."""

    contacts: int = 0
    last_at: int | None = None
