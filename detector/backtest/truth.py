"""What really happened: faults, who suffered, who complained. Only the scorer of a backtest reads it, never a stage.

Reads `truth.csv`, `truth_subscribers.csv`, `contacts.csv` and, for complaints without a cell, `attachments/**`, with the
readers of the sources, so that a table means the same in a replay and after it; file by file, so that a year of attachments
is never in memory.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.counter_tables import times
from detector.sources.folder_listing import files_below
from detector.sources.records import Record, find, table
from detector.sources.table_values import Table

SUFFERED_DEGRADED_S = 300.0
"""CONTRACTS section 4: a person suffered with one own failure, or with this many degraded seconds."""
PRESENT_S = 7200
"""How long before a complaint its sender's attachments locate the trouble. Chosen: people call within two hours."""
Made = TypeVar("Made")
_FAULT = ("fault_id", "object_id", "start", "end", "kind")
_ATTACHED = ("subscriber_id", "cell_id", "start", "duration_s")


@dataclass(frozen=True)
class Fault:
    """`scopes` are the objects that it hit, each in its own window. `severity` is empty where truth is silent."""

    fault_id: str
    kind: str
    scopes: tuple[tuple[str, Window], ...]
    customer_affecting: bool = True
    severity: str = ""

    @cached_property
    def window(self) -> Window:
        """From its first start to its last end, over all objects."""
        return Window(min(w.start for _, w in self.scopes), max(w.end for _, w in self.scopes))


@dataclass(frozen=True)
class Complaint:
    """A contact of category network or empty. `cell_id` is the contact's own; else `attachments` give where the sender was
    in the two hours before: (cell, window). `subscriber` is a pseudonym, empty for a social post without one."""

    contact_id: str
    at: int
    subscriber: str = ""
    cell_id: str = ""
    attachments: tuple[tuple[str, Window], ...] = ()


@dataclass(frozen=True)
class Truth:
    """None = not in the dataset, so that figures which need it are unknown, never zero.

    `sufferers`: fault id -> pseudonyms of those with an own failure or SUFFERED_DEGRADED_S degraded seconds in it.
    """

    faults: tuple[Fault, ...] | None = None
    sufferers: Mapping[str, frozenset[str]] | None = None
    complaints: tuple[Complaint, ...] | None = None

    @cached_property
    def fault(self) -> Mapping[str, Fault]:
        return {f.fault_id: f for f in self.faults or ()}


@dataclass(frozen=True)
class _Contact:
    """A contact about the network, or about nothing stated, by the raw id of its sender."""

    contact_id: str
    at: int
    subscriber: str
    cell_id: str


def read_truth(
    dataset: Path, pseudonym: Callable[[str], str], *, timezone: str = "UTC", findings: Findings | None = None
) -> Truth:
    """Faults, sufferers and complaints of an operator dataset (CONTRACTS section 1); an absent file gives None.

    `pseudonym` maps raw subscriber ids to the keys that the stages used; `timezone` is taken by times without offset.
    Rows that cannot be read are counted in `findings` and left out; contacts and attachments, which the sources judge, are
    not counted again. Raises Misconfigured, naming the file and the column, for a file without a column that it must have.
    """
    found, zone = Findings() if findings is None else findings, ZoneInfo(timezone)
    faults = _rows(dataset, "truth", _FAULT, _scope, zone, found)
    sufferers = _rows(dataset, "truth_subscribers", ("fault_id", "subscriber_id"), _sufferer, zone, found)
    contacts = _rows(dataset, "contacts", ("contact_id", "at"), _contact, zone, Findings())
    return Truth(
        None if faults is None else _faults(faults),
        None if sufferers is None else _sufferers(sufferers, pseudonym),
        None if contacts is None else _complaints(dataset, [c for c in contacts if c is not None], pseudonym, zone),
    )


def read_faults(dataset: Path, *, timezone: str = "UTC") -> tuple[Fault, ...] | None:
    """The faults of `truth.csv` alone, None without one: what a default window is chosen by, before anything is replayed.

    Raises Misconfigured for a file without a column that it must have, so that the error precedes the replay, not after it.
    """
    faults = _rows(dataset, "truth", _FAULT, _scope, ZoneInfo(timezone), Findings())
    return None if faults is None else _faults(faults)


def _rows(
    dataset: Path, stem: str, required: Sequence[str], make: Callable[[Record], Made], zone: tzinfo, findings: Findings
) -> list[Made] | None:
    return table(dataset, stem, required, make, zone, findings) if find(dataset, stem) else None


def _scope(row: Record) -> tuple[Fault, str, Window]:
    """One row: the fault without its scopes, an object and when it was hit."""
    start, end, kind = row.needed_time("start"), row.needed_time("end"), row.needed("kind")
    fault = Fault(row.needed("fault_id"), kind, (), _affects(kind, row.text("customer_affecting")), row.text("severity"))
    return fault, row.needed("object_id"), Window(start, max(start, end))


def _faults(rows: Iterable[tuple[Fault, str, Window]]) -> tuple[Fault, ...]:
    scopes: dict[str, list[tuple[str, Window]]] = defaultdict(list)
    said: dict[str, Fault] = {}
    for fault, object_id, window in sorted(rows, key=lambda row: (row[2].start, row[0].fault_id, row[1])):
        scopes[fault.fault_id].append((object_id, window))
        said.setdefault(fault.fault_id, fault)
    return tuple(
        Fault(f.fault_id, f.kind, tuple(scopes[f.fault_id]), f.customer_affecting, f.severity) for f in said.values()
    )


def _affects(kind: str, said: str) -> bool:
    """The value of the column; where it is empty, every kind but a glitch affects customers."""
    return said.lower() not in {"0", "0.0", "false", "no"} if said else kind != "glitch"


def _sufferer(row: Record) -> tuple[str, str]:
    """(fault, raw subscriber), the latter empty where the person did not suffer."""
    fault_id, subscriber = row.needed("fault_id"), row.needed("subscriber_id")
    bad = (row.number("failures") or 0) >= 1 or (row.number("degraded_s") or 0) >= SUFFERED_DEGRADED_S
    return fault_id, subscriber if bad else ""


def _sufferers(rows: Iterable[tuple[str, str]], pseudonym: Callable[[str], str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for fault_id, subscriber in rows:
        if subscriber:
            found[fault_id].add(pseudonym(subscriber))
    return {fault_id: frozenset(people) for fault_id, people in found.items()}


def _contact(row: Record) -> _Contact | None:
    if row.text("category").lower() not in ("", "network"):
        return None
    return _Contact(row.needed("contact_id"), row.needed_time("at"), row.text("subscriber_id"), row.text("cell_id"))


def _complaints(
    dataset: Path, contacts: Sequence[_Contact], pseudonym: Callable[[str], str], zone: tzinfo
) -> tuple[Complaint, ...]:
    contacts = sorted(contacts, key=lambda c: (c.at, c.contact_id))
    nowhere: dict[str, list[_Contact]] = defaultdict(list)
    for contact in contacts:
        if contact.subscriber and not contact.cell_id:
            nowhere[contact.subscriber].append(contact)
    attached = _attached(dataset, nowhere, zone) if nowhere else {}
    return tuple(
        Complaint(
            c.contact_id,
            c.at,
            pseudonym(c.subscriber) if c.subscriber else "",
            c.cell_id,
            tuple(sorted(attached.get(c.contact_id, ()))),
        )
        for c in contacts
    )


def _attached(dataset: Path, nowhere: Mapping[str, Sequence[_Contact]], zone: tzinfo) -> dict[str, list[tuple[str, Window]]]:
    """Contact id -> where its sender was in the PRESENT_S before it, for contacts without a cell."""
    found: dict[str, list[tuple[str, Window]]] = defaultdict(list)
    for path, name in files_below(dataset, "attachments"):
        try:
            for subscriber, cell, window in _stays(path, name, nowhere, zone):
                for contact in nowhere[subscriber]:
                    if window.start <= contact.at and window.end > contact.at - PRESENT_S:
                        found[contact.contact_id].append((cell, window))
        except Permanent:  # the sources have reported it
            continue
    return found


def _stays(path: Path, name: str, people: Mapping[str, object], zone: tzinfo) -> Iterator[tuple[str, str, Window]]:
    """(subscriber, cell, period) of these people's rows in a file of attachments."""
    ignored = Findings()
    with Table(path, name, _ATTACHED, private=True) as rows:
        rows.load(["subscriber_id", "cell_id", "start"], ["duration_s"], ignored)
        names, subscriber = rows.identifiers("subscriber_id", ignored)
        cells, cell = rows.identifiers("cell_id", ignored)
        wanted = np.array([*(one in people for one in names), False])[subscriber]
        if not wanted.any():
            return
        start = times(rows, "start", zone, name, ignored, private=True, of=(subscriber, cell))
        (duration,) = rows.numbers("duration_s")
        for i in np.flatnonzero(wanted & (cell >= 0) & (start >= 0) & (duration > 0)).tolist():
            yield names[subscriber[i]], cells[cell[i]], Window(int(start[i]), int(start[i] + duration[i]))
