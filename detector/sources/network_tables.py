"""cells, neighbours, topology_edges and network_functions of an operator dataset."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

from detector.domain.cell import Cell, NetworkFunction, Topology, TopologyEdge
from detector.domain.finding import Findings
from detector.domain.window import DAY_S, Window
from detector.sources.last_good import ReadTable
from detector.sources.records import Record, table
from detector.sources.timeline import Timeline, holds

STEMS = ("cells", "neighbours", "topology_edges", "network_functions")
TECHNOLOGIES = ("LTE", "NR", "NSA")
EDGE = ("child_kind", "child_id", "parent_kind", "parent_id", "relation")
PLAIN = ("site_id", "node_id", "tac", "region", "band", "layer", "vendor", "software")
STATES = ("in_service", "energy_saving", "planned", "retired")
FOREVER = 1 << 60
"""Later than every instant. Definition."""
NIGHT_S = 2 * DAY_S
"""Longest row of energy saving that is a night's sleep. Chosen: two days; longer ones state the kind of the cell."""


Noun = TypeVar("Noun")


@dataclass(frozen=True)
class Dated(Generic[Noun]):
    """A row and when it holds (s, None = open)."""

    noun: Noun
    since: int | None
    until: int | None


def network(root: Path, zone: tzinfo, findings: Findings, read: ReadTable = table) -> Timeline[Topology]:
    """The topology over time; an absent file is an empty part of it."""
    history: dict[str, list[Dated[Cell]]] = defaultdict(list)
    for row in read(root, "cells", ("cell_id", "technology"), _cell, zone, findings):
        history[row.noun.cell_id].append(row)
    for rows in history.values():
        rows.sort(key=lambda row: row.since if row.since is not None else -(1 << 62))
        _contradictions(rows, findings)
    edges = read(root, "topology_edges", EDGE, _edge, zone, findings)
    pairs = read(root, "neighbours", ("cell_id", "neighbour_id"), _neighbours, zone, findings)
    functions = {f.nf_id: f for f in read(root, "network_functions", ("nf_id", "kind"), _function, zone, findings)}
    near: dict[str, set[str]] = defaultdict(set)
    for cell, neighbour in pairs:
        near[cell].add(neighbour)
    neighbours = {cell: frozenset(ids) for cell, ids in near.items()}

    def build(now: float) -> Topology:
        cells = {name: cell for name, rows in history.items() if (cell := _present(rows, now)) is not None}
        held = tuple(e.noun for e in edges if holds(e.since, e.until, now))
        return Topology(cells, functions, neighbours, held)

    changes = [at for rows in history.values() for row in rows for at in (row.since, row.until)]
    return Timeline(changes + [at for edge in edges for at in (edge.since, edge.until)], build)


def _contradictions(rows: Sequence[Dated[Cell]], findings: Findings) -> None:
    """A finding for each two rows of one cell that hold at the same time from the same instant on, or without dates, and
    state different things; the later row of the file counts."""
    for one, other in pairwise(rows):
        together = one.since == other.since and one.until == other.until
        if together:
            apart = [f.name for f in fields(Cell) if getattr(one.noun, f.name) != getattr(other.noun, f.name)]
            said = ", ".join(f"{name} {getattr(one.noun, name)!r} and {getattr(other.noun, name)!r}" for name in apart[:3])
            name = other.noun.cell_id
            if apart:
                what = f"cell {name} stands twice at the same time, with {said}"
                findings.add(
                    "contradictory_cell", "cells.csv", f"{what}: the later row counts; give valid_from and valid_to"
                )
            else:
                findings.add("duplicate_row", "cells.csv", f"cell {name} stands twice: the later row counts")


def _present(rows: Sequence[Dated[Cell]], now: float) -> Cell | None:
    """The row that holds, with what the earlier ones state of this cell."""
    index = next((i for i in reversed(range(len(rows))) if holds(rows[i].since, rows[i].until, now)), None)
    if index is None:
        return None
    first = _first_alike(rows, index, _epoch)
    release = _first_alike(rows, index, lambda cell: (*_epoch(cell), cell.vendor, cell.software))
    # a first row states when the list was made or the cell built, not that the id was another's before
    begun = [row for row in rows[first:] if holds(row.since, None, now)]
    return replace(
        rows[index].noun,
        valid_from=rows[first].since if first else None,
        idle=_idle(begun),
        software_since=rows[release].since if release > first else None,
    )


def _first_alike(rows: Sequence[Dated[Cell]], index: int, same: Callable[[Cell], object]) -> int:
    """The first of the rows, without a break up to `index`, that are alike in this."""
    while index and same(rows[index - 1].noun) == same(rows[index].noun) and not _reused(rows, index):
        index -= 1
    return index


def _reused(rows: Sequence[Dated[Cell]], index: int) -> bool:
    """The id was retired before this row, or nobody had it."""
    if rows[index - 1].noun.state == "retired" and rows[index].noun.state != "retired":
        return True
    ends = [row.until for row in rows[:index]]
    begins = rows[index].since
    return begins is not None and all(end is not None and end < begins for end in ends)


def _idle(rows: Sequence[Dated[Cell]]) -> tuple[Window, ...]:
    """When a row of another state than in_service held, until the next one began; saving energy only night by night."""
    follows = [*(row.since for row in rows[1:]), None]
    spans = [
        (row.since or 0, min(FOREVER if at is None else at for at in (row.until, next_)))
        for row, next_ in zip(rows, follows, strict=True)
        if _tells_when(row)
    ]
    return tuple(Window(begin, end) for begin, end in spans if begin < end)


def _tells_when(row: Dated[Cell]) -> bool:
    """Saving energy for days on end shows the kind of a cell, not its hours of sleep: its own traffic shows those."""
    short = row.since is not None and row.until is not None and row.until - row.since <= NIGHT_S
    return row.noun.state in ("planned", "retired") or (row.noun.state == "energy_saving" and short)


def _epoch(cell: Cell) -> tuple[str, str, str]:
    return cell.site_id, cell.technology, cell.band


def _cell(row: Record) -> Dated[Cell]:
    state = row.one_of("state", STATES) if row.text("state") else "in_service"
    ldn = tuple(part.strip() for part in row.text("ldn").split(";") if part.strip())
    site, node, tac, region, band, layer, vendor, software = (row.text(name) for name in PLAIN)
    cell = Cell(
        cell_id=row.needed("cell_id"),
        technology=row.one_of("technology", TECHNOLOGIES),
        site_id=site,
        node_id=node,
        tac=tac,
        region=region,
        band=band,
        layer=layer,
        vendor=vendor,
        software=software,
        state=state,
        latitude=row.number("latitude"),
        longitude=row.number("longitude"),
        ldn=ldn,
    )
    return Dated(cell, row.time("valid_from"), row.time("valid_to"))


def _edge(row: Record) -> Dated[TopologyEdge]:
    return Dated(TopologyEdge(*(row.needed(c) for c in EDGE)), row.time("valid_from"), row.time("valid_to"))


def _neighbours(row: Record) -> tuple[str, str]:
    return row.needed("cell_id"), row.needed("neighbour_id")


def _function(row: Record) -> NetworkFunction:
    serves = tuple(part.strip() for part in row.text("serves").split(";") if part.strip())
    return NetworkFunction(row.needed("nf_id"), row.needed("kind"), serves or ("*",))
