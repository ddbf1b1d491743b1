"""What comes from outside and goes out, as Protocols: job steps take these as arguments, live and in a backtest alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from detector.domain.cell import Topology
from detector.domain.customer import Customers
from detector.domain.finding import Findings
from detector.domain.operations import Operations
from detector.domain.window import Window

if TYPE_CHECKING:  # they bring numpy, which a command that looks somebody up does not need
    from detector.domain.counters import CounterBatch

Rows = TypeVar("Rows", covariant=True)
"""What an event feed gives: `Presence`, or a sequence of one noun."""


class Clock(Protocol):
    """Event time, in s since the epoch: the wall clock live, a moving one in a backtest or an accelerated run."""

    def now(self) -> float: ...


@dataclass(frozen=True)
class SourceFile:
    """A file, or the part of it (`window`) that arrives at one moment. Identity: (feed, name, sha256)."""

    feed: str
    name: str
    sha256: str
    arrived_at: float
    size: int = 0
    window: Window | None = None
    """Periods that it holds; None = not known before it is read."""


@dataclass(frozen=True)
class Operator:
    """`operator.toml`."""

    timezone: str = "UTC"
    country: str = ""
    arrival_delay_s: int = 300
    tick_s: int = 900


@dataclass(frozen=True)
class Reference:
    """Everything about the network and its customers that is not measured, as known at one moment."""

    operator: Operator = field(default_factory=Operator)
    topology: Topology = field(default_factory=Topology)
    operations: Operations = field(default_factory=Operations)
    customers: Customers = field(default_factory=Customers)
    raw_ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Pseudonym -> raw identity of subscribers and accounts: goes straight into the encrypted vault and nowhere else."""


@dataclass(frozen=True)
class Cursor:
    """How far the rows of a feed are taken in: those that arrived up to `until` (s since the epoch). `position`: the feed's
    own text, which it alone reads: the version of a table, the offsets of a topic, the last key of a query."""

    until: float = 0.0
    position: str = ""


@dataclass(frozen=True)
class Arrivals(Generic[Rows]):
    """What a feed gives once: `rows` since the cursor and `late` ones from before it, each in order of their own time;
    `cursor` is where the next look begins."""

    rows: Rows
    late: Rows
    cursor: Cursor


class CounterFeed(Protocol):
    """Performance counters in files, or in what is named and read like files. Nothing that arrives after `now` is ever
    given.

    Identity of a file is (feed, name, sha256): the same bytes twice are read once, the same name with new bytes replaces.
    """

    @property
    def name(self) -> str:
        """The name of the feed, unique in an installation."""
        ...

    def files(self, after: float, now: float) -> "Sequence[SourceFile]":
        """What arrived in (after, now], ordered by (arrived_at, name). A live feed may give more than that: the ledger of
        files records what was read. Raises PrecallError if the feed cannot be reached."""
        ...

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> "Iterator[CounterBatch]":
        """The batches of a file whose period starts inside `window` (all if None), with a finding for each block that is
        rejected. Raises Permanent for a file that cannot be read at all, Unfinished for one that may be read later."""
        ...

    def newest_periods(self, now: float) -> Sequence[Window]:
        """The newest period of each of the newest few files, which need not be whole nor read before: by them a clock is
        judged that may be wrong, so of a live feed they do not depend on `now`. Nothing is remembered of this look."""
        ...

    def set_aside(self, file: SourceFile, reason: str) -> None:
        """Moves a file that was refused out of the way, if the feed is ours to tidy. Raises Transient."""
        ...

    def passed_over(self, findings: Findings) -> None:
        """Adds a finding for each entry that is no readable file, or was given back, since the last call."""
        ...


class EventFeed(Protocol[Rows]):
    """Things that happen, one row each: presence, contacts, surveys, subscriber events, alarms, tickets, works. Subscribers
    and accounts are pseudonyms already."""

    @property
    def name(self) -> str:
        """The name of the feed."""
        ...

    @property
    def where(self) -> str:
        """What findings about its rows name: a table, a topic, a query."""
        ...

    def new(self, cursor: Cursor, now: float, findings: Findings) -> Arrivals[Rows]:
        """What arrived since the cursor and up to `now`; without a position, since `until`: `Cursor()` requests all that the
        feed still has. The same cursor gives the same rows again. Raises PrecallError if the feed cannot be read: the cursor
        then stays."""
        ...


class ReferenceFeed(Protocol):
    """What is known of network and customers, as a snapshot: topology, plans, customers, consents."""

    @property
    def name(self) -> str:
        """The name of the feed."""
        ...

    @property
    def operator(self) -> Operator | None:
        """Time zone, country, delay and tick, without reading anything else; None if the feed does not state them."""
        ...

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        """As known at `now`; the same object while nothing changes. Without `findings`, what was wrong waits for the next
        who complains with them. Raises Misconfigured while nothing was ever read and the feed cannot be read."""
        ...
