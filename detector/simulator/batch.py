"""A whole operator at once: the dataset of CONTRACTS.md section 1 in one directory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.domain.window import utc
from detector.simulator.complaints import Complaints, ContactRow
from detector.simulator.counters import DayCounters
from detector.simulator.customers import CONTACTS, contact_rows, write_aftermath, write_people, write_suffering
from detector.simulator.file_defects import FileDefects, draw_file_defects
from detector.simulator.operations import draw_alarms, draw_tickets
from detector.simulator.pm_xml import PmWriter
from detector.simulator.presence import Suffering, day_presence
from detector.simulator.reference import write_alarms, write_maintenance, write_network, write_tickets, write_truth
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.subscribers import People, build_people
from detector.simulator.tables import TableWriter, attachment_columns, cell_rows, core_rows, iso, write_rows
from detector.simulator.world import World, build_world

FOREVER = 1 << 60
"""Later than every instant. Definition."""
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


def simulate(out: Path, scenario: Scenario, *, form: str = "csv", progress: Progress | None = None) -> Summary:
    """Write the operator of a scenario into `out`: the same scenario gives the same bytes.

    `form`: counters as "csv" tables or as PM "xml", one file a node and period. `progress` is called with (days done, days)
    after each day. Raises ValueError for another form.
    """
    if form not in ("csv", "xml"):
        raise ValueError(f"format {form!r} is unknown: use csv or xml")
    world = build_world(scenario)
    write_network(out, world)
    write_maintenance(out, tuple(f for f in world.faults if f.works), FOREVER)
    write_alarms(out, draw_alarms(world), FOREVER)
    write_tickets(out, draw_tickets(world), FOREVER)
    write_truth(out, world)
    people = build_people(scenario, world.network)
    write_people(out, world, people)
    contacts, suffering = _days(out, world, people, form, progress)
    write_rows(out / "contacts.csv", CONTACTS, contact_rows(world, people, contacts))
    write_aftermath(out, world, people, contacts, scenario.end)
    write_suffering(out, world, people, suffering)
    return Summary(
        out=out,
        cells=scenario.cells,
        days=scenario.days,
        start=scenario.start,
        end=scenario.end,
        faults=len(world.faults),
        subscribers=len(people),
        complaints=len(contacts),
    )


def _days(
    out: Path, world: World, people: People, form: str, progress: Progress | None
) -> tuple[list[ContactRow], list[Suffering]]:
    """Counters and attachments, day by day; yields what people suffered and their complaints."""
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
    file_defects = draw_file_defects(world.scenario, world.network, number, counters)
    folder, writer = out / "counters" / day_name(counters), PmWriter(world, counters, file_defects)
    for period in range(len(counters.starts)):
        for file in writer.in_time(period):
            file.write(folder)
    for block in file_defects.late:
        for arrived, file in writer.late(block):
            yield file.write(folder).relative_to(out).as_posix(), iso(arrived)


def write_counters(out: Path, writer: TableWriter, world: World, number: int, counters: DayCounters) -> Iterator[Arrival]:
    """One directory a day with a table per technology and kind of function; late blocks as files of their own, whose
    arrivals are given back."""
    file_defects = draw_file_defects(world.scenario, world.network, number, counters)
    folder = out / "counters" / day_name(counters)
    for nr in (False, True):
        writer.write(
            folder / ("nr.csv" if nr else "lte.csv"),
            cell_rows(world.network, counters, file_defects, nr, file_defects.arrives),
        )
    for kind in counters.core:
        writer.write(folder / f"{kind.lower()}.csv", core_rows(world.network, counters, kind))
    return iter(_late(out, folder, writer, world, counters, file_defects))


def _late(
    out: Path, folder: Path, writer: TableWriter, world: World, counters: DayCounters, file_defects: FileDefects
) -> list[Arrival]:
    arrivals = []
    for block in file_defects.late:
        chosen = np.zeros(file_defects.arrives.shape, bool)
        chosen[block.period, list(block.cells)] = True
        start = int(counters.starts[block.period])
        columns = cell_rows(world.network, counters, file_defects, block.node.startswith("gnb"), chosen)
        stem = f"late-{utc(start).strftime('%H%M')}-{block.node}"
        for copy in range(1 + block.twice):
            path = folder / f"{stem}{'-again' * copy}.csv"
            writer.write(path, columns)
            arrivals.append((path.relative_to(out).as_posix(), iso(start + PERIOD_S + block.delay_s + 1800 * copy)))
    return arrivals
