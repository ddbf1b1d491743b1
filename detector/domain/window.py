"""Half-open UTC windows. Nouns carry aware datetimes; arrays carry int64 seconds since 1970-01-01T00:00Z."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import gcd

HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 7 * 86_400


def utc(epoch_s: float) -> datetime:
    """Seconds since the epoch as an aware datetime.

    >>> utc(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(epoch_s, UTC)


def epoch(at: datetime) -> int:
    """Whole seconds since the epoch of an aware datetime; a naive one is a ValueError.

    >>> epoch(datetime(2026, 3, 24, 8, 0, tzinfo=UTC))
    1774339200
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no UTC offset")
    return int(at.timestamp())


def iso(at: float) -> str:
    """RFC 3339 in UTC, in whole seconds, of an instant in s since the epoch.

    >>> iso(1774340400)
    '2026-03-24T08:20:00Z'
    """
    return utc(int(at)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)` in whole seconds since the epoch.

    >>> hour = Window(0, 3600)
    >>> hour.contains(0), hour.contains(3600), hour.overlaps(Window(3600, 7200))
    (True, False, False)
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"window ends at {utc(self.end)} before it starts at {utc(self.start)}")

    @property
    def seconds(self) -> int:
        return self.end - self.start

    def contains(self, at_s: float) -> bool:
        return self.start <= at_s < self.end

    def overlaps(self, other: "Window") -> bool:
        return self.start < other.end and other.start < self.end


def hour_blocks(start: int, end: int) -> list[tuple[int, int, int]]:
    """Cuts `[start, end)` at whole hours: (start of the hour, from, to), all in s.

    >>> hour_blocks(3000, 7300)
    [(0, 3000, 3600), (3600, 3600, 7200), (7200, 7200, 7300)]
    """
    hours = range(start // HOUR_S * HOUR_S, end, HOUR_S)
    return [(hour, max(hour, start), min(hour + HOUR_S, end)) for hour in hours]


@dataclass(frozen=True, order=True)
class Tick:
    """One measuring period of all objects that share a duration: what the ledger counts in."""

    start: int
    duration_s: int

    @property
    def end(self) -> int:
        return self.start + self.duration_s

    @property
    def window(self) -> Window:
        return Window(self.start, self.end)


_CLOCK_CHANGE_S = 3_600
"""By how much a local day in which the clocks change is longer or shorter. Definition: one hour, but for one island
(IANA)."""
_SLACK_SHARE = 0.1
"""Share of a tick by which a period may differ from whole ticks. Chosen: exports round to minutes."""


@dataclass(frozen=True)
class Grid:
    """Which tick a measuring period belongs to: the one rule for everything that stores, counts or waits for ticks.

    Ticks of `tick_s` begin at its multiples since 1970-01-01T00:00Z. A period up to that long belongs to the tick in which
    its middle lies, so that 14:14:30 ends the tick of 14:00, and no period is cut in two. A longer one is a tick of its own,
    which begins where the period does: hours of half-hour zones and days of any zone keep their time. Its start and length
    are whole ticks if they nearly are; a day of 23 or 25 hours is a day.

    >>> Grid(900).tick(-30, 900), Grid(900).tick(600, 600)
    (Tick(start=0, duration_s=900), Tick(start=900, duration_s=900))
    >>> Grid(900).tick(1800, 3600), Grid(900).tick(82_800, 25 * 3600)
    (Tick(start=1800, duration_s=3600), Tick(start=82800, duration_s=86400))
    """

    tick_s: int = 900

    def tick(self, start: int, duration_s: int) -> "Tick":
        length = self.length(duration_s)
        if length == self.tick_s:
            middle = start + duration_s // 2
            return Tick(middle - middle % length, length)
        step = gcd(length, self.tick_s)
        return Tick((start + step // 2) // step * step, length)

    def length(self, duration_s: int) -> int:
        """Of the tick to which a period of this length (s) belongs."""
        if duration_s <= self.tick_s:
            return self.tick_s
        if abs(duration_s - DAY_S) <= _CLOCK_CHANGE_S:
            return DAY_S
        whole = round(duration_s / self.tick_s) * self.tick_s
        return whole if abs(duration_s - whole) < _SLACK_SHARE * self.tick_s else duration_s

    def reach(self, ticks: Sequence["Tick"]) -> Window:
        """In which every period begins that belongs to one of these ticks (one at least)."""
        return Window(min(t.start for t in ticks) - self.tick_s, max(t.end for t in ticks) + self.tick_s)
