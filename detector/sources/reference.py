"""Everything of an operator dataset that is not measured, as known at one instant; cheap to request at every tick."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detector.domain.customer import Contact, SubscriberEvent, Survey
from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.domain.ports import Operator, Reference
from detector.sources import customer_tables, network_tables, operations_tables
from detector.sources.budget import FileBudget
from detector.sources.identity import Pseudonymiser
from detector.sources.last_good import KEPT, LastGood, Noun, ReadTable
from detector.sources.read_errors import unexpected
from detector.sources.records import ENDINGS, Record, table
from detector.sources.timestamps import duration_s
from detector.toml_file import read_toml

Value = TypeVar("Value")
Signature = tuple[tuple[str, int, int], ...]


class Held(Generic[Value]):
    """A value made from files, made again only when one of them changes. A file that has become unusable is handed to
    `refused`, and what was read before stays: detection does not stop for a table that was half exported. Without anything
    read before, `get` raises Misconfigured.

    `settled`: whether a signature is old enough to be read; until then what was read before counts. `hindered`: whether the
    last load lacks something for a reason outside the files; it is then made again after AGAIN_S, twice that, and so on.
    """

    def __init__(
        self,
        root: Path,
        names: Iterable[str],
        load: Callable[[], Value],
        refused: Callable[[Misconfigured, str], None],
        *,
        settled: Callable[[Signature], bool] = lambda _signature: True,
        hindered: Callable[[], bool] = lambda: False,
    ) -> None:
        self._paths = [root / name for name in names]
        self._load, self._refused, self._settled, self._hindered = load, refused, settled, hindered
        self._signature: Signature | None = None
        self._again_at, self._pause_s = float("inf"), AGAIN_S
        self._value: Value

    @property
    def signature(self) -> Signature:
        """Of the files that were read last."""
        return self._signature or ()

    def get(self) -> Value:
        signature = signature_of(self._paths)
        if signature != self._signature:
            if self._signature is None or self._settled(signature):
                self._make(signature)
        elif monotonic() >= self._again_at:
            self._make(signature)
        return self._value

    def _make(self, signature: Signature) -> None:
        try:
            self._value = self._load()
        except Exception as error:
            refusal = error if isinstance(error, Misconfigured) else _unforeseen(error, self._paths[-1].name)
            if self._signature is None:
                raise refusal from error
            self._refused(refusal, KEPT)
        self._pause_s = self._pause_s * 2 if signature == self._signature else AGAIN_S
        self._again_at = monotonic() + min(self._pause_s, LONGEST_PAUSE_S) if self._hindered() else float("inf")
        self._signature = signature


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How the tables of a directory are read. `wanted`: by name, the others are taken for absent; None = all. `each`: one
    that cannot be read costs itself alone (see `LastGood`). `budget`: of one table. `settled`: see `Held`. `operator`: what
    counts where there is no operator.toml."""

    wanted: Collection[str] | None = None
    each: bool = False
    budget: FileBudget | None = None
    settled: Callable[[Signature], bool] = lambda _signature: True
    operator: Callable[[], Operator] = Operator


class ReferenceFiles:
    """The reference part of a dataset directory: `at(now)` gives what was known then, `contacts` and `arrivals` all.

    What is wrong in a file is a finding once, for the first caller after it was read.
    """

    def __init__(self, root: Path, names: Pseudonymiser, options: TableOptions) -> None:
        self._root, self._options = root, options
        self._found = Findings()
        self._said = Operator()
        self._lock = RLock()
        self._tables = LastGood(self._refused, options.budget)
        read = _only(options.wanted, self._tables.table if options.each else table)

        def make(load: Callable[..., Value], *how: object) -> Callable[[], Value]:
            return lambda: load(root, *how, self.zone, self._found, read=read)

        self._operator = Held(root, ["operator.toml"], lambda: read_operator(root / "operator.toml"), self._refused)
        self._network = self._held(network_tables.STEMS, make(network_tables.network))
        self._operations = self._held(
            operations_tables.STEMS,
            lambda: operations_tables.operations(root, self.zone, self._found, self.operator.country, read),
        )
        self._customers = self._held(customer_tables.STEMS, make(customer_tables.customers, names))
        self._contacts = self._held(["contacts"], make(customer_tables.contacts, names))
        self._surveys = self._held(["surveys"], make(customer_tables.surveys, names))
        self._events = self._held(["subscriber_events"], make(customer_tables.subscriber_events, names))
        self._arrivals = self._held(
            ["arrivals"], lambda: dict(read(root, "arrivals", ARRIVAL, _arrival, self.zone, self._found))
        )
        self._last: tuple[tuple[object, ...], Reference] | None = None

    def _held(self, stems: Sequence[str], load: Callable[[], Value]) -> Held[Value]:
        files = [stem + ending for stem in stems for ending in ENDINGS]

        def hindered() -> bool:
            found, self._tables.hindered = self._tables.hindered, False
            return found

        return Held(
            self._root, ["operator.toml", *files], load, self._refused, settled=self._options.settled, hindered=hindered
        )

    @property
    def operator(self) -> Operator:
        own = self._operator.get()
        said = own if (self._root / "operator.toml").exists() else self._options.operator()
        if said != self._said:
            self._said = said
        return self._said

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.operator.timezone)

    def at(self, now: float, findings: Findings | None = None) -> Reference:
        """The same object again while nothing has changed. Of two threads that call at once, one reads; without `findings`
        what it found waits for the next caller with them."""
        with self._lock:
            topology = self._network.get().at(now)
            works = self._operations.get().at(now)
            people, raw = known = self._customers.get().at(now)
            if findings is not None:
                self._tell(findings)
            parts = (self.operator, topology, works, known)
            if self._last is None or any(a is not b for a, b in zip(parts, self._last[0], strict=True)):
                self._last = parts, Reference(self.operator, topology, works, people, raw)
            return self._last[1]

    def contacts(self, findings: Findings) -> list[Contact]:
        """All contacts in order of time, those to come included."""
        listed = self._contacts.get()
        self._tell(findings)
        return listed

    def surveys(self, findings: Findings) -> list[Survey]:
        """All answers in order of time, those to come included."""
        listed = self._surveys.get()
        self._tell(findings)
        return listed

    def subscriber_events(self, findings: Findings) -> list[SubscriberEvent]:
        """All of them in order of time, those to come included."""
        listed = self._events.get()
        self._tell(findings)
        return listed

    @property
    def people_version(self) -> str:
        """Changes with the tables of people that were read last."""
        held = (self._customers, self._contacts, self._surveys, self._events)
        files = [file for one in held for file in one.signature]
        return hashlib.sha256(repr(files).encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def _refused(self, error: Misconfigured, instead: str) -> None:
        self._found.add("table_refused", error.where, f"{error.what}; {error.mend}: {instead}")

    def _tell(self, findings: Findings) -> None:
        findings.extend(self._found)
        self._found = Findings()

    def arrivals(self) -> dict[str, int]:
        """File name below the root -> when it arrived, where that is found."""
        return self._arrivals.get()


def _only(wanted: Collection[str] | None, read: ReadTable) -> ReadTable:
    """Reads tables of these names alone."""

    def table_of(
        root: Path,
        stem: str,
        required: Sequence[str],
        make: Callable[[Record], Noun],
        zone: tzinfo,
        findings: Findings,
    ) -> list[Noun]:
        return read(root, stem, required, make, zone, findings) if wanted is None or stem in wanted else []

    return table_of


def _unforeseen(error: Exception, name: str) -> Misconfigured:
    """Values are not repeated: the table may be about people."""
    found = unexpected(error, name, private=True)
    return Misconfigured(found.what, where=found.where, mend=found.mend)


AGAIN_S, LONGEST_PAUSE_S = 60.0, 3600.0
"""Between two attempts to read what a failing disk or a lack of memory kept from being read."""
ARRIVAL = ("file", "arrived_at")
_LONGEST_S = {"arrival_delay": (0, 7 * 86_400), "tick": (60, 86_400)}
"""Key -> (least, most): data a week old are no feed, and a period lies between a minute and a day."""
_LENGTH = re.compile(r"(\d{1,9})\s*(s|sec|seconds?|min|minutes?|h|hours?)?")


def _arrival(row: Record) -> tuple[str, int]:
    return row.needed("file"), row.needed_time("arrived_at")


def signature_of(paths: Iterable[Path]) -> Signature:
    """(path, mtime, size) of those that are there; of a link to nothing its own."""
    found = []
    for path in paths:
        try:
            stat = path.stat() if path.exists() else path.lstat()
        except OSError:
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def read_operator(path: Path) -> Operator:
    """`operator.toml`, defaults for absent keys. Raises Misconfigured naming the key."""
    if not path.exists():
        return Operator()
    if not path.is_file():  # a pipe would be waited for
        raise Misconfigured("it is no file", where=path.name, mend="put operator.toml in its place, or take it away")
    said = read_toml(path, where=path.name, mend="make it a file that can be read, or take it away")
    known = ("timezone", "country", "arrival_delay", "tick")
    if unknown := [key for key in said if key not in known]:
        raise Misconfigured("unknown key", where=f"{path.name}: {unknown[0]}", mend=f"known are {', '.join(known)}")
    zone = str(said.get("timezone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        what = f"{zone!r} is no IANA time zone"
        raise Misconfigured(what, where=f"{path.name}: timezone", mend="write it like 'Europe/Berlin'") from error
    delay, tick = (
        _seconds(path, "arrival_delay", said.get("arrival_delay", 300)),
        _seconds(path, "tick", said.get("tick", 900)),
    )
    return Operator(zone, str(said.get("country", "")), delay, tick)


def _seconds(path: Path, key: str, value: object) -> int:
    """Seconds as a number, or a text like `5 min` or `PT5M`."""
    text = str(value).strip()
    least, most = _LONGEST_S[key]
    seconds = _length(text) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if seconds is None:
        raise Misconfigured(f"{text[:40]!r} is no duration", where=f"{path.name}: {key}", mend="write seconds, or '5 min'")
    if not least <= seconds <= most:
        mend = f"it is between {least} and {most} s"
        raise Misconfigured(f"{text[:40]!r} is out of range", where=f"{path.name}: {key}", mend=mend)
    return seconds


def _length(text: str) -> int | None:
    """In s; None for a text that is no duration."""
    if found := _LENGTH.fullmatch(text):
        return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]]
    try:
        return duration_s(text)
    except (ValueError, OverflowError):
        return None
