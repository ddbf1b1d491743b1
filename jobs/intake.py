"""What a pull read, before it is turned into KPIs: which files, which periods, which counters; and what cannot be meant."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.domain.cell import Topology, base_object
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.ports import SourceFile
from detector.kpis import Catalogue, CounterNames, ObjectNames

WHOLE = ""
_MOST_STARTS = 12
"""Starts of periods kept of each part. Chosen: enough for their distance."""
_MOST_OBJECTS = 200
"""Objects of a list of counters whose vendor is read. Chosen: a majority is sure."""
_NUMBER = re.compile(r"\d+")
_APART = 10.0
"""Periods that begin so many times their length apart, or overlap so much, are wrong. Chosen: gaps of some periods are
not."""
_UNITS = {60.0: "minutes", 3600.0: "hours", 0.001: "milliseconds"}
"""Distance of their starts / length -> the unit in which the length is probably written."""


@dataclass
class Part:
    """Files of one kind: when the newest arrived, until when their data reach, how long their periods are and when they
    begin. `series`: the name that they have in common, empty if they are of several names."""

    series: str = ""
    arrived_at: float = 0.0
    data_until: int = 0
    duration_s: int = 0
    starts: set[int] = field(default_factory=set)
    files: set[tuple[str, str]] = field(default_factory=set)
    """(name, sha256)."""


@dataclass
class Listed:
    """One list of counters: the first file that has it, in how many rows, and some of their objects, each as (managed
    element, name)."""

    file: str
    rows: int = 0
    objects: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Intake:
    """Filled while a pull reads."""

    rows: int = 0
    arrived_at: float = 0.0
    parts: dict[str, Part] = field(default_factory=dict)
    counters: dict[tuple[str, ...], Listed] = field(default_factory=dict)

    def add(self, source_file: SourceFile, batches: Sequence[CounterBatch]) -> None:
        """What one file held."""
        self.arrived_at = max(self.arrived_at, source_file.arrived_at)
        for batch in batches:
            self.rows += len(batch.objects)
            series = series_of(batch.file)
            for name, own in ((WHOLE, ""), (f"periods of {batch.duration_s} s", ""), (f"files {series}", series)):
                part = self.parts.setdefault(name, Part(own))
                part.arrived_at = max(part.arrived_at, source_file.arrived_at)
                part.data_until = max(part.data_until, batch.start + batch.duration_s)
                part.duration_s = max(part.duration_s, batch.duration_s)
                part.starts.add(batch.start)
                part.files.add((batch.file, source_file.sha256))
            known = self.counters.setdefault(batch.counters, Listed(batch.file))
            known.rows += len(batch.objects)
            if len(known.objects) < _MOST_OBJECTS:
                known.objects.update((batch.managed_element, name) for name in batch.objects[:_MOST_OBJECTS])


def series_of(file: str) -> str:
    """The name of a file without its numbers: files that follow one another have the same.

    >>> series_of("counters/north/A20260324.1200+0000-1215+0000_n17.xml")
    'counters/north/A#.#+#-#+#_n#.xml'
    """
    return _NUMBER.sub("#", file)


def starts_kept(known: Iterable[int], fresh: Iterable[int]) -> list[int]:
    """The newest of both, in order."""
    return sorted({*known, *fresh})[-_MOST_STARTS:]


def check_counter_names(intake: Intake, catalogue: Catalogue, topology: Topology, findings: Findings) -> dict[str, str]:
    """Counters that no formula names -> what was probably meant, empty = nothing is like them. A finding for each that is
    probably misspelt, for each file of which nothing is understood, and for names of another vendor than the cells'."""
    names, unused = CounterNames(catalogue), dict[str, str]()
    for counters, listed in intake.counters.items():
        unknown = names.unknown(counters)
        where, whole = series_of(listed.file), len(unknown) == len(counters)
        likely = {name: meant for name in unknown if name not in unused and (meant := names.meant(name, counters))}
        unused |= {name: str(likely.get(name, "")) for name in unknown if name not in unused}
        if whole:
            some = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
            guess = next((f"{name}: {meant}" for name, meant in likely.items()), "see docs/how-to/add-a-kpi-or-vendor.md")
            what = f"none of its {len(counters)} counters is known ({some or 'it has none'}); {guess}"
            findings.add("unknown_counters", where, f"{listed.file}: {what}", listed.rows)
        for name, meant in likely.items() if not whole else ():
            findings.add("unknown_counter", name, f"{listed.file}: {meant}", listed.rows)
        _check_vendor(names, counters, listed, topology, findings)
    return unused


def _check_vendor(
    names: CounterNames, counters: tuple[str, ...], listed: Listed, topology: Topology, findings: Findings
) -> None:
    """Names of one vendor in rows of cells of another, for which the catalogue has names of its own."""
    tables = {vendor.casefold(): vendor for vendor in names.catalogue.aliases}
    found, objects = names.vendors(counters), ObjectNames(topology)
    for vendor, own in found.items():
        wrong = []
        for element, name in listed.objects:
            cell = topology.cells.get(base_object(objects.object_of(name, element) or ""))
            said = cell.vendor.casefold() if cell else ""
            if cell and said in tables and said != vendor.casefold() and tables[said] not in found:
                wrong.append(cell)
        if wrong:
            what = f"{len(own)} counters of {listed.file} are {vendor}'s ({own[0]}, ...)"
            mend = f"but {wrong[0].cell_id} says vendor {wrong[0].vendor!r}: set vendor = {vendor}"
            findings.add("wrong_vendor", "cells.csv", f"{what}, {mend}", len(wrong))


def check_period_lengths(series: str, starts: Sequence[int], duration_s: int, findings: Findings) -> None:
    """A finding for periods that begin much farther apart than they are long, or much closer: a length in another unit."""
    if len(starts) < 3 or duration_s <= 0:
        return
    apart = int(np.diff(np.array(starts)).min())
    ratio = apart / duration_s
    unit = next((unit for times, unit in _UNITS.items() if abs(ratio / times - 1) < 0.05), None)
    if unit is None and 1 / _APART < ratio < _APART:
        return
    likely = f"it is written in {unit}: " if unit else ""
    findings.add(
        "impossible_duration",
        series,
        f"periods of {duration_s} s begin {apart} s apart; {likely}duration_s = {apart} was probably meant",
    )
