"""An operator of any size for measurements: one simulated district, repeated, each copy with draws of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.domain.counters import CounterBatch
from detector.domain.window import DAY_S, utc
from detector.simulator.counters import Table, draw_day
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.world import World, build_world

DISTRICT = 200
COUNTERS = 100
LEARNED_DAYS = 3
NOON = 48
EARLIER = 3
"""Periods before the measured one that are in the store already: what the pooled horizons look back on."""
FAULTY_SITE = 40
"""Of every so many sites one fails half of its RRC set-ups in the measured period."""
_COLUMNS = ("cell_id", "technology", "site_id", "node_id", "tac", "region", "band", "vendor", "software", "ldn")


@dataclass(frozen=True)
class Copy:
    """A district under names of its own; `lte`, `nr`: counter -> [the periods up to the measured one, cells]."""

    number: int
    lte: Table
    nr: Table

    def name(self, own: str) -> str:
        """
        >>> Copy(7, {}, {}).name("c010")
        'd007c010'
        """
        return f"d{self.number:03d}{own}"


@dataclass(frozen=True)
class BenchOperator:
    """At least `cells` cells of 100 counters each; the measured period is a noon after three days to learn from."""

    cells: int = 10_000
    seed: int = 1

    @cached_property
    def world(self) -> World:
        return build_world(Scenario(cells=min(DISTRICT, self.cells), days=LEARNED_DAYS + 1, seed=self.seed, fault_free=True))

    @property
    def period(self) -> int:
        """Start (s) of the measured period."""
        return self.world.scenario.start + LEARNED_DAYS * DAY_S + NOON * PERIOD_S

    @property
    def size(self) -> int:
        """How many cells it has: whole districts."""
        return len(self.copies) * self.world.scenario.cells

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        w, span = self.world, slice(NOON - EARLIER, NOON + 1)
        found = []
        for number in range(self.cells // w.scenario.cells):
            own = replace(w.scenario, seed=self.seed * 10_000 + number)
            day = draw_day(own, w.network, w.load, w.quality, w.effects, LEARNED_DAYS)
            lte, nr = ({name: values[span].copy() for name, values in table.items()} for table in (day.lte, day.nr))
            found.append(Copy(number, lte, nr))
        return tuple(found)

    def ids(self, nr: bool) -> list[str]:
        """A district's own cell ids of one technology, in the order of its counters."""
        network = self.world.network
        return [cell.cell_id for cell, is_nr in zip(network.cells, network.nr.tolist(), strict=True) if is_nr == nr]

    def history(self) -> Iterator[CounterBatch]:
        """What the first copy counted in the days to learn from."""
        first = self.copies[0]
        for day in range(LEARNED_DAYS):
            counters = self.world.day(day)
            for table, ids in ((counters.lte, self.ids(False)), (counters.nr, self.ids(True))):
                yield from _batches(table, [first.name(own) for own in ids], counters.starts.tolist())

    def earlier(self) -> Iterator[CounterBatch]:
        """What all copies counted in the periods just before the measured one."""
        starts = [self.period - back * PERIOD_S for back in range(EARLIER, 0, -1)]
        for copy in self.copies:
            for table, ids in ((copy.lte, self.ids(False)), (copy.nr, self.ids(True))):
                yield from _batches(table, [copy.name(own) for own in ids], starts)

    def write_network(self, root: Path) -> None:
        """operator.toml and cells.csv."""
        root.mkdir(parents=True, exist_ok=True)
        (root / "operator.toml").write_text(f'timezone = "{self.world.scenario.timezone}"\n', encoding="utf-8")
        lines = [",".join(_COLUMNS)]
        for copy in self.copies:
            for cell in self.world.network.cells:
                named = [copy.name(own) for own in (cell.site_id, cell.node_id, cell.tac)]
                fixed = (f"r{copy.number // 10}", cell.band, cell.vendor, cell.software, f"Cell={copy.name(cell.cell_id)}")
                lines.append(",".join((copy.name(cell.cell_id), cell.technology, *named, *fixed)))
        (root / "cells.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write_period(self, root: Path) -> list[Path]:
        """PM XML of the measured period: two files a copy, LTE in the `r` form, NR in the list form."""
        folder = root / "counters"
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for copy in self.copies:
            for form, table, ids in (("r", copy.lte, self.ids(False)), ("list", copy.nr, self.ids(True))):
                path = folder / f"A{utc(self.period):%Y%m%d.%H%M}_{copy.number:03d}-{form}.xml"
                names, values = self._filled(copy, table, ids)
                path.write_text(_xml(form, self.period + PERIOD_S, names, self._ldns(copy, ids), values), encoding="utf-8")
                paths.append(path)
        return paths

    def _filled(self, copy: Copy, table: Table, ids: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
        """The table's counters and others that no KPI asks for, 100 in all."""
        rng = np.random.default_rng([self.seed, copy.number])
        others = [f"Other.Counter{i}" for i in range(COUNTERS - len(table))]
        own = np.stack([values[-1] for values in table.values()], axis=1)
        succeeded = np.array([name.startswith("RRC.ConnEstabSucc") for name in table])
        own[np.ix_(self._faulty(copy, ids), succeeded)] //= 2
        return [*table, *others], np.hstack([np.nan_to_num(own), rng.integers(0, 100_000, (len(ids), len(others)))])

    def _faulty(self, copy: Copy, ids: Sequence[str]) -> NDArray[np.bool_]:
        sites = sorted({cell.site_id for cell in self.world.network.cells})
        bad = {site for i, site in enumerate(sites) if (i + copy.number * len(sites)) % FAULTY_SITE == 0}
        where = {cell.cell_id: cell.site_id for cell in self.world.network.cells}
        return np.array([where[own] in bad for own in ids], bool)

    def _ldns(self, copy: Copy, ids: Sequence[str]) -> list[str]:
        node = {cell.cell_id: cell.node_id for cell in self.world.network.cells}
        return [f"ManagedElement={copy.name(node[own])},BaseStation=1,Cell={copy.name(own)}" for own in ids]


def _batches(table: Table, objects: Sequence[str], starts: Sequence[int]) -> Iterator[CounterBatch]:
    cube = np.stack(list(table.values()), axis=2)
    fine = np.zeros(len(objects), bool)
    for p, start in enumerate(starts):
        yield CounterBatch(
            file="bench",
            start=start,
            duration_s=PERIOD_S,
            objects=tuple(objects),
            counters=tuple(table),
            values=cube[p],
            suspect=fine,
        )


def _xml(form: str, end: int, names: Sequence[str], ldns: Sequence[str], values: NDArray[np.float64]) -> str:
    at = f"{utc(end):%Y-%m-%dT%H:%M:%SZ}"
    types = "".join(f'<measType p="{i}">{n}</measType>\n' for i, n in enumerate(names, 1))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<measCollecFile xmlns="urn:example:pm"><fileHeader dnPrefix="">',
        f'<measCollec beginTime="{utc(end - PERIOD_S):%Y-%m-%dT%H:%M:%SZ}"/></fileHeader>',
        f'<measData><managedElement/><measInfo measInfoId="a"><granPeriod duration="PT{PERIOD_S}S" endTime="{at}"/>',
        types if form == "r" else f"<measTypes>{' '.join(names)}</measTypes>",
    ]
    for ldn, row in zip(ldns, values.tolist(), strict=True):
        texts = [f"{v:.10g}" for v in row]
        rs = "\n".join(f'<r p="{p}">{v}</r>' for p, v in enumerate(texts, 1))
        body = rs if form == "r" else f"<measResults>{' '.join(texts)}</measResults>"
        lines.append(f'<measValue measObjLdn="{ldn}">\n{body}\n</measValue>')
    foot = f'</measInfo></measData><fileFooter><measCollec endTime="{at}"/></fileFooter></measCollecFile>\n'
    return "\n".join([*lines, foot])
