"""More contacts from one place than it ever has, and how many are usual."""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.domain.window import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRates:
    """Contacts that are usual, counted at `made_at` (s) over `hours` of history: `by_cell`, with a `profile` of the hours
    of a weekday and of a weekend day (mean 1)."""

    made_at: int
    hours: float
    profile: tuple[float, ...]
    by_cell: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Burst:
    """`contacts` of `people` from one place in [since, until) (s), where `expected` are usual; chance: of so many there."""

    place_kind: str
    place_id: str
    since: int
    until: int
    contacts: int
    people: int
    expected: float
    chance: float

    @property
    def place(self) -> str:
        return f"{self.place_kind} {self.place_id}"

    def __str__(self) -> str:
        begin, end = (f"{utc(at):%Y-%m-%d %H:%MZ}" for at in (self.since, self.until))
        return (
            f"{self.contacts} contacts of {self.people} people about the network from {begin} to {end},"
            f" {self.expected:.1f} expected; nothing is known to be degraded there"
        )
