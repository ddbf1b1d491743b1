"""The KPI catalogue: `kpis.toml`, checked line by line."""

import difflib
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from detector.domain.errors import Misconfigured
from detector.domain.kpi import FAMILIES, KPI_KINDS, Kpi
from detector.domain.toml_text import values_of
from detector.kpis.formula import Formula, compile_formula

COUNTER_KINDS = ("delta", "cumulative", "gauge")
DIRECTIONS = ("up", "down", "both", "none")
TECHNOLOGIES = ("LTE", "NR", "core", "any")
PERIOD = "period"
"""Name under which a formula finds the length of the measuring period, in seconds."""
ANY_VENDOR = "*"


@dataclass(frozen=True)
class Counter:
    """What is known of a counter stem.

    kind: delta (events of the period), cumulative (since start-up: differences count) or gauge (may be negative).
    additive: subcounters may be summed; otherwise (throughput or delay per class) their plain mean stands for the whole.
    histogram: a PM file may write it as a list of bins, `1,600,7`; any other counter with a comma has no value.
    """

    unit: str = "1"
    kind: str = "delta"
    additive: bool = True
    histogram: bool = False


@dataclass(frozen=True)
class Catalogue:
    """`kpis` in the file's order, `counters` by stem, `aliases[vendor][stem]` in the vendor's own names (`*`: any vendor).

    `hash` names the content (not comments or order): what was computed under another one is not comparable.
    """

    kpis: tuple[Kpi, ...]
    counters: Mapping[str, Counter] = field(default_factory=dict)
    aliases: Mapping[str, Mapping[str, Formula]] = field(default_factory=dict)
    hash: str = ""

    @cached_property
    def by_id(self) -> Mapping[str, Kpi]:
        """KPI id -> its definition."""
        return {k.id: k for k in self.kpis}

    @cached_property
    def computed(self) -> tuple[Kpi, ...]:
        """Those with counters behind them: all but the products."""
        return tuple(k for k in self.kpis if k.traits.computed)

    @cached_property
    def products(self) -> tuple[Kpi, ...]:
        return tuple(k for k in self.kpis if not k.traits.computed)

    @cached_property
    def formulas(self) -> Mapping[str, tuple[Formula, Formula | None]]:
        """KPI id -> its numerator and denominator."""
        return {
            k.id: (compile_formula(k.numerator), compile_formula(k.denominator) if k.denominator else None)
            for k in self.computed
        }

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The counter stems that the formulas need."""
        parts = (part for pair in self.formulas.values() for part in pair if part)
        return tuple(dict.fromkeys(name for part in parts for name in part.names if name != PERIOD))

    def counter(self, name: str) -> Counter:
        """Of the stem, or of the longest declared stem that it is a subcounter of; a plain delta if none is declared."""
        return next((self.counters[stem] for stem in _stems_of(name) if stem in self.counters), Counter())


def _stems_of(name: str) -> Iterable[str]:
    """`ERAB.RelActNbr.1` -> itself, `ERAB.RelActNbr`, `ERAB`."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def load_catalogue(text: str, where: str = "kpis.toml") -> Catalogue:
    """Read the text of a catalogue file; Misconfigured names file, key and mend.

    >>> cat = load_catalogue('''
    ... [counters]
    ... "RRC.ConnEstabSucc" = {}
    ... "RRC.ConnEstabAtt" = {}
    ... [kpis.lte_rrc_sr]
    ... title = "RRC setup success"
    ... unit = "%"
    ... kind = "ratio"
    ... direction = "up"
    ... family = "accessibility"
    ... technology = "LTE"
    ... numerator = "RRC.ConnEstabSucc"
    ... denominator = "RRC.ConnEstabAtt"''')
    >>> cat.kpis[0].id, cat.stems, cat.hash
    ('lte_rrc_sr', ('RRC.ConnEstabSucc', 'RRC.ConnEstabAtt'), 'd26116606ac61d38')
    """
    raw = values_of(text, where=where)
    _known(raw, ("counters", "aliases", "kpis"), where)
    counters = {name: _counter(row, at) for name, row, at in _tables(raw, "counters", where)}
    aliases = {vendor: _alias_table(row, at) for vendor, row, at in _tables(raw, "aliases", where)}
    kpis = tuple(_kpi(id_, row, at) for id_, row, at in _tables(raw, "kpis", where))
    if not kpis:
        raise Misconfigured("has no KPI", where=where, mend="add a table [kpis.NAME]")
    digest = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()[:16]
    catalogue = Catalogue(kpis, counters, aliases, digest)
    _check_names(catalogue, where)
    return catalogue


def _tables(raw: Mapping[str, Any], key: str, where: str) -> Iterable[tuple[str, Mapping[str, Any], str]]:
    """(name, table, "file: key.name") of each table under `key`."""
    for name, row in _typed(raw, key, dict, where, {}).items():
        yield name, _typed({name: row}, name, dict, f"{where}: {key}"), f"{where}: {key}.{name}"


def _typed(row: Mapping[str, Any], key: str, kind: Any, where: str, default: Any = None) -> Any:
    """The value under `key`, if it is of this kind; required where no default is given."""
    value = row.get(key, default)
    if value is None:
        raise Misconfigured(f"lacks {key!r}", where=where, mend=f"add {key} = ...")
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {dict: "a table", str: "a text", list: "a list of texts", bool: "true or false"}.get(kind, "a number")
        raise Misconfigured(f"{key!r} is {value!r}", where=where, mend=f"make it {words}")
    return value


def _known(row: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in row:
        if key not in keys:
            raise Misconfigured(f"unknown key {key!r}", where=where, mend=_suggest(key, keys))


def _suggest(word: str, known: Iterable[str]) -> str:
    known = tuple(known)
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known[:12])}"


def _choice(row: Mapping[str, Any], key: str, choices: Collection[str], where: str, default: str | None = None) -> str:
    value: str = _typed(row, key, str, where, default)
    if value not in choices:
        raise Misconfigured(f"{key} {value!r} is not known", where=where, mend=_suggest(value, choices))
    return value


def _counter(row: Mapping[str, Any], where: str) -> Counter:
    _known(row, ("unit", "kind", "additive", "histogram"), where)
    return Counter(
        _typed(row, "unit", str, where, "1"),
        _choice(row, "kind", COUNTER_KINDS, where, "delta"),
        _typed(row, "additive", bool, where, True),
        _typed(row, "histogram", bool, where, False),
    )


def _alias_table(row: Mapping[str, Any], where: str) -> dict[str, Formula]:
    return {stem: compile_formula(_typed(row, stem, str, where), f"{where}.{stem}") for stem in row}


def _kpi(id_: str, row: Mapping[str, Any], where: str) -> Kpi:
    _known(row, (*(f for f in Kpi.__dataclass_fields__ if f != "id"), "product"), where)
    if not (id_.isascii() and id_.isidentifier()):
        raise Misconfigured(f"{id_!r} is no KPI id", where=where, mend="use letters, digits and underscores")
    kind = _choice(row, "kind", KPI_KINDS, where)
    numerator, denominator = _formulas(_with_counts(row, kind, where), kind, where)
    weight, floor = (float(_typed(row, key, (int, float), where, d)) for key, d in (("weight", 1.0), ("floor", 0.01)))
    if not (0 <= weight < 1e6 and 0 <= floor < 1e6):
        raise Misconfigured(f"weight {weight} and floor {floor}", where=where, mend="neither may be negative or huge")
    direction = _choice(row, "direction", DIRECTIONS, where)
    only_both = KPI_KINDS[kind].orientation == "any" and direction not in ("both", "none")
    if only_both or (direction == "both" and not KPI_KINDS[kind].two_sided):
        mend = "say 'both' of a state or of a gauge, and of a state nothing else"
        raise Misconfigured(f"direction {direction!r} of a {kind}", where=where, mend=mend)
    return Kpi(
        id=id_,
        title=_typed(row, "title", str, where),
        unit=_typed(row, "unit", str, where),
        kind=kind,
        direction=direction,
        family=_choice(row, "family", FAMILIES, where),
        technology=_choice(row, "technology", TECHNOLOGIES, where),
        clause=_typed(row, "clause", str, where, ""),
        numerator=numerator,
        denominator=denominator,
        weight=weight,
        floor=floor,
        weight_counter=row.get("weight_counter", ""),
    )


def _with_counts(row: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    """A value that comes without its denominator, times what it is counted on: numerator and denominator.

    >>> row = {"unit": "%", "numerator": "HO.FailShare", "weight_counter": "HO.Att"}
    >>> _with_counts(row, "ratio", "")["numerator"]
    '(HO.FailShare) * (HO.Att) / 100'
    """
    if "weight_counter" not in row:
        return row
    if "denominator" in row or not KPI_KINDS[kind].weighable:
        mend = "give it to a ratio or a rate, in place of a denominator"
        raise Misconfigured(
            f"weight_counter of a {kind}{' with denominator' * ('denominator' in row)}", where=where, mend=mend
        )
    value, weight = (_typed(row, key, str, where) for key in ("numerator", "weight_counter"))
    for key, formula in (("numerator", value), ("weight_counter", weight)):
        compile_formula(formula, f"{where}.{key}")
    share = " / 100" if KPI_KINDS[kind].fraction and row.get("unit") == "%" else ""
    return {**row, "numerator": f"({value}) * ({weight}){share}", "denominator": weight}


def _formulas(row: Mapping[str, Any], kind: str, where: str) -> tuple[str, str]:
    """Numerator and denominator as the kind demands; of a product its factors, joined by ` * `."""
    demanded = KPI_KINDS[kind].formulas
    allowed = {*demanded, *KPI_KINDS[kind].optional_formulas}
    for key in ("numerator", "denominator", "product"):
        if key in row and key not in allowed:
            raise Misconfigured(f"a {kind} has no {key!r}", where=where, mend="take it out, or choose another kind")
        if key in demanded:
            _typed(row, key, list if key == "product" else str, where)
    if not KPI_KINDS[kind].computed:
        return " * ".join(_typed({"product": factor}, "product", str, where) for factor in row["product"]), ""
    for key in sorted(allowed & set(row)):
        compile_formula(_typed(row, key, str, where), f"{where}.{key}")
    return row["numerator"], row.get("denominator", "")


def _check_names(catalogue: Catalogue, where: str) -> None:
    """Every counter is declared, every factor is a KPI with counters behind it, every alias is used."""
    for kpi in catalogue.computed:
        for part in catalogue.formulas[kpi.id]:
            for name in part.names if part else ():
                if name != PERIOD and not any(stem in catalogue.counters for stem in _stems_of(name)):
                    mend = f"declare it under [counters], or: {_suggest(name, catalogue.counters)}"
                    raise Misconfigured(f"unknown counter {name!r}", where=f"{where}: kpis.{kpi.id}", mend=mend)
    ids = tuple(k.id for k in catalogue.computed)
    for product in catalogue.products:
        for choice in (name for factor in factors(product) for name in factor):
            if choice not in ids:
                at = f"{where}: kpis.{product.id}.product"
                raise Misconfigured(f"unknown KPI {choice!r}", where=at, mend=_suggest(choice, ids))
    for vendor, table in catalogue.aliases.items():
        for stem in table:
            if not any(known in catalogue.counters for known in _stems_of(stem)):
                at, mend = f"{where}: aliases.{vendor}", _suggest(stem, catalogue.counters)
                raise Misconfigured(f"alias of the unknown counter {stem!r}", where=at, mend=mend)


def factors(product: Kpi) -> tuple[tuple[str, ...], ...]:
    """The KPIs that a display KPI multiplies; of several in one factor the first one known counts.

    >>> kpi = Kpi(id="nr_access", title="", unit="%", kind="display", direction="up", family="accessibility",
    ...     technology="NR", clause="", numerator="nr_rrc_user_sr | nr_rrc_sr * nr_drb_sr")
    >>> factors(kpi)
    (('nr_rrc_user_sr', 'nr_rrc_sr'), ('nr_drb_sr',))
    """
    return tuple(tuple(name.strip() for name in part.split("|")) for part in product.numerator.split("*"))
