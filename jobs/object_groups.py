"""What objects that fell silent together have in common."""

from detector.domain.cell import Cell, Topology

_MANY, _ALL_OF = 5, 0.9
"""So many objects that fell silent together are one stop; or fewer that are so large a share of a node or another group."""
_GROUPS = ("vendor", "region", "tac", "technology", "node_id", "site_id")


def describe(names: set[str], topology: Topology, silent: set[str]) -> str:
    """What these objects have in common, as `vendor huawei`; `cells` of many that share nothing; empty for too few to decide
    of.

    >>> def cell(i):
    ...     vendor, node = "a" if i < 6 else "b", f"n{i // 3}"
    ...     return Cell(cell_id=f"c{i}", technology="LTE", vendor=vendor, node_id=node)
    >>> cells = {f"c{i}": cell(i) for i in range(12)}
    >>> [describe(set(own), Topology(cells), set(own)) for own in ({"c0", "c1", "c2"}, {"c3", "c9"}, set(list(cells)[:6]))]
    ['node n0', '', 'vendor a']
    """
    cells = topology.cells
    for name in _GROUPS:
        shared = {str(getattr(cells[one], name)) if one in cells else "" for one in names}
        value = next(iter(shared)) if len(shared) == 1 else ""
        if value and len(names) > 1:
            members = {cell.cell_id for cell in cells.values() if str(getattr(cell, name)) == value and is_expected(cell)}
            if len(silent & members) >= _ALL_OF * len(members):
                return f"{name.removesuffix('_id')} {value}"
    return "cells" if len(names) >= _MANY else ""


def is_expected(cell: Cell) -> bool:
    """Whether counters of this cell are to come."""
    return cell.state not in ("planned", "retired")
