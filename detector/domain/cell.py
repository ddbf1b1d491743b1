"""Who serves, contains and neighbours whom: cells, core functions and what lies behind several sites."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from detector.domain.window import Window

DIMENSION_MARK = "#"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell as it is now. An empty string means "not known"; `state` is in_service, energy_saving, planned, retired."""

    cell_id: str
    technology: str
    site_id: str = ""
    node_id: str = ""
    tac: str = ""
    region: str = ""
    band: str = ""
    layer: str = ""
    vendor: str = ""
    software: str = ""
    state: str = "in_service"
    latitude: float | None = None
    longitude: float | None = None
    ldn: tuple[str, ...] = ()
    valid_from: int | None = None
    """Start of the present epoch of this id (s): before it the id was another cell, and its history does not count."""
    idle: tuple[Window, ...] = ()
    """When it was in another state than in_service, as far as that is known: nothing of it is ordinary then."""
    software_since: int | None = None
    """Since when (s) it runs the present vendor's release; None = not known."""


@dataclass(frozen=True)
class NetworkFunction:
    """A core function; `serves` lists TACs, or `*` for all."""

    nf_id: str
    kind: str
    serves: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class TopologyEdge:
    """`parent` lies behind `child` (relation: transport, power, du_cu, host)."""

    child_kind: str
    child_id: str
    parent_kind: str
    parent_id: str
    relation: str


@dataclass(frozen=True)
class Topology:
    """The network as it is now. Groups are named (kind, id), kinds as in incidents' root_kind.

    >>> t = Topology({"c1": Cell(cell_id="c1", technology="LTE", site_id="s1"), "c2": Cell(cell_id="c2",
    ...     technology="LTE", site_id="s1")})
    >>> sorted(t.groups["site", "s1"])
    ['c1', 'c2']
    """

    cells: Mapping[str, Cell] = field(default_factory=dict)
    functions: Mapping[str, NetworkFunction] = field(default_factory=dict)
    neighbours: Mapping[str, frozenset[str]] = field(default_factory=dict)
    edges: tuple[TopologyEdge, ...] = ()

    @cached_property
    def groups(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """(root kind, root id) -> ids of the cells in it: site, node, tac, region, software, edge, nf, network."""
        members: dict[tuple[str, str], set[str]] = defaultdict(set)
        for cell in self.cells.values():
            release = f"{cell.vendor} {cell.software}".strip() if cell.software else ""
            named = {"site": cell.site_id, "node": cell.node_id, "tac": cell.tac, "region": cell.region}
            for kind, group_id in (named | {"software": release, "network": "*"}).items():
                if group_id:
                    members[kind, group_id].add(cell.cell_id)
        for function in self.functions.values():
            members["nf", function.nf_id] = {
                c.cell_id for c in self.cells.values() if "*" in function.serves or c.tac in function.serves
            }
        self._add_edges(members)
        return {group: frozenset(ids) for group, ids in members.items()}

    def _add_edges(self, members: dict[tuple[str, str], set[str]]) -> None:
        """A parent of several sites, nodes or cells becomes a group of its own, and so do its parents in turn."""
        known = set(self.cells)
        for _ in range(8):  # deeper chains do not exist, and a circle must end
            before = sum(map(len, members.values()))
            for edge in self.edges:
                child = {edge.child_id} if edge.child_kind == "cell" else members.get((edge.child_kind, edge.child_id))
                if child is None:
                    child = members.get(("edge", edge.child_id), set())
                members["edge", edge.parent_id] |= child & known
            if sum(map(len, members.values())) == before:
                return

    def technology(self, object_id: str) -> str:
        """LTE, NR or NSA for a cell, `core` for a network function, empty if the object is unknown."""
        name = base_object(object_id)
        if name in self.cells:
            return self.cells[name].technology
        return "core" if name in self.functions else ""

    def cells_of(self, kind: str, group_id: str) -> frozenset[str]:
        """The cells that a fault of this root touches: the cell itself, or the group's members."""
        if kind == "cell":
            return frozenset({base_object(group_id)})
        return self.groups.get((kind, group_id), frozenset())

    def within(self, scope_kind: str, scope_id: str) -> frozenset[str]:
        """Ids of the objects that declared works or a declared event of this scope affect: its cells and the named object
        itself; of the network every cell and function."""
        return self._everything if scope_kind == "network" else self.cells_of(scope_kind, scope_id) | {scope_id}

    @cached_property
    def _everything(self) -> frozenset[str]:
        return frozenset((*self.cells, *self.functions))

    def cells_behind(self, object_id: str) -> frozenset[str]:
        """The cells whose users feel it when this measured object (cell or core function) is bad."""
        name = base_object(object_id)
        return self.groups.get(("nf", name), frozenset()) if name in self.functions else frozenset({name})


def base_object(object_id: str) -> str:
    """The object without its dimension: `c01#5qi=1` is measured on `c01`. A mark without NAME=VALUE behind it is part of the
    object's own name.

    >>> base_object("c01#5qi=1"), base_object("#1"), base_object("site#3")
    ('c01', '#1', 'site#3')
    """
    base, mark, behind = object_id.rpartition(DIMENSION_MARK)
    return base if mark and "=" in behind else object_id


def dimension(object_id: str) -> str:
    """The dimension of an object id, empty for the object itself.

    >>> dimension("c01#5qi=1"), dimension("c01")
    ('5qi=1', '')
    """
    return object_id[len(base_object(object_id)) + 1 :]
