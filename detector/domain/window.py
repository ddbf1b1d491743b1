"""Half-open UTC windows. Nouns carry aware datetimes; arrays carry int64 seconds since 1970-01-01T00:00Z."""

from dataclasses import dataclass
from datetime import UTC, datetime


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
