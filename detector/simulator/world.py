"""One simulated operator: everything that follows from a scenario, built once and read by writers and people."""

from dataclasses import dataclass

from detector.simulator.chronic import ChronicCell, apply_chronic, plan_chronic
from detector.simulator.counters import DayCounters, draw_day
from detector.simulator.effects import Effects, build_effects
from detector.simulator.fault import Fault
from detector.simulator.fault_plan import plan_faults, scripted_faults
from detector.simulator.load import Load, build_load
from detector.simulator.quality import Quality, build_quality
from detector.simulator.scenario import Scenario
from detector.simulator.topology import Network, build_network


@dataclass(frozen=True, eq=False, kw_only=True)
class World:
    """Network, load, quality and faults of a scenario; counters are drawn a day at a time so that memory stays flat."""

    scenario: Scenario
    network: Network
    load: Load
    quality: Quality
    faults: tuple[Fault, ...]
    effects: Effects
    chronic: tuple[ChronicCell, ...] = ()

    def day(self, number: int) -> DayCounters:
        return draw_day(self.scenario, self.network, self.load, self.quality, self.effects, number)


def build_world(scenario: Scenario) -> World:
    """
    >>> world = build_world(Scenario(cells=12, days=1))
    >>> sorted(world.day(0).lte)[:2]
    ['DRB.IPTimeDl.sum', 'DRB.IPVolDl.sum']
    """
    network = build_network(scenario)
    plan = scripted_faults if scenario.scripted else plan_faults
    faults = plan(scenario, network)
    load, effects = build_load(scenario, network), build_effects(scenario, network, faults)
    chronic = plan_chronic(scenario, network)
    apply_chronic(effects, chronic, scenario, load)
    return World(
        scenario=scenario,
        network=network,
        load=load,
        quality=build_quality(scenario, network),
        faults=faults,
        effects=effects,
        chronic=chronic,
    )
