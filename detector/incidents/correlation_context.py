"""What one tick shows, beside what is known: the base of every decision about incidents."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.evidence import Evidence
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.operations import Operations
from detector.domain.policy import IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.incidents.onset import Onset, onsets_of
from detector.incidents.sub_threshold import SubThresholdEvidence

NOT_TESTABLE = ("energy_saving", "planned", "retired")
Root = tuple[str, str]
"""(kind, id), as in Incident.root_kind and root_id."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrelationContext:
    """The tick's degradations and evidence, the network, and the policy, at `now` (s).

    `degradations`: id -> each degradation of service in this tick; `past`: id -> members of the open incidents
    that were over before it. `onsets`: of the objects that are bad and measured now. `silent`: cells that send nothing:
    neither good nor bad. `kpis`: id -> definition.
    """

    degradations: Mapping[str, Degradation]
    past: Mapping[str, Degradation]
    onsets: frozenset[Onset]
    silent: frozenset[str]
    evidence: Evidence
    reference: Reference
    kpis: Mapping[str, Kpi]
    incident_policy: IncidentPolicy
    now: int

    @classmethod
    def of(
        cls,
        tracked: Tracked,
        evidence: Evidence,
        reference: Reference,
        kpis: Mapping[str, Kpi],
        incident_policy: IncidentPolicy,
        *,
        now: int,
    ) -> "CorrelationContext":
        """What is not measured any more began nothing since. A cell whose data stopped with those of many others was well as
        far as is known, and makes no group smaller."""
        current = [*tracked.degradations, *tracked.other_durations]
        measured = [d for d in current if d.open and d.no_data_since is None]
        service = [d for d in measured if d.affects_service]
        return cls(
            degradations={d.degradation_id: d for d in current if d.affects_service},
            past={d.degradation_id: d for d in tracked.past},
            onsets=frozenset(onsets_of(service, incident_policy.onset_tolerance_periods)),
            silent=frozenset(d.base_object for d in measured if not d.affects_service and not d.quiet_periods),
            evidence=evidence,
            reference=reference,
            kpis=kpis,
            incident_policy=incident_policy,
            now=now,
        )

    @property
    def topology(self) -> Topology:
        return self.reference.topology

    @property
    def operations(self) -> Operations:
        return self.reference.operations

    @property
    def tick(self) -> Tick:
        return self.evidence.tick

    @property
    def objects_testable(self) -> int:
        """Objects that could show something: the base of the tests against chance."""
        return len(self.evidence.objects)

    @cached_property
    def sub_threshold(self) -> SubThresholdEvidence:
        """What the objects look like that are not raised."""
        return SubThresholdEvidence(self.evidence)

    def current(self, incident: Incident) -> list[Degradation]:
        """Those of its degradations that are in this tick."""
        return [self.degradations[i] for i in incident.degradation_ids if i in self.degradations]

    def known(self, incident: Incident) -> list[Degradation]:
        """All of its degradations that are known, those over before this tick among them, and not withdrawn."""
        members = (self.degradations.get(i) or self.past.get(i) for i in incident.degradation_ids)
        return [d for d in members if d is not None and d.withdrawn_at is None]

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
        return frozenset(b.object_id for b in self.onsets)

    @cached_property
    def _untestable(self) -> frozenset[str]:
        idle = {c.cell_id for c in self.topology.cells.values() if c.state in NOT_TESTABLE}
        return frozenset((idle | self.silent) - self.bad)

    @cached_property
    def groups_of(self) -> Mapping[str, list[Root]]:
        """Bad object -> the groups that it is in."""
        found: dict[str, list[Root]] = {b.object_id: [] for b in self.onsets}
        for root, cells in self.topology.groups.items():
            for cell in cells & found.keys():
                found[cell].append(root)
        return found

    def is_core(self, onset: Onset) -> bool:
        return onset.object_id in self.topology.functions
