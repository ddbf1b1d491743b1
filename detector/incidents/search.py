"""What the search for causes looks at: the objects that are bad, those beside them, and the groups they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from detector.domain.cell import Topology
from detector.domain.policy import IncidentPolicy
from detector.incidents.bouts import Bout
from detector.incidents.hints import Hints

NOT_TESTABLE = ("energy_saving", "planned", "retired")
Root = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Search:
    """The bouts of the objects that are bad, and the cells that could be."""

    bouts: frozenset[Bout]
    silent: frozenset[str]
    """Cells that send nothing: neither good nor bad."""
    topology: Topology
    objects_testable: int
    policy: IncidentPolicy
    hints: Hints = field(default_factory=Hints)

    def members(self, root: Root) -> frozenset[str]:
        """The cells of a group that could show something."""
        if root not in self._members:
            self._members[root] = self.topology.cells_of(*root) - self._untestable
        return self._members[root]

    @cached_property
    def _members(self) -> dict[Root, frozenset[str]]:
        return {}

    @cached_property
    def bad(self) -> frozenset[str]:
        """All objects that are bad now."""
        return frozenset(b.object_id for b in self.bouts)

    @cached_property
    def _untestable(self) -> frozenset[str]:
        idle = {c.cell_id for c in self.topology.cells.values() if c.state in NOT_TESTABLE}
        return frozenset((idle | self.silent) - self.bad)

    @cached_property
    def groups_of(self) -> Mapping[str, list[Root]]:
        """Bad object -> the groups that it is in."""
        found: dict[str, list[Root]] = {b.object_id: [] for b in self.bouts}
        for root, cells in self.topology.groups.items():
            for cell in cells & found.keys():
                found[cell].append(root)
        return found

    def is_core(self, bout: Bout) -> bool:
        return bout.object_id in self.topology.functions
