"""What every kind of simulated fault promises; a test module makes a subclass `Test...` with a fixture `kind`."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from detector.simulator.complaint_texts import COMPLAINT_TEXTS
from detector.simulator.complaints import Complaints
from detector.simulator.effects import Effects, build_effects
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.fault_plan import plan_faults, scope
from detector.simulator.operations import draw_alarms, draw_tickets
from detector.simulator.presence import day_presence
from detector.simulator.scenario import Scenario
from detector.simulator.subscribers import build_people
from detector.simulator.world import World, build_world

MONDAY = 1_772_409_600
NINE = MONDAY + 9 * 3600
DURING = slice(36, 52)
"""Periods of the day that the fault touches."""
SEVERITIES = ("critical", "major", "minor", "warning")


@lru_cache
def calm_world() -> World:
    return build_world(Scenario(cells=60, days=1, seed=3, start=MONDAY, fault_free=True, subscribers_per_cell=30))


class FaultContract:
    """One fault from 9:05 to 13:00 UTC of a day on which nothing else is wrong."""

    @pytest.fixture
    def calm(self) -> World:
        return calm_world()

    @pytest.fixture
    def fault(self, kind: FaultKind, calm: World) -> Fault:
        network = calm.network
        cell = network.cells[int(np.flatnonzero(~network.capacity)[0])]
        site = next(one for one in network.sites if one.site_id == cell.site_id)
        names = {
            "cell": cell.cell_id,
            "site": cell.site_id,
            "hub": site.hub,
            "software": f"{cell.vendor} {cell.software}",
            "nf": network.functions[0].nf_id,
        }
        cells, nf = scope(network, kind.scopes[0], names[kind.scopes[0]])
        return Fault(
            fault_id="f1",
            kind=kind,
            scope_kind=kind.scopes[0],
            scope_id=names[kind.scopes[0]],
            cells=cells,
            start=NINE + 300,
            end=NINE + 4 * 3600,
            severity=0.25,
            nf=nf,
        )

    @pytest.fixture
    def faulty(self, calm: World, fault: Fault) -> World:
        return self.with_fault(calm, fault)

    def with_fault(self, calm: World, fault: Fault) -> World:
        return replace(calm, faults=(fault,), effects=build_effects(calm.scenario, calm.network, (fault,)))

    def changed(self, one: Effects, other: Effects) -> np.ndarray:
        """[period, cell]: where an effect differs."""
        parts = ("down", "unavailable", "speed", "missing")
        found = (one.extra != other.extra).any(axis=0)
        for part in parts:
            found |= getattr(one, part) != getattr(other, part)
        return found

    def test_it_is_a_kind_that_can_be_drawn(self, kind: FaultKind) -> None:
        shortest, longest = kind.hours
        assert kind.weight > 0
        assert 0 < shortest <= longest
        assert kind.scopes
        assert set(kind.scopes) <= {"cell", "site", "hub", "software", "nf"}

    def test_it_changes_its_own_cells_while_it_lasts_and_nothing_else(
        self, calm: World, faulty: World, fault: Fault
    ) -> None:
        changed = self.changed(calm.effects, faulty.effects)
        assert changed[DURING][:, list(fault.cells)].any()
        changed[DURING, list(fault.cells)] = False
        assert not changed.any()
        function = calm.effects.function != faulty.effects.function
        assert function.any() == (fault.nf >= 0)

    def test_every_share_stays_a_share(self, faulty: World) -> None:
        effects = faulty.effects
        for share in (effects.extra, effects.down, effects.unavailable, effects.function):
            assert ((share >= 0) & (share <= 1)).all()
        assert ((effects.speed > 0) & (effects.speed <= 1)).all()

    def test_the_same_fault_has_the_same_effect(self, calm: World, faulty: World, fault: Fault) -> None:
        assert not self.changed(faulty.effects, self.with_fault(calm, fault).effects).any()

    def test_counters_show_it_and_stay_counters(self, calm: World, faulty: World, fault: Fault) -> None:
        before, after = calm.day(0), faulty.day(0)
        cells = list(fault.cells)
        rows = [(one.attempts, one.failures, one.down, one.slow, one.present) for one in (before, after)]
        assert any((a[DURING][:, cells] != b[DURING][:, cells]).any() for a, b in zip(*rows, strict=True))
        for table in (after.lte, after.nr, *after.core.values()):
            assert all((values[np.isfinite(values)] >= 0).all() for values in table.values())
        assert set(before.lte) == set(after.lte)

    def test_people_suffer_from_it_if_it_affects_customers(self, calm: World, faulty: World, kind: FaultKind) -> None:
        if not kind.customer_affecting:
            return
        people = build_people(calm.scenario, calm.network)
        presence = day_presence(faulty, people, 0, faulty.day(0))
        suffering = presence.suffering
        assert set(suffering.fault.tolist()) == {0}
        assert ((suffering.hour >= NINE) & (suffering.hour < NINE + 4 * 3600)).all()
        assert (suffering.failures > 0).any() or (suffering.degraded_s > 0).any()

    def test_complaints_about_it_exist_in_every_language(self, kind: FaultKind, faulty: World) -> None:
        assert all(texts[kind.topic] for texts in COMPLAINT_TEXTS.values())
        complaints = Complaints(faulty, build_people(faulty.scenario, faulty.network))
        assert complaints._topic("network", 0, 0.0) == kind.topic

    def test_alarms_come_as_often_as_planned_and_never_of_a_hidden_one(self, calm: World, fault: Fault) -> None:
        alarm = fault.kind.alarm
        many = tuple(replace(fault, fault_id=f"f{n:04d}") for n in range(400))
        alarms, tickets = draw_alarms(replace(calm, faults=many)), draw_tickets(replace(calm, faults=many))
        own = [one for one in alarms if one.alarm_id.startswith("al-f")]
        if alarm is None:
            assert (own, tickets) == ([], ())
            return
        assert alarm.severity in SEVERITIES
        assert abs(len(own) / len(many) - alarm.chance) < 0.1
        assert {(one.severity, one.text) for one in own} == {(alarm.severity, alarm.text)}
        assert all(fault.start < one.raised_at < one.cleared_at for one in own)
        hidden = tuple(replace(one, hidden=True) for one in many)
        assert not any(one.alarm_id.startswith("al-f") for one in draw_alarms(replace(calm, faults=hidden)))

    def test_it_is_planned_as_long_and_as_wide_as_it_states(self, kind: FaultKind) -> None:
        scenario = Scenario(cells=120, days=10, seed=4, start=MONDAY, fault_rate=400.0)
        world = build_world(replace(scenario, fault_free=True))
        own = [one for one in plan_faults(scenario, world.network) if one.kind is kind and not one.works]
        assert own
        for one in own:
            assert scenario.start < one.start < one.end <= scenario.end
            assert one.end - one.start <= kind.hours[1] * 3600
            assert one.scope_kind in kind.scopes
            assert one.cells
            assert kind.can_hide or not one.hidden
