"""The state of a counter feed: whether its data still arrive."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from detector.domain.window import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPart:
    """One kind of file of a feed, or all of it. `series`: the name that its files have in common, empty if `part` names
    something else. `advanced_at`: when (s) newer data than before last came, None = not yet;
    `data_until`: end (s) of the newest period; `duration_s`: of its periods; `gaps`: the last times (s) between two
    deliveries; `starts`: of its newest periods (s); `times`: how many files brought newer data."""

    feed: str
    part: str
    series: str = ""
    advanced_at: float | None = None
    data_until: int = 0
    duration_s: int = 0
    gaps: tuple[float, ...] = ()
    starts: tuple[int, ...] = ()
    times: int = 0


@dataclass(frozen=True, slots=True)
class FeedState:
    """`last_seen`: when (s) anything last came, None = nothing ever did. `backlog`: some of what came is not read yet."""

    feed: str
    last_seen: float | None = None
    backlog: bool = False


@dataclass(frozen=True)
class FeedStop:
    """Data that stopped arriving. `part`: what of the feed, empty = all of it; `since`: end (s) of the last period that
    arrived, None = nothing ever came; `objects` of `of` measured objects have no data now; `noticed_at`: the clock (s) at
    which it was noticed."""

    feed: str
    part: str
    since: int | None
    objects: int
    of: int
    noticed_at: int

    @property
    def whole(self) -> bool:
        return not self.part

    @property
    def key(self) -> tuple[str, str, int | None]:
        """The same stop has the same key at every look."""
        return self.feed, self.part, self.since

    @property
    def name(self) -> str:
        return f"{self.feed}: {self.part}" if self.part else self.feed

    def sentence(self, timezone: str = "UTC") -> str:
        """The sentence for people, in local time.

        >>> FeedStop("file_drop", "", 1774339200, 20, 20, 1774342800).sentence("Europe/Berlin")
        'feed file_drop: no data since 2026-03-24 09:00 Europe/Berlin; 20 of 20 measured objects have no data now'
        >>> FeedStop("file_drop", "", None, 0, 0, 1774342800).sentence()
        'feed file_drop: no data has come yet'
        """
        if self.since is None:
            return f"feed {self.name}: no data has come yet"
        at = utc(self.since).astimezone(ZoneInfo(timezone))
        lost = f"; {self.objects} of {self.of} measured objects have no data now" if self.objects else ""
        return f"feed {self.name}: no data since {at:%Y-%m-%d %H:%M} {timezone}{lost}"
