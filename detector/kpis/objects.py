"""Which cell or core function a row of counters belongs to."""

import re
from collections import defaultdict

from detector.domain.cell import Topology, base_object

_CLASS_TWINS = (("NRCellDU=", "NRCellCU="), ("GNBDUFunction=", "GNBCUCPFunction="))
_SEPARATOR = re.compile(r"(?<!\\),")


class ObjectNames:
    """Raw object of a row (an LDN or an id, with its dimension after `#`) -> object id, cached.

    An exact id; else the longest `ldn` suffix on whole RDNs (of two cells with the same suffix the one whose node the LDN
    names); else the last RDN's value if it is a known id, unless the LDN names another node than that cell's.

    >>> from detector.domain.cell import Cell
    >>> cell = Cell(cell_id="c1", technology="NR", node_id="g7", ldn=("GNBCUCPFunction=1,NRCellCU=3",))
    >>> names = ObjectNames(Topology({"c1": cell}))
    >>> names.object_of("ManagedElement=g7, GNBCUCPFunction=1, NRCellCU=3"), names.object_of("NRCellDU=c1#5qi=1")
    ('c1', 'c1#5qi=1')
    >>> names.object_of("ManagedElement=g7,NRCellCU=13") is None
    True
    """

    def __init__(self, topology: Topology) -> None:
        self._cells, self._functions = topology.cells, topology.functions
        self._nodes = {cell.node_id for cell in topology.cells.values()} - {""}
        self._suffixes: dict[str, list[str]] = defaultdict(list)
        self._cache: dict[str, str | None] = {}
        for cell in topology.cells.values():
            for ldn in dict.fromkeys(",".join(_rdns(ldn)) for ldn in cell.ldn):
                self._suffixes[ldn].append(cell.cell_id)

    def object_of(self, raw: str, managed_element: str = "") -> str | None:
        """None = unknown object."""
        key = f"{managed_element}\n{raw}" if managed_element else raw
        if key not in self._cache:
            base = base_object(raw)
            found = self._base(base.strip(), managed_element)
            self._cache[key] = f"{found}{raw[len(base) :]}" if found else None
        return self._cache[key]

    def _base(self, raw: str, managed_element: str) -> str | None:
        if raw in self._cells or raw in self._functions:
            return raw
        rdns = _rdns(raw)
        named = {rdn.partition("=")[2] for rdn in (*rdns, *_rdns(managed_element))} & self._nodes
        if found := self._by_suffix(rdns, named):
            return found
        for twin in _twins(rdns):
            if found := self._by_suffix(twin, named):
                return found
        return self._by_last(rdns[-1], named) if rdns else None

    def _by_suffix(self, rdns: list[str], named: set[str]) -> str | None:
        for first in range(len(rdns)):
            if found := self._one(self._suffixes.get(",".join(rdns[first:]), ()), named):
                return found
        return None

    def _one(self, cells: list[str] | tuple[()], named: set[str]) -> str | None:
        if len(cells) > 1:
            cells = [cell for cell in cells if self._cells[cell].node_id in named]
        return cells[0] if len(cells) == 1 else None

    def _by_last(self, rdn: str, named: set[str]) -> str | None:
        kind, _, value = rdn.rpartition("=")
        if value in self._functions:
            return value
        # A relation, function or element row is not the row of the cell that happens to have its number.
        if value not in self._cells or kind.endswith(("Relation", "Function", "ManagedElement")):
            return None
        node = self._cells[value].node_id
        return None if node and named and node not in named else value


def _rdns(ldn: str) -> list[str]:
    if " " not in ldn and "\\" not in ldn and ",," not in ldn:
        return ldn.strip(",").split(",") if ldn.strip(",") else []
    return ["=".join(part.strip() for part in rdn.split("=", 1)) for rdn in _SEPARATOR.split(ldn) if rdn.strip()]


def _twins(rdns: list[str]) -> list[list[str]]:
    """The same LDN seen from the other half of a split gNB: a cell's CU and DU rows belong together."""
    text = ",".join(rdns)
    ways = []
    for here, there in ((0, 1), (1, 0)):
        other = text
        for pair in _CLASS_TWINS:
            other = other.replace(pair[here], pair[there])
        if other != text:
            ways.append(other.split(","))
    return ways
