"""One feed: the keys that every kind has, what it is opened with, and what it gives once it is open."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, field_validator

from detector.domain.ports import Clock, CounterFeed, EventFeed, Operator, ReferenceFeed
from detector.lengths import LengthOrNone, seconds_of

if TYPE_CHECKING:  # they bring numpy, which reading the settings does not need
    from detector.domain.customer import Contact, SubscriberEvent, Survey
    from detector.domain.exposure import Presence
    from detector.domain.operations import Alarm, Maintenance, Ticket
    from detector.sources.identity import Pseudonymiser

What = Literal["counters", "presence", "contacts", "surveys", "events", "alarms", "tickets", "works", "reference"]
"""What may flow in: `events` are subscriber events, `reference` is topology, calendar, customers and consents."""
EVERYTHING: tuple[What, ...] = get_args(What)
SILENT_AFTER = "45 min"
"""Three periods of a quarter of an hour (TS 32.432: the usual reporting period): one file may be late, three are a stop."""
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
"""A name is part of findings, of labels of metrics and of names of folders."""


def _listed(value: Any) -> Any:
    """One text as a list of it."""
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class FeedContext:
    """What a feed is opened with. `operator`: the installation's, for a feed without its own time zone."""

    pseudonymiser: "Pseudonymiser"
    quarantine: Path
    """A folder of this feed alone, for files that cannot be read."""
    storage: Path
    """Below it everything is the service's own."""
    section: str = "feeds"
    """The section of the settings of the feed, as errors name it."""
    operator: Callable[[], Operator] = Operator
    wall: Clock | None = None
    """None: the time of the job counts, as in a backtest."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed that is open: what it gives, None for what it does not."""

    name: str
    counters: CounterFeed | None = None
    reference: ReferenceFeed | None = None
    presence: "EventFeed[Presence] | None" = None
    contacts: "EventFeed[Sequence[Contact]] | None" = None
    surveys: "EventFeed[Sequence[Survey]] | None" = None
    events: "EventFeed[Sequence[SubscriberEvent]] | None" = None
    alarms: "EventFeed[Sequence[Alarm]] | None" = None
    tickets: "EventFeed[Sequence[Ticket]] | None" = None
    works: "EventFeed[Sequence[Maintenance]] | None" = None
    every_s: float = 0.0
    """It is read for counters and events at most so often; 0: at every pull."""
    silent_after_s: float | None = None
    """It is silent when nothing new has come for so long; None: it may be silent."""


class FeedSettings(BaseModel, ABC):
    """One `[[feeds]]` entry. A kind of feed is a subclass: its keys, its line of documentation (the first of its docstring)
    and how it is opened."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gives: ClassVar[tuple[What, ...]] = EVERYTHING
    """What a feed of this kind can give."""
    formats: ClassVar[tuple[str, ...]] = ("auto",)
    """Values of `format`; auto: by the first bytes."""
    mapped: ClassVar[bool] = False
    """Whether the kind reads a file of mappings."""

    name: _Name
    kind: str
    what: Annotated[tuple[What, ...], BeforeValidator(_listed)] = ()
    """One of them or a list; empty: all that the kind gives."""
    format: str = "auto"
    mapping: str = ""
    every: LengthOrNone = ""
    silent_after: LengthOrNone = ""

    @field_validator("what")
    @classmethod
    def _given(cls, what: tuple[What, ...]) -> tuple[What, ...]:
        if wrong := [one for one in what if one not in cls.gives]:
            raise ValueError(f"this kind gives no {wrong[0]}; it gives {', '.join(cls.gives)}")
        return what

    @field_validator("format")
    @classmethod
    def _read(cls, format_: str) -> str:
        if format_ not in cls.formats:
            raise ValueError(f"this kind does not read it; it reads {', '.join(cls.formats)}")
        return format_

    @field_validator("mapping")
    @classmethod
    def _used(cls, mapping: str) -> str:
        if mapping and not cls.mapped:
            raise ValueError("this kind reads no mapping; leave it out")
        return mapping

    @property
    def wanted(self) -> tuple[What, ...]:
        """What this feed is to give."""
        return self.what or self.gives

    @property
    def every_s(self) -> float:
        return seconds_of(self.every) if self.every else 0.0

    @property
    def silent_after_s(self) -> float | None:
        """Counters always come; contacts, tickets and the like may not for long, so that their absence is news only where
        `silent_after` gives after how long."""
        if self.silent_after:
            return seconds_of(self.silent_after)
        return seconds_of(SILENT_AFTER) if "counters" in self.wanted else None

    @property
    def folders(self) -> dict[str, Path]:
        """Key -> folder of this machine that the feed reads: their rights are looked at."""
        return {}

    def said_operator(self) -> Operator | None:
        """Time zone, country, delay and tick, without opening the feed; None if it has none. Raises Misconfigured."""
        return None

    @abstractmethod
    def open(self, context: FeedContext) -> Feed:
        """The feed, not yet read. Raises Misconfigured naming the key."""
