"""Files about the network and of the operations centre: cells, topology, works, alarms, tickets, truth."""

from collections.abc import Iterator
from pathlib import Path

from detector.domain.cell import Cell
from detector.domain.window import DAY_S
from detector.simulator.fault import Fault
from detector.simulator.operations import AlarmRow, TicketRow
from detector.simulator.scenario import Scenario
from detector.simulator.tables import iso, write_rows
from detector.simulator.topology import PLMN, Network
from detector.simulator.world import World

CELLS = (
    "cell_id",
    "technology",
    "site_id",
    "node_id",
    "tac",
    "region",
    "plmn",
    "band",
    "layer",
    "indoor",
    "latitude",
    "longitude",
    "azimuth_deg",
    "vendor",
    "software",
    "state",
    "ldn",
    "valid_from",
    "valid_to",
)
ALARMS = ("alarm_id", "object_kind", "object_id", "raised_at", "cleared_at", "type", "severity", "probable_cause", "text")
TICKETS = ("ticket_id", "object_kind", "object_id", "opened_at", "closed_at", "status", "eta", "text")
MAINTENANCE = ("scope_kind", "scope_id", "start", "end", "reason", "status", "actual_end", "expected_impact")
TRUTH = ("fault_id", "object_id", "start", "end", "kind", "customer_affecting")
OPERATOR = 'timezone = "{zone}"\ncountry = "DE"\narrival_delay = "5 min"\ntick = "15 min"\n'


def write_network(out: Path, world: World) -> None:
    """operator.toml, cells, neighbours, topology_edges, network_functions, calendar."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "operator.toml").write_text(OPERATOR.format(zone=world.scenario.timezone), encoding="utf-8")
    network = world.network
    write_rows(out / "cells.csv", CELLS, cell_history(world.scenario, network))
    pairs = ((network.ids[c], network.ids[n]) for c, row in enumerate(network.neighbours) for n in row[row >= 0])
    write_rows(out / "neighbours.csv", ("cell_id", "neighbour_id"), pairs)
    write_rows(
        out / "topology_edges.csv",
        ("child_kind", "child_id", "parent_kind", "parent_id", "relation", "valid_from", "valid_to"),
        ((e.child_kind, e.child_id, e.parent_kind, e.parent_id, e.relation, "", "") for e in network.edges),
    )
    write_rows(
        out / "network_functions.csv",
        ("nf_id", "kind", "serves"),
        ((f.nf_id, f.kind, ";".join(f.serves)) for f in network.functions),
    )
    write_rows(
        out / "calendar.csv",
        ("start", "end", "scope_kind", "scope_id", "name", "kind"),
        ((iso(e.window.start), iso(e.window.end), e.scope_kind, e.scope_id, e.name, e.kind) for e in world.load.calendar),
    )


def cell_history(scenario: Scenario, network: Network) -> Iterator[tuple[str | float | None, ...]]:
    """One row per cell; the first site changed its software before the first day, so its cells have two dated rows."""
    upgraded = scenario.start - 30 * DAY_S
    for cell, sector in zip(network.cells, network.sector.tolist(), strict=True):
        if cell.site_id == "s001":
            yield _cell_row(cell, sector, "X0.0", "", iso(upgraded))
            yield _cell_row(cell, sector, cell.software, iso(upgraded), "")
        else:
            yield _cell_row(cell, sector, cell.software, "", "")


def _cell_row(cell: Cell, sector: int, software: str, since: str, until: str) -> tuple[str | float | None, ...]:
    return (
        cell.cell_id,
        cell.technology,
        cell.site_id,
        cell.node_id,
        cell.tac,
        cell.region,
        PLMN,
        cell.band,
        cell.layer,
        "false",
        cell.latitude,
        cell.longitude,
        120 * sector,
        cell.vendor,
        software,
        cell.state,
        ";".join(cell.ldn),
        since,
        until,
    )


def write_maintenance(out: Path, works: tuple[Fault, ...], now: int) -> None:
    """Declared works as known at `now`: what ended is finished with its actual end, the rest planned or active."""

    def row(fault: Fault) -> tuple[str, ...]:
        begin = fault.start - fault.start % 900
        status = "finished" if fault.end <= now else "active" if begin <= now else "planned"
        actual = iso(fault.end) if status == "finished" else ""
        return (
            fault.scope_kind,
            fault.scope_id,
            iso(begin),
            iso(fault.promised_end),
            "power supply exchange",
            status,
            actual,
            "cells of the mast without service",
        )

    write_rows(out / "maintenance.csv", MAINTENANCE, map(row, works))


def write_alarms(out: Path, alarms: tuple[AlarmRow, ...], now: int) -> None:
    """Alarms raised by `now`, cleared as far as they are by then."""
    write_rows(
        out / "alarms.csv",
        ALARMS,
        (
            (
                a.alarm_id,
                a.object_kind,
                a.object_id,
                iso(a.raised_at),
                iso(a.cleared_at if a.cleared_at <= now else None),
                a.type,
                a.severity,
                a.probable_cause,
                a.text,
            )
            for a in alarms
            if a.raised_at <= now
        ),
    )


def write_tickets(out: Path, tickets: tuple[TicketRow, ...], now: int) -> None:
    """Tickets opened by `now`, closed as far as they are by then."""
    write_rows(
        out / "tickets.csv",
        TICKETS,
        (
            (
                t.ticket_id,
                t.object_kind,
                t.object_id,
                iso(t.opened_at),
                iso(t.closed_at if t.closed_at <= now else None),
                "closed" if t.closed_at <= now else "open",
                iso(t.eta),
                t.text,
            )
            for t in tickets
            if t.opened_at <= now
        ),
    )


def write_truth(out: Path, world: World) -> None:
    """truth.csv: one row per fault and object; a core fault names its function and the cells that it serves.
    Where cells are bad all the time, chronic.csv names them: they are no faults."""
    ids = world.network.ids

    def objects(fault: Fault) -> list[str]:
        own = [world.network.functions[fault.nf].nf_id] if fault.nf >= 0 else []
        return own + [str(ids[c]) for c in fault.cells]

    write_rows(
        out / "truth.csv",
        TRUTH,
        (
            (f.fault_id, object_id, iso(f.start), iso(f.end), f.kind.name, int(f.customer_affecting))
            for f in world.faults
            for object_id in objects(f)
        ),
    )
    if world.chronic:
        chronic = ((str(ids[one.cell]), one.kind, f"{one.severity:.3f}") for one in world.chronic)
        write_rows(out / "chronic.csv", ("cell_id", "kind", "severity"), chronic)
