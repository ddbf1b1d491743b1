"""More contacts from one place than it ever has, and how many are usual."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from detector.domain.window import HOUR_S, utc

SAME_S = 6 * HOUR_S
"""A burst at a place that had one so short a time ago is the same one. Chosen: a quarter of a day."""


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

    def continues(self, old: "Burst", now: int) -> bool:
        """Whether the `old` one was at the same place, and not over for long at `now` (s)."""
        return (old.place_kind, old.place_id) == (self.place_kind, self.place_id) and old.until > now - SAME_S


def is_going_on(one: Burst, known: Iterable[Burst], now: int) -> bool:
    return any(one.continues(old, now) for old in known)


def merged(known: Sequence[Burst], found: Iterable[Burst], now: int) -> list[Burst]:
    """The known ones and the found ones; one that goes on is as large as it ever was.

    >>> small = Burst(place_kind="site", place_id="s1", since=0, until=900, contacts=5, people=4, expected=1.0, chance=1e-6)
    >>> large = replace(small, since=600, until=1800, contacts=9)
    >>> [(one.since, one.until, one.contacts) for one in merged([small], [large], now=1800)]
    [(0, 1800, 9)]
    """
    kept = list(known)
    for one in found:
        at = next((i for i, old in enumerate(kept) if one.continues(old, now)), None)
        if at is None:
            kept.append(one)
        else:
            larger = one if one.contacts > kept[at].contacts else kept[at]
            kept[at] = replace(larger, since=min(kept[at].since, one.since), until=one.until)
    return kept
