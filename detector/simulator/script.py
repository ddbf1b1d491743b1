"""The demonstration's plan: within a simulated half-day, one of most things that happen to a network."""

import numpy as np

from detector.simulator.faults import Fault, scope
from detector.simulator.scenario import DAY_S, Scenario
from detector.simulator.topology import Network

PLAN = (
    # minutes after going live, kind, scope, minutes, severity, hidden, works
    (38, "access", "cell", 170, 0.28, False, False),
    (64, "outage", "site", 95, 1.0, False, True),
    (113, "outage", "site", 140, 1.0, False, False),
    (152, "glitch", "cell", 7, 0.25, False, False),
    (205, "sleeping", "cell", 200, 1.0, False, False),
    (256, "throughput", "site", 190, 0.25, False, False),
    (338, "core", "nf", 75, 0.15, False, False),
    (437, "outage", "hub", 90, 1.0, True, False),
    (521, "drop", "cell", 180, 0.15, False, False),
    (590, "setup", "site", 150, 0.12, False, False),
    (668, "software", "software", 160, 0.1, False, False),
    (741, "handover", "cell", 200, 0.25, False, False),
)


def scripted_faults(scenario: Scenario, network: Network) -> tuple[Fault, ...]:
    """The plan of each live day; objects are drawn, no mast twice a day while there are enough of them."""
    if scenario.quiet:
        return ()
    rng = scenario.rng("script")
    faults = []
    for day in range(scenario.days - scenario.history_days):
        order = rng.permutation(len(network.sites))
        opening = scenario.faults_from + day * DAY_S
        faults += [_fault(scenario, network, day, row, opening, int(order[row % len(order)])) for row in range(len(PLAN))]
    return tuple(f for f in faults if f.cells)


def _fault(scenario: Scenario, network: Network, day: int, row: int, opening: int, site: int) -> Fault:
    minute, kind, scope_kind, minutes, severity, hidden, works = PLAN[row]
    start = opening + minute * 60 + 17 * (row + 1)
    if scope_kind == "hub":
        site = _widest_hub(network)
    own = np.flatnonzero((network.site == site) & ~network.capacity)
    cell = network.cells[int(own[day % len(own)])]
    names = {
        "cell": cell.cell_id,
        "site": cell.site_id,
        "hub": network.sites[site].hub,
        "software": f"{cell.vendor} {cell.software}",
        "nf": network.functions[(2 * day) % len(network.functions)].nf_id,
    }
    cells, nf = scope(network, scope_kind, names[scope_kind])
    end = min(start + minutes * 60, scenario.end)
    promised = opening + (minute + 65) * 60 if works else 0
    return Fault(
        fault_id=f"{'w' if works else 'f'}{day + 1:02d}{row + 1:02d}",
        kind=kind,
        scope_kind=scope_kind,
        scope_id=names[scope_kind],
        cells=cells,
        start=start,
        end=end,
        severity=severity,
        nf=nf,
        hidden=hidden,
        works=works,
        promised_end=promised,
    )


def _widest_hub(network: Network) -> int:
    """A mast of the hub behind most masts: one cut, many sites."""
    hubs = [site.hub for site in network.sites]
    return max(range(len(hubs)), key=lambda i: hubs.count(hubs[i]))
