"""An operator dataset on disk, replayed under a clock: each file is given when it would have arrived, never earlier."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from detector.domain.counters import CounterBatch
from detector.domain.customer import Contact, SubscriberEvent, Survey
from detector.domain.errors import Misconfigured
from detector.domain.exposure import Presence
from detector.domain.finding import Findings
from detector.domain.ports import Operator, Reference, SourceFile
from detector.domain.window import Window, utc
from detector.sources.budget import FileBudget
from detector.sources.counter_files import CounterFile, CounterFiles
from detector.sources.identity import Pseudonymiser
from detector.sources.listing import files_below
from detector.sources.plausible import Made, of_known, presence_of_known
from detector.sources.presence import AttachmentFile, AttachmentFiles
from detector.sources.reference import ReferenceFiles, Signature, signature_of

DAY_S = 86_400
NEWEST_FILES = 8
"""So many of the newest files say what time it is by the data."""


class OperatorDataset:
    """`domain.ports.Source` over a directory laid out as CONTRACTS.md section 1 says.

    A row arrives at the end of its period plus the arrival delay (`arrival_delay_s`, else operator.toml's), a file that
    arrivals.csv names at its time there. A file that holds several periods gives a file for each. A file in which no
    period can be made out is given first of all, so that reading it can say why.
    """

    name = "dataset"

    def __init__(
        self,
        root: Path,
        pseudonymiser: Pseudonymiser,
        *,
        arrival_delay_s: int | None = None,
        each: bool = False,
        budget: FileBudget | None = None,
        settled: Callable[[Signature], bool] = lambda _signature: True,
    ) -> None:
        """`each`, `budget`, `settled`: of tables, see `ReferenceFiles`."""
        if not root.is_dir():
            raise Misconfigured("there is no such directory", where=str(root), mend="name an operator dataset")
        self._root, self._delay = root, arrival_delay_s
        self._files = CounterFiles(root)
        self._attachments = AttachmentFiles(pseudonymiser)
        self._reference = ReferenceFiles(root, pseudonymiser, each=each, budget=budget, settled=settled)
        self._now: float | None = None
        self._listed: tuple[object, list[SourceFile]] | None = None
        self._folders: list[Path] = []
        self._held: tuple[Reference, Reference] | None = None

    @property
    def operator(self) -> Operator:
        """operator.toml, with this source's own arrival delay if it has one."""
        said = self._reference.operator
        return said if self._delay is None else replace(said, arrival_delay_s=self._delay)

    def source_files(self, after: float, now: float) -> Sequence[SourceFile]:
        self._now = now
        listed = self._all_pieces()
        low, high = (bisect_right(listed, at, key=lambda p: p.arrived_at) for at in (after, now))
        return listed[low:high]

    def newest_periods(self, now: float) -> Sequence[Window]:
        listed = self._all_pieces()
        arrived = listed[: bisect_right(listed, now, key=lambda p: p.arrived_at)]
        return [source_file.window for source_file in reversed(arrived) if source_file.window is not None][:NEWEST_FILES]

    def read(self, source_file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        whole = source_file.window
        span = Window(whole.start, whole.start + 1) if whole is not None else window
        known = self._now if self._now is not None else source_file.arrived_at
        for batch in self._files.read(file_of(source_file), findings, self._reference.zone, span):
            other = whole is not None and (batch.start, batch.duration_s) != (whole.start, whole.seconds)
            if other or (window is not None and not window.contains(batch.start)):
                continue
            if batch.start > max(known, source_file.arrived_at) + DAY_S:
                example = f"period {utc(batch.start).isoformat()} is more than a day ahead of the clock"
                findings.add("clock_in_future", batch.file, example, len(batch.objects))
                continue
            yield batch

    def set_aside(self, source_file: SourceFile, reason: str) -> None:
        """A dataset stays as it is."""

    def passed_over(self, findings: Findings) -> None:
        """Nothing: a dataset has been looked over before it is replayed."""

    def people_version(self) -> str:
        """The same for ever: each row of a dataset is given at its own time."""
        return ""

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        reference = self._reference.at(now, findings)
        return reference if self._delay is None else self._delayed(reference)

    def _delayed(self, reference: Reference) -> Reference:
        """The same reference with this source's own delay; the same object while nothing changes."""
        if self._held is None or self._held[0] is not reference:
            self._held = reference, replace(reference, operator=self.operator)
        return self._held[1]

    def presence(self, after: float, now: float, findings: Findings) -> Presence:
        files, delay = self._attachment_files(now), self.operator.arrival_delay_s
        arrived = self._attachments.arrived(files, after, now, delay, self._reference.zone, findings)
        if not len(arrived):
            return arrived
        known = self._reference.at(now)
        return presence_of_known(arrived, known.customers.subscribers, known.topology, now, findings)

    def contacts(self, after: float, now: float, findings: Findings) -> Sequence[Contact]:
        return self._of_known(_made_in(self._reference.contacts(findings), after, now), "contacts.csv", now, findings)

    def surveys(self, after: float, now: float, findings: Findings) -> Sequence[Survey]:
        return self._of_known(_made_in(self._reference.surveys(findings), after, now), "surveys.csv", now, findings)

    def subscriber_events(self, after: float, now: float, findings: Findings) -> Sequence[SubscriberEvent]:
        rows = _made_in(self._reference.subscriber_events(findings), after, now)
        return self._of_known(rows, "subscriber_events.csv", now, findings)

    def _of_known(self, rows: "Sequence[Made]", where: str, now: float, findings: Findings) -> "Sequence[Made]":
        return of_known(rows, self._reference.at(now).customers.subscribers, where, findings) if rows else rows

    def _attachment_files(self, now: float) -> list[AttachmentFile]:
        told = self._reference.arrivals()
        return [AttachmentFile(path, rel, told.get(rel)) for path, rel in files_below(self._root, "attachments")]

    def _all_pieces(self) -> list[SourceFile]:
        """Every file in order of (arrived_at, name); listed anew when a directory or the reference changes."""
        told, operator = self._reference.arrivals(), self.operator
        signature = signature_of(self._folders), operator, tuple(told.items())
        if self._listed is None or self._listed[0] != signature:
            top = self._root / "counters"
            self._folders = [top, *(path for path in top.rglob("*") if path.is_dir())]
            signature = signature_of(self._folders), operator, tuple(told.items())
            zone = self._reference.zone
            found = [self._files.describe(path) for path, _ in files_below(self._root, "counters")]
            held = {file: self._files.periods(file, zone) for file in found}
            source_files = [p for file in found for p in self._pieces_of(file, held[file], told.get(file.name), operator)]
            first = min((p.arrived_at for p in source_files), default=1.0)  # later than the 0 from which a first pull asks
            source_files += [self._piece(file, told.get(file.name, first)) for file in found if not held[file]]
            self._listed = signature, sorted(source_files, key=lambda p: (p.arrived_at, p.name))
        return self._listed[1]

    def _pieces_of(
        self, file: CounterFile, held: Sequence[Window], told: float | None, operator: Operator
    ) -> list[SourceFile]:
        source_files = []
        for period in held:
            at = told if told is not None else period.end + operator.arrival_delay_s
            name = file.name if len(held) == 1 else file.name + _suffix(period)
            source_files.append(replace(self._piece(file, at), name=name, window=period))
        return source_files

    def _piece(self, file: CounterFile, at: float) -> SourceFile:
        return SourceFile(self.name, file.name, file.sha256, float(at), file.size)


def _made_in(listed: Sequence[Made], after: float, now: float) -> Sequence[Made]:
    low, high = (bisect_right(listed, at, key=lambda one: one.at) for at in (after, now))
    return listed[low:high]


def file_of(source_file: SourceFile) -> str:
    """The path of the file that it is, or is a period of."""
    return source_file.name.removesuffix(_suffix(source_file.window)) if source_file.window is not None else source_file.name


def _suffix(period: Window) -> str:
    return f"@{period.start}+{period.seconds}"
