"""An operator dataset on disk, replayed under a clock: each file is given when it would have arrived, never earlier."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic

from detector.domain.counters import CounterBatch
from detector.domain.customer import Contact, SubscriberEvent, Survey
from detector.domain.errors import Misconfigured
from detector.domain.exposure import Presence, no_presence
from detector.domain.finding import Findings
from detector.domain.ports import Arrivals, Cursor, Operator, Reference, Rows, SourceFile
from detector.domain.window import DAY_S, Window, utc
from detector.sources import customer_tables, network_tables
from detector.sources.counter_files import CounterFile, CounterFiles
from detector.sources.feed import EVERYTHING, Feed, What
from detector.sources.folder_listing import files_below
from detector.sources.identity import Pseudonymiser
from detector.sources.plausibility import Made
from detector.sources.presence import AttachmentFile, AttachmentFiles
from detector.sources.reference import ReferenceFiles, TableOptions, signature_of

NEWEST_FILES = 8
"""Newest files from which the time of the data is read. Chosen: a few, as one may be late."""
_LATE_S = 28 * DAY_S
"""Rows that come so late are still given. Chosen: `feedback` counts the usual rate over so long."""
_TABLES: Mapping[What, tuple[str, ...]] = {
    "reference": (*network_tables.STEMS, *customer_tables.STEMS, "calendar"),
    "alarms": ("alarms",),
    "tickets": ("tickets",),
    "works": ("maintenance",),
    "contacts": ("contacts",),
    "surveys": ("surveys",),
    "events": ("subscriber_events",),
}
"""Tables of the dataset (CONTRACTS.md section 1) by what flows in with them; snapshots, but for the last three."""
_SNAPSHOTS = frozenset(_TABLES) - {"contacts", "surveys", "events"}


class OperatorDataset:
    """A feed over a directory laid out by CONTRACTS.md section 1: a `CounterFeed`, and more by `feed`.

    A row arrives at the end of its period plus the arrival delay (`arrival_delay_s`, else operator.toml's), a file that
    arrivals.csv names at its time there. Of a file that holds several periods each is given by itself. A file in which no
    period can be made out is given first of all, so that reading it can give the reason.
    """

    def __init__(
        self,
        root: Path,
        pseudonymiser: Pseudonymiser,
        *,
        name: str = "dataset",
        what: Collection[What] = EVERYTHING,
        arrival_delay_s: int | None = None,
        tables: TableOptions | None = None,
    ) -> None:
        """`what`: tables of anything else are not read. `tables`: how the others are read."""
        if not root.is_dir():
            raise Misconfigured("there is no such directory", where=str(root), mend="name an operator dataset")
        self._root, self._name, self._what, self._delay = root, name, frozenset(what), arrival_delay_s
        self._files = CounterFiles(root)
        self._attachments = AttachmentFiles(pseudonymiser)
        wanted = {"arrivals", *(stem for one in self._what for stem in _TABLES.get(one, ()))}
        self._reference = ReferenceFiles(root, pseudonymiser, replace(tables or TableOptions(), wanted=wanted))
        self._now: float | None = None
        self._listed: tuple[object, list[SourceFile]] | None = None
        self._folders: list[Path] = []
        self._held: tuple[Reference, Reference] | None = None

    @property
    def name(self) -> str:
        return self._name

    def feed(self, *, every_s: float = 0.0, silent_after_s: float | None = None) -> Feed:
        """The requested part of it, as a feed."""
        wanted, name = self._what, self._name
        version = self.people_version
        contacts = _Rows[Sequence[Contact]](name, "contacts.csv", self.contacts, (), version)
        surveys = _Rows[Sequence[Survey]](name, "surveys.csv", self.surveys, (), version)
        events = _Rows[Sequence[SubscriberEvent]](name, "subscriber_events.csv", self.subscriber_events, (), version)
        return Feed(
            name=name,
            counters=self if "counters" in wanted else None,
            reference=_FolderReference(self) if wanted & _SNAPSHOTS else None,
            presence=_Rows(name, "attachments", self.presence, no_presence(), lambda: "") if "presence" in wanted else None,
            contacts=contacts if "contacts" in wanted else None,
            surveys=surveys if "surveys" in wanted else None,
            events=events if "events" in wanted else None,
            every_s=every_s,
            silent_after_s=silent_after_s,
        )

    @property
    def operator(self) -> Operator:
        """operator.toml, with this feed's own arrival delay if it has one."""
        said = self._reference.operator
        return said if self._delay is None else replace(said, arrival_delay_s=self._delay)

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        self._now = now
        listed = self._all_files()
        low, high = (bisect_right(listed, at, key=lambda p: p.arrived_at) for at in (after, now))
        return listed[low:high]

    def newest_periods(self, now: float) -> Sequence[Window]:
        listed = self._all_files()
        arrived = listed[: bisect_right(listed, now, key=lambda p: p.arrived_at)]
        return [source_file.window for source_file in reversed(arrived) if source_file.window is not None][:NEWEST_FILES]

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        whole = file.window
        span = Window(whole.start, whole.start + 1) if whole is not None else window
        known = self._now if self._now is not None else file.arrived_at
        for batch in self._files.read(file_of(file), findings, self._reference.zone, span):
            other = whole is not None and (batch.start, batch.duration_s) != (whole.start, whole.seconds)
            if other or (window is not None and not window.contains(batch.start)):
                continue
            if batch.start > max(known, file.arrived_at) + DAY_S:
                example = f"period {utc(batch.start).isoformat()} is more than a day ahead of the clock"
                findings.add("clock_in_future", batch.file, example, len(batch.objects))
                continue
            yield batch

    def set_aside(self, file: SourceFile, reason: str) -> None:
        """A dataset stays as it is."""

    def passed_over(self, findings: Findings) -> None:
        """Nothing: a dataset has been looked over before it is replayed."""

    def people_version(self) -> str:
        """Another text whenever the tables of people that the last answers rest on have changed: rows of an earlier time may
        have come with them. The same for ever here, for each row of a dataset is given at its own time."""
        return ""

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        reference = self._reference.at(now, findings)
        return reference if self._delay is None else self._delayed(reference)

    def _delayed(self, reference: Reference) -> Reference:
        """The same reference with this source's own delay; the same object while nothing changes."""
        if self._held is None or self._held[0] is not reference:
            self._held = reference, replace(reference, operator=self.operator)
        return self._held[1]

    @property
    def says_operator(self) -> bool:
        """Whether operator.toml is there."""
        return (self._root / "operator.toml").exists()

    def presence(self, after: float, now: float, findings: Findings) -> Presence:
        """Attachments that arrived in (after, now], of whomever and wherever."""
        files, delay = self._attachment_files(now), self.operator.arrival_delay_s
        return self._attachments.arrived(files, after, now, delay, self._reference.zone, findings)

    def contacts(self, after: float, now: float, findings: Findings) -> Sequence[Contact]:
        """Contacts made in (after, now], by whomever."""
        return _made_in(self._reference.contacts(findings), after, now)

    def surveys(self, after: float, now: float, findings: Findings) -> Sequence[Survey]:
        """Surveys answered in (after, now]."""
        return _made_in(self._reference.surveys(findings), after, now)

    def subscriber_events(self, after: float, now: float, findings: Findings) -> Sequence[SubscriberEvent]:
        """Departures, offers and credits of (after, now]."""
        return _made_in(self._reference.subscriber_events(findings), after, now)

    def _attachment_files(self, now: float) -> list[AttachmentFile]:
        arrivals = self._reference.arrivals()
        return [AttachmentFile(path, rel, arrivals.get(rel)) for path, rel in files_below(self._root, "attachments")]

    def _all_files(self) -> list[SourceFile]:
        """Every file in order of (arrived_at, name); listed anew when a directory or the reference changes."""
        arrivals, operator = self._reference.arrivals(), self.operator
        signature = signature_of(self._folders), operator, tuple(arrivals.items())
        if self._listed is None or self._listed[0] != signature:
            top = self._root / "counters"
            self._folders = [top, *(path for path in top.rglob("*") if path.is_dir())]
            signature = signature_of(self._folders), operator, tuple(arrivals.items())
            zone = self._reference.zone
            found = [self._files.describe(path) for path, _ in files_below(self._root, "counters")]
            held = {file: self._files.periods(file, zone) for file in found}
            parts = [p for file in found for p in self._parts_of(file, held[file], arrivals.get(file.name), operator)]
            first = min((p.arrived_at for p in parts), default=1.0)  # later than the 0 from which a first pull begins
            parts += [self._file(file, arrivals.get(file.name, first)) for file in found if not held[file]]
            self._listed = signature, sorted(parts, key=lambda p: (p.arrived_at, p.name))
        return self._listed[1]

    def _parts_of(
        self, file: CounterFile, held: Sequence[Window], arrived_at: float | None, operator: Operator
    ) -> list[SourceFile]:
        parts = []
        for period in held:
            at = arrived_at if arrived_at is not None else period.end + operator.arrival_delay_s
            name = file.name if len(held) == 1 else file.name + _suffix(period)
            parts.append(replace(self._file(file, at), name=name, window=period))
        return parts

    def _file(self, file: CounterFile, at: float) -> SourceFile:
        return SourceFile(self._name, file.name, file.sha256, float(at), file.size)


@dataclass(frozen=True)
class _FolderReference:
    """The snapshots of a folder."""

    folder: OperatorDataset

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def operator(self) -> Operator | None:
        return self.folder.operator if self.folder.says_operator else None

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        return self.folder.reference(now, findings)


@dataclass(frozen=True)
class _Rows(Generic[Rows]):
    """An `EventFeed` over a table that is read by spans of time. Its cursor's position is the table's version: where that
    has changed, late rows are given again, and the caller keeps which of them it has."""

    name: str
    where: str
    between: Callable[[float, float, Findings], Rows]
    nothing: Rows
    version: Callable[[], str]

    def new(self, cursor: Cursor, now: float, findings: Findings) -> Arrivals[Rows]:
        if now <= cursor.until:
            return Arrivals(self.nothing, self.nothing, cursor)
        rows = self.between(cursor.until, now, findings)
        version = self.version()
        changed = cursor.until > 0 and version != cursor.position
        late = self.between(max(0.0, cursor.until - _LATE_S), cursor.until, Findings()) if changed else self.nothing
        return Arrivals(rows, late, Cursor(now, version))


def _made_in(listed: Sequence[Made], after: float, now: float) -> Sequence[Made]:
    low, high = (bisect_right(listed, at, key=lambda one: one.at) for at in (after, now))
    return listed[low:high]


def file_of(part: SourceFile) -> str:
    """The name of the file that this is, or is a period of."""
    return part.name.removesuffix(_suffix(part.window)) if part.window is not None else part.name


def _suffix(period: Window) -> str:
    return f"@{period.start}+{period.seconds}"
