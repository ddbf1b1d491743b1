"""From raw counters to the stems that formulas name: each event counted once, whatever the file splits it into."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.kpis.catalogue import ANY_VENDOR, Catalogue
from detector.kpis.rows import CounterRows

Values = NDArray[np.float64]
_SPLITS = ("number", "5QI", "QCI", "cause", "SNSSAI", "PLMN", "ARP")
_SPLIT = re.compile(r"(5QI|QCI|S-?NSSAI|PLMN|ARP)|(\d)", re.IGNORECASE)


@dataclass
class StemNames:
    """Which raw counter names serve which stem of a catalogue; answers are cached."""

    catalogue: Catalogue
    _positions: dict[tuple[str, ...], NDArray[np.intp]] = field(default_factory=dict)
    _forms: dict[tuple[str, ...], Mapping[str, tuple[tuple[str, ...], ...]]] = field(default_factory=dict)

    @cached_property
    def _literal(self) -> frozenset[str]:
        """Names in vendors' own words: taken as they stand, for what follows a dot in them is no subcounter."""
        tables = self.catalogue.aliases.values()
        return frozenset(name for table in tables for formula in table.values() for name in formula.names)

    def wanted(self, counters: tuple[str, ...]) -> NDArray[np.intp]:
        """Positions of the names that a formula may need."""
        if counters not in self._positions:
            stems = set(self.catalogue.stems)
            own = [
                i
                for i, n in enumerate(counters)
                if not stems.isdisjoint(_prefixes(n)) or n.removesuffix(".sum") in self._literal
            ]
            self._positions[counters] = np.array(own, np.intp)
        return self._positions[counters]

    def without_commas(self, batch: CounterBatch, findings: Findings) -> CounterBatch:
        """The batch with numbers alone: of a counter that a formula needs and that is no histogram, `1,600` is no value.

        It could be 1600 written for people, or two bins that no formula uses: the value is missing, which is a finding.
        """
        names, values = list(batch.counters), batch.values
        for name, commas in batch.lists.items():
            stem = name.removesuffix(".sum")
            bins = [i for i, n in enumerate(names) if n.rpartition(".")[0] == name and n not in self.catalogue.stems]
            needed = stem in self.catalogue.stems or stem in self._literal
            if not needed or self.catalogue.counter(stem).histogram or not bins:
                continue
            example = f"{name} = {commas.example!r}: thousands, or a list? no histogram in the catalogue"
            findings.add("comma_in_number", batch.file, example, int(commas.rows.sum()))
            values = values if values is not batch.values else values.copy()
            values[np.ix_(np.flatnonzero(commas.rows), np.array(bins))] = np.nan
            names[bins[0]] = name
            for at in bins[1:]:
                names[at] = f"{name},{at}"  # a name that no formula can have
        return batch if values is batch.values else replace(batch, counters=tuple(names), values=values, lists={})

    def forms(self, counters: tuple[str, ...]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        """Stem -> the ways to have it, best first: (`stem.sum`), (`stem`), then each complete split into subcounters."""
        if counters not in self._forms:
            self._forms[counters] = _forms(counters, self.catalogue.stems)
        return self._forms[counters]


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _forms(counters: Sequence[str], stems: Iterable[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    subs: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    known, present = set(stems), set(counters)
    for name in counters:
        for stem in _prefixes(name)[:-1]:
            if stem in known and not name.endswith(".sum"):
                subs[stem][_split(name[len(stem) + 1 :])].append(name)
    return {
        stem: (
            *((n,) for n in (f"{stem}.sum", stem) if n in present),
            *(tuple(subs[stem][split]) for split in _SPLITS if split in subs.get(stem, ())),
        )
        for stem in known
    }


def _split(sub: str) -> str:
    """By what a subcounter splits its stem: two splits of one stem count the same events twice.

    >>> [_split(s) for s in ("1", "5QI1", "mo-Data", "SNSSAI.01-000001")]
    ['number', '5QI', 'cause', 'SNSSAI']
    """
    match = _SPLIT.match(sub)
    if not match:
        return "cause"
    return match[1].upper().replace("-", "") if match[1] else "number"


def stem_values(rows: CounterRows, names: StemNames, vendors: NDArray[np.str_]) -> dict[str, Values]:
    """Stem -> value per object, NaN = missing: the standard's own names first, else the vendor's.

    `vendors` holds each object's vendor in small letters, empty = not known (then the names present decide).
    """
    catalogue = names.catalogue
    nothing = np.full(len(rows.objects), np.nan)
    found = {
        stem: _first_form(rows, ways, catalogue.counter(stem).additive) if ways else nothing
        for stem, ways in names.forms(rows.counters).items()
    }
    tables = {vendor.casefold() for vendor in catalogue.aliases}
    unknown = ~np.isin(vendors, list(tables))
    for vendor, table in catalogue.aliases.items():
        fits = unknown | (vendors == vendor.casefold()) | (vendor == ANY_VENDOR)
        for stem, formula in table.items():
            literal = {name: _literal(rows, name) for name in formula.names}
            if stem in found and all(column is not None for column in literal.values()):
                own = formula.evaluate({n: c for n, c in literal.items() if c is not None})
                found[stem] = np.where(np.isnan(found[stem]) & fits, own, found[stem])
    return found


def _literal(rows: CounterRows, name: str) -> Values | None:
    at = rows.column.get(f"{name}.sum", rows.column.get(name))
    return None if at is None else rows.values[:, at]


def _first_form(rows: CounterRows, ways: Sequence[tuple[str, ...]], additive: bool) -> Values:
    """By object, the first way in which it is reported; NULL if any part of that way is NULL. Never two ways."""
    result, open_ = np.full(len(rows.objects), np.nan), np.ones(len(rows.objects), bool)
    for way in ways:
        cols = [rows.column[name] for name in way]
        parts, reported = rows.values[:, cols], rows.reported[:, cols]
        here = reported.any(axis=1) & open_
        total = np.where(reported, parts, 0.0).sum(axis=1)
        value = total if additive else total / np.maximum(reported.sum(axis=1), 1)
        if len(cols) == 1:
            here &= np.isfinite(value)
        result = np.where(here, value, result)
        open_ &= ~here
    return result
