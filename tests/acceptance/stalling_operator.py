"""Twenty cells of two vendors, each vendor's files a feed of its own, a core function; files that stop and come again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.acceptance.small_operator import CATALOGUE, DAY, DELAY_S, HISTORY_DAYS, HOUR, LIVE, QUARTER, iso, table

SITES = 10
CELLS = {f"c{n:02d}": f"s{n // 2 + 1}" for n in range(2 * SITES)}
"""c00, c01 on s1 ... c18, c19 on s10; the first ten are vendor a's, the others b's."""
UNTIL = LIVE + 14 * QUARTER
PEOPLE_A_CELL = 15
COLUMNS = ("object_id", "start", "duration_s", "RRC.ConnEstabAtt", "RRC.ConnEstabSucc", "DRB.IPVolDl")
CORE_COLUMNS = ("object_id", "start", "duration_s", "CORE.Traffic")
CORE_KPI = """
[kpis.core_traffic]
title = "Traffic through the core"
unit = "kbit"
kind = "volume"
direction = "up"
family = "volume"
technology = "core"
numerator = "CORE.Traffic"
floor = 0.2
"""
Rule = Callable[[str, int], bool]
"""(object, start of a period) -> whether it holds."""


def never(_object: str, _start: int) -> bool:
    return False


def vendor(cell: str) -> str:
    return "a" if cell < "c10" else "b"


def between(begin: int, end: int, objects: Iterable[str]) -> Rule:
    """For these objects, from the `begin`th live quarter until the `end`th."""
    named = frozenset(objects)
    return lambda name, start: name in named and LIVE + begin * QUARTER <= start < LIVE + end * QUARTER


@dataclass(kw_only=True)
class StallingOperator:
    """`dead` cells carry nothing and report it, `dropping` ones lose half of their connections; `silent` objects send
    nothing; what `late` names arrives two hours late. `power_lost` cells neither carry nor send: the core misses them.
    `people`: cell and start of an hour -> the cell behind which its people are then, empty = none."""

    root: Path
    dead: Rule = never
    dropping: Rule = never
    silent: Rule = never
    power_lost: Rule = never
    crowded: Rule = never
    late: Callable[[int], int] = field(default=lambda _start: 0)
    alarms: tuple[tuple[object, ...], ...] = ()
    core: bool = True
    people: Callable[[str, int], str] | None = None

    def write(self) -> None:
        self.root.mkdir(parents=True)
        counters = '"CORE.Traffic" = { unit = "kbit" }\n'
        (self.root / "kpis.toml").write_text(CATALOGUE.replace("[counters]\n", "[counters]\n" + counters) + CORE_KPI)
        (self.root / "operator.toml").write_text(f'timezone = "UTC"\narrival_delay = {DELAY_S}\n')
        rows = [(c, "LTE", s, f"n{s}", "100", f"r{vendor(c)}", "B3", vendor(c)) for c, s in CELLS.items()]
        header = ("cell_id", "technology", "site_id", "node_id", "tac", "region", "band", "vendor")
        table(self.root / "cells.csv", header, rows)
        names = list(CELLS)
        pairs = [(a, b) for i, a in enumerate(names) for j, b in enumerate(names) if a != b and (abs(i - j) % 18) <= 2]
        table(self.root / "neighbours.csv", ("cell_id", "neighbour_id"), pairs)
        table(self.root / "network_functions.csv", ("nf_id", "kind", "serves"), [("mme1", "MME", "*")])
        alarms = ("alarm_id", "object_kind", "object_id", "raised_at", "severity")
        table(self.root / "alarms.csv", alarms, self.alarms)
        self._write_counters()
        if self.people is not None:
            self._write_attachments(self.people)

    def _write_attachments(self, place: Callable[[str, int], str]) -> None:
        """Nine in ten of each cell's people, in the five hours before noon and after it."""
        columns = ("subscriber_id", "cell_id", "start", "duration_s", "seconds")
        for day in range(LIVE - 4 * DAY, LIVE + 1, DAY):
            for hour in range(day - 5 * HOUR, day + 5 * HOUR, HOUR):
                rng, rows = np.random.default_rng((hour, 1)), []
                for cell in CELLS:
                    there, where = rng.random(PEOPLE_A_CELL) < 0.9, place(cell, hour)
                    rows += [(f"p-{cell}-{n}", where, iso(hour), HOUR, HOUR) for n in np.flatnonzero(there) if where]
                table(self.root / f"attachments/{hour}.csv", columns, rows)

    def _write_counters(self) -> None:
        arrivals = []
        past = [self._quarter(start) for start in range(LIVE - HISTORY_DAYS * DAY, LIVE, QUARTER)]
        for name in ("a", "b"):
            own = [row for rows, _ in past for row in rows if vendor(str(row[0])) == name]
            table(self.root / f"counters/{name}/past.csv", COLUMNS, own)
        core = [("mme1", rows[0][1], QUARTER, traffic) for rows, traffic in past]
        table(self.root / "counters/core/past.csv", CORE_COLUMNS, core if self.core else [])
        for start in range(LIVE, UNTIL, QUARTER):
            rows, traffic = self._quarter(start)
            for name in ("a", "b"):
                own = [row for row in rows if vendor(str(row[0])) == name]
                if own:
                    file = f"counters/{name}/{start}.csv"
                    table(self.root / file, COLUMNS, own)
                    if delay := self.late(start):
                        arrivals.append((file, iso(start + QUARTER + DELAY_S + delay)))
            if self.core and not self.silent("mme1", start):
                table(self.root / f"counters/core/{start}.csv", CORE_COLUMNS, [("mme1", iso(start), QUARTER, traffic)])
        if arrivals:
            table(self.root / "arrivals.csv", ("file", "arrived_at"), arrivals)

    def _quarter(self, start: int) -> tuple[list[tuple[object, ...]], int]:
        """(the rows that are sent, what the core carries)."""
        rng, rows, traffic = np.random.default_rng(start), [], 0
        load = 1.0 + 0.4 * np.sin(2 * np.pi * (start % DAY) / DAY)
        for cell in CELLS:
            attempts = int(rng.poisson(600 * load))
            succeeded = int(rng.binomial(attempts, 0.5 if self.dropping(cell, start) else 0.99))
            volume = int(rng.normal(80_000, 3000) * load * (1.8 if self.crowded(cell, start) else 1.0))
            if self.dead(cell, start):
                attempts = succeeded = volume = 0
            if self.power_lost(cell, start):
                continue
            traffic += volume
            if not self.silent(cell, start):
                rows.append((cell, iso(start), QUARTER, attempts, succeeded, volume))
        return rows, traffic
