"""What the service needs from outside, as Protocols: a job step takes these as arguments, live and in a backtest alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from detector.domain.cell import Topology
from detector.domain.customer import Contact, Customers, SubscriberEvent, Survey
from detector.domain.finding import Findings
from detector.domain.operations import Operations
from detector.domain.window import Window

if TYPE_CHECKING:  # they bring numpy, which a command that looks somebody up does not need
    from detector.domain.counters import CounterBatch
    from detector.domain.exposure import Presence


class Clock(Protocol):
    """Event time, in s since the epoch: the wall clock live, a moving one in a backtest or an accelerated run."""

    def now(self) -> float: ...


@dataclass(frozen=True)
class SourceFile:
    """A file, or the part of it (`window`) that arrives at one moment. Identity: (source, name, sha256)."""

    source: str
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


class Source(Protocol):
    """Where counters and reference data come from. Nothing that arrives after `now` is ever given.

    `source_files`: what arrived in (after, now], ordered by (arrived_at, name); a live source may give more than that, the
    ledger knows what it has read. `read` yields a file's batches whose period starts inside `window` (all if None);
    it raises Permanent for a file that cannot be read at all, and adds a finding for each block that it rejects.
    """

    name: str

    def source_files(self, after: float, now: float) -> Sequence[SourceFile]: ...

    def newest_periods(self, now: float) -> Sequence[Window]:
        """The newest period of each of the newest few files, which need not be whole nor read before: by them a clock is
        judged that may be wrong, so of a live source they do not depend on `now`. Nothing is remembered of this look."""
        ...

    def read(
        self, source_file: SourceFile, findings: Findings, window: Window | None = None
    ) -> "Iterator[CounterBatch]": ...

    def set_aside(self, source_file: SourceFile, reason: str) -> None:
        """This file was refused: move it out of the way if the source is ours to tidy. Raises Transient."""
        ...

    def passed_over(self, findings: Findings) -> None:
        """What lies there and is no file to be read, or was given back, since this was asked last."""
        ...

    def people_version(self) -> str:
        """Another text whenever the tables of people that the last answers rest on have changed: rows of an earlier time may
        have come with them. The same for ever where each row is given at its own time."""
        ...

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        """As known at `now`. Without `findings`, what was wrong waits for the next who asks with them."""
        ...

    def presence(self, after: float, now: float, findings: Findings) -> "Presence":
        """Attachments that arrived in (after, now]."""
        ...

    def contacts(self, after: float, now: float, findings: Findings) -> Sequence[Contact]:
        """Contacts made in (after, now]."""
        ...

    def surveys(self, after: float, now: float, findings: Findings) -> Sequence[Survey]:
        """Surveys answered in (after, now]."""
        ...

    def subscriber_events(self, after: float, now: float, findings: Findings) -> Sequence[SubscriberEvent]:
        """Departures, offers and credits of (after, now]."""
        ...


@dataclass(frozen=True)
class Route:
    """How a receiver is reached. `ca_file`: the authority that signs its certificate, empty = the public ones. `proxy`: an
    address, http or https, through which the connection goes. `private`: it may be in a private network."""

    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    private: bool = False


DIRECT = Route()


class Transport(Protocol):
    """Carries one signed request; raises Transient (with `retry_after_s` if told) or Permanent. Several threads may send at
    once."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str], route: Route) -> None: ...

    def cancel(self) -> None:
        """End what is under way and send no more: the service is stopping. Returns at once."""
        ...
