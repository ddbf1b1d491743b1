"""Which counters a catalogue understands, and what was probably meant by the others."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from detector.kpis.catalogue import ANY_VENDOR, PERIOD, Catalogue
from detector.kpis.stems import StemNames

CLOSE = 0.86
"""Similarity (difflib's ratio) from which an unknown name is taken for a misspelt known one. Chosen: one letter in eight."""
_SHARE_WORDS = frozenset({"sr", "rate", "ratio", "pct", "percent", "percentage", "perc", "kpi"})
_WORD = re.compile(r"[A-Za-z]+|\d+")


@dataclass(frozen=True)
class Meant:
    """What an unknown counter probably is: `name` is the catalogue's, or the `vendor`'s own."""

    name: str
    vendor: str = ""
    share: bool = False
    """It is named like a finished share in per cent, which no counter is."""

    def __str__(self) -> str:
        if self.share:
            return "named like a finished ratio: counts of attempts and of successes are needed"
        return f"did you mean {self.name}" + (f" of {self.vendor}?" if self.vendor else "?")


@dataclass(frozen=True)
class CounterNames:
    """The names of one catalogue, to hold those of files against."""

    catalogue: Catalogue

    @cached_property
    def _stems(self) -> StemNames:
        return StemNames(self.catalogue)

    @cached_property
    def _known(self) -> Mapping[str, Meant]:
        """Folded name -> what it is: the catalogue's own first."""
        found: dict[str, Meant] = {}
        for stem in (*self.catalogue.stems, *self.catalogue.counters):
            found.setdefault(_folded(stem), Meant(stem))
        for vendor, table in self.catalogue.aliases.items():
            for formula in table.values() if vendor != ANY_VENDOR else ():
                for name in formula.names:
                    found.setdefault(_folded(name), Meant(name, vendor))
        return found

    def unknown(self, counters: Sequence[str]) -> tuple[str, ...]:
        """Those that no formula and no alias names, in their order."""
        used = set(self._stems.wanted(tuple(counters)).tolist())
        return tuple(name for i, name in enumerate(counters) if i not in used)

    def meant(self, counter: str, present: Iterable[str] = ()) -> Meant | None:
        """The likeliest known name for an unknown one, unless that is `present` itself; None = nothing is like it."""
        folded, here = _folded(counter), {_folded(name.removesuffix(".sum")) for name in present}
        near = (folded,) if folded in self._known else _close_to(folded, tuple(self._known))
        found = next((name for name in near if name not in here), "")
        if found:
            return self._known[found]
        words = {word.lower() for word in _WORD.findall(counter)}
        return Meant(counter, share=True) if "%" in counter or words & _SHARE_WORDS else None

    def vendors(self, counters: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Vendor -> those of the counters that are its own names; only vendors that have some."""
        here = {name.removesuffix(".sum"): name for name in counters}
        found = {
            vendor: tuple(dict.fromkeys(here[n] for formula in table.values() for n in formula.names if n in here))
            for vendor, table in self.catalogue.aliases.items()
            if vendor != ANY_VENDOR
        }
        return {vendor: names for vendor, names in found.items() if names}

    def lacking(self, counters: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """KPI -> the stems that it needs and none of the counters (of all files together) gives."""
        present = self._given(tuple(counters))
        needs = {
            kpi.id: {n for formula in self.catalogue.formulas[kpi.id] if formula for n in formula.names} - {PERIOD}
            for kpi in self.catalogue.computed
        }
        return {kpi: tuple(sorted(stems - present)) for kpi, stems in needs.items() if stems - present}

    def _given(self, counters: tuple[str, ...]) -> set[str]:
        present = {stem for stem, ways in self._stems.forms(counters).items() if ways}
        literal = {name.removesuffix(".sum") for name in counters}
        for table in self.catalogue.aliases.values():
            present |= {stem for stem, formula in table.items() if literal.issuperset(formula.names)}
        return present


@lru_cache(maxsize=4096)  # each file of a series has the names of the one before
def _close_to(folded: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Up to three of the known names, the most similar first."""
    return tuple(difflib.get_close_matches(folded, known, 3, CLOSE))


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """Letters and digits alone, small: how a name is spelt in another export.

    >>> _folded("RRC.ConnEstabAtt"), _folded("rrc_conn_estab_att")
    ('rrcconnestabatt', 'rrcconnestabatt')
    """
    return "".join(c for c in name.removesuffix(".sum").casefold() if c.isalnum())
