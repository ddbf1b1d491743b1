"""A whole operator at once: the dataset of CONTRACTS.md section 1 in one directory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.domain.window import utc
from detector.simulator.complaints import Complaints, ContactRow
from detector.simulator.counters import DayCounters
from detector.simulator.customers import CONTACTS, contact_rows, write_aftermath, write_people, write_suffering
from detector.simulator.operations import draw_alarms, draw_tickets
from detector.simulator.people import People, build_people
from detector.simulator.pm_xml import PmWriter
from detector.simulator.presence import Suffering, day_presence
from detector.simulator.reference import write_alarms, write_maintenance, write_network, write_tickets, write_truth
from detector.simulator.scenario import HOUR_S, PERIOD_S, Scenario
from detector.simulator.tables import TableWriter, attachment_columns, cell_rows, core_rows, iso, write_rows
from detector.simulator.trouble import Trouble, draw_trouble
from detector.simulator.world import World, build_world

FOREVER = 1 << 60
Arrival = tuple[str, str]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What was written; `start` and `end` in s."""

    out: Path
    cells: int
    days: int
    start: int
    end: int
    faults: int
    subscribers: int
    complaints: int


def simulate(
    out: Path,
    *,
    cells: int = 200,
    days: int = 28,
    seed: int = 1,
    start: int = 1_772_323_200,
    format: str = "csv",  # noqa: A002 the command's own word
    quiet: bool = False,
    history_days: int = 0,
    fault_rate: float = 40.0,
    subscribers_per_cell: int = 40,
    progress: Progress | None = None,
) -> Summary:
    """Write an operator of `cells` cells over `days` days from `start` (s, cut to the hour) into `out`.

    The same arguments give the same bytes. No fault begins in the first `history_days`; `fault_rate` is faults per
    1,000 cells a week; `quiet` means none at all, for measuring false alarms. `format`: counters as "csv" tables or as
    PM "xml", one file a node and period. `progress` hears (days done, days) after each day.

    Raises ValueError for a size or format that makes no operator.
    """
    if format not in ("csv", "xml"):
        raise ValueError(f"format {format!r} is unknown: use csv or xml")
    scenario = Scenario(
        cells=cells,
        days=days,
        seed=seed,
        start=start - start % HOUR_S,
        history_days=history_days,
        fault_rate=fault_rate,
        subscribers_per_cell=subscribers_per_cell,
        quiet=quiet,
    )
    world = build_world(scenario)
    write_network(out, world)
    write_maintenance(out, tuple(f for f in world.faults if f.works), FOREVER)
    write_alarms(out, draw_alarms(world), FOREVER)
    write_tickets(out, draw_tickets(world), FOREVER)
    write_truth(out, world)
    people = build_people(scenario, world.network)
    write_people(out, world, people)
    contacts, suffering = _days(out, world, people, format, progress)
    write_rows(out / "contacts.csv", CONTACTS, contact_rows(world, people, contacts))
    write_aftermath(out, world, people, contacts, scenario.end)
    write_suffering(out, world, people, suffering)
    return Summary(
        out=out,
        cells=cells,
        days=days,
        start=scenario.start,
        end=scenario.end,
        faults=len(world.faults),
        subscribers=len(people),
        complaints=len(contacts),
    )


def _days(
    out: Path, world: World, people: People, form: str, progress: Progress | None
) -> tuple[list[ContactRow], list[Suffering]]:
    """Counters and attachments, day by day; gives what people suffered and said."""
    writer, complaints = TableWriter(), Complaints(world, people)
    arrivals, contacts, suffering = list[Arrival](), list[ContactRow](), list[Suffering]()
    for number in range(world.scenario.days):
        counters = world.day(number)
        arrivals += (
            write_xml(out, world, number, counters)
            if form == "xml"
            else write_counters(out, writer, world, number, counters)
        )
        presence = day_presence(world, people, number, counters)
        writer.write(out / "attachments" / f"{day_name(counters)}.parquet", attachment_columns(world, people, presence))
        contacts += complaints.day(number, presence)
        suffering.append(presence.suffering)
        if progress is not None:
            progress(number + 1, world.scenario.days)
    write_rows(out / "arrivals.csv", ("file", "arrived_at"), arrivals)
    return sorted(contacts, key=lambda c: (c.at, c.person)), suffering


def day_name(counters: DayCounters) -> str:
    return utc(int(counters.starts[0])).strftime("%Y-%m-%d")


def write_xml(out: Path, world: World, number: int, counters: DayCounters) -> Iterator[Arrival]:
    """One directory a day with a PM file per node and period; gives the arrivals of those that come late."""
    trouble = draw_trouble(world.scenario, world.network, number, counters)
    folder, writer = out / "counters" / day_name(counters), PmWriter(world, counters, trouble)
    for period in range(len(counters.starts)):
        for file in writer.in_time(period):
            file.write(folder)
    for block in trouble.late:
        for arrived, file in writer.late(block):
            yield file.write(folder).relative_to(out).as_posix(), iso(arrived)


def write_counters(out: Path, writer: TableWriter, world: World, number: int, counters: DayCounters) -> Iterator[Arrival]:
    """One directory a day with a table per technology and kind of function; late blocks as files of their own, whose
    arrivals are given back."""
    trouble = draw_trouble(world.scenario, world.network, number, counters)
    folder = out / "counters" / day_name(counters)
    for nr in (False, True):
        writer.write(
            folder / ("nr.csv" if nr else "lte.csv"), cell_rows(world.network, counters, trouble, nr, trouble.arrives)
        )
    for kind in counters.core:
        writer.write(folder / f"{kind.lower()}.csv", core_rows(world.network, counters, kind))
    return iter(_late(out, folder, writer, world, counters, trouble))


def _late(
    out: Path, folder: Path, writer: TableWriter, world: World, counters: DayCounters, trouble: Trouble
) -> list[Arrival]:
    arrivals = []
    for block in trouble.late:
        chosen = np.zeros(trouble.arrives.shape, bool)
        chosen[block.period, list(block.cells)] = True
        start = int(counters.starts[block.period])
        columns = cell_rows(world.network, counters, trouble, block.node.startswith("gnb"), chosen)
        stem = f"late-{utc(start).strftime('%H%M')}-{block.node}"
        for copy in range(1 + block.twice):
            path = folder / f"{stem}{'-again' * copy}.csv"
            writer.write(path, columns)
            arrivals.append((path.relative_to(out).as_posix(), iso(start + PERIOD_S + block.delay_s + 1800 * copy)))
    return arrivals
