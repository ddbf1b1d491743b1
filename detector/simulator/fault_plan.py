"""Which faults strike, where and when: drawn by chance, or by the dense plan of a demonstration; the truth of a dataset."""

from collections.abc import Iterator

import numpy as np

from detector.domain.window import DAY_S
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.faults import FAULT_KINDS
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.topology import Network

APART_S = 4 * 3600
"""Time between two faults of one object. Chosen: the incident of the first is over."""
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
"""The demonstration's live day: within half of it, one of most things that happen to a network."""


def plan_faults(scenario: Scenario, network: Network) -> tuple[Fault, ...]:
    """Random faults at the scenario's rate, none on an object within four hours of another, plus declared works."""
    if scenario.fault_free:
        return ()
    rng = scenario.rng("faults")
    weeks = (scenario.end - scenario.faults_from) / (7 * DAY_S)
    wanted = round(scenario.fault_rate / 1000 * scenario.cells * weeks)
    names, weights = list(FAULT_KINDS), np.array([kind.weight for kind in FAULT_KINDS.values()])
    more = rng.choice(names, max(wanted - len(names), 0), p=weights / weights.sum())
    deck = [*rng.permutation(np.array(names)).tolist(), *more.tolist()][:wanted]
    planned: list[Fault] = list(plan_works(scenario, network))
    for number, name in enumerate(deck, 1):
        for _ in range(200):
            fault = _draw(rng, scenario, network, f"f{number:04d}", FAULT_KINDS[name])
            if fault is not None and not any(_collide(fault, other) for other in planned):
                planned.append(fault)
                break
    return tuple(sorted(planned, key=lambda f: (f.start, f.fault_id)))


def scope(network: Network, kind: str, scope_id: str) -> tuple[tuple[int, ...], int]:
    """Indices of the cells under this scope, and of the core function (-1 if it is none)."""
    if kind == "nf":
        number = next(i for i, f in enumerate(network.functions) if f.nf_id == scope_id)
        return tuple(np.flatnonzero(network.served_by(number)).tolist()), number
    return tuple(i for i, site in enumerate(network.site.tolist()) if _scopes_of(network, i, site)[kind] == scope_id), -1


def _scopes_of(network: Network, cell: int, site: int) -> dict[str, str]:
    own, hub = network.cells[cell], network.sites[site].hub
    return {"cell": own.cell_id, "site": own.site_id, "hub": hub, "software": f"{own.vendor} {own.software}"}


def _draw(rng: np.random.Generator, scenario: Scenario, network: Network, fault_id: str, kind: FaultKind) -> Fault | None:
    scope_kind = str(rng.choice(kind.scopes))
    target = int(rng.integers(len(network.cells)))
    low, high = kind.hours
    start = int(rng.uniform(scenario.faults_from + 3600, scenario.end - 2 * 3600))
    length = int(np.exp(rng.uniform(np.log(low), np.log(high))) * 3600)
    severity, hidden, night = float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))), bool(rng.random() < 0.5), rng.random()
    local_hour = scenario.local_hour[(start - scenario.start) // PERIOD_S]
    if network.capacity[target] or (local_hour < 6 and night < 0.7) or start + low * 3600 * 0.9 > scenario.end:
        return None
    start = kind.start(start, length, rng)
    names = _scopes_of(network, target, int(network.site[target]))
    names["nf"] = network.functions[target % len(network.functions)].nf_id
    cells, nf = scope(network, scope_kind, names[scope_kind])
    return Fault(
        fault_id=fault_id,
        kind=kind,
        scope_kind=scope_kind,
        scope_id=names[scope_kind],
        cells=cells,
        start=start,
        end=min(start + length, scenario.end),
        severity=severity,
        nf=nf,
        hidden=hidden and kind.can_hide,
    )


def _collide(one: Fault, other: Fault) -> bool:
    if (one.kind.network_wide) != (other.kind.network_wide):
        return False
    close = one.start < other.end + APART_S and other.start < one.end + APART_S
    return close and (one.kind.network_wide or not set(one.cells).isdisjoint(other.cells))


def plan_works(scenario: Scenario, network: Network) -> Iterator[Fault]:
    """Declared night works that take a site down, about 7 per 1,000 cells a week; a third overruns its promise."""
    rng = scenario.rng("works")
    nights = np.flatnonzero((scenario.local % DAY_S == 3600) & (scenario.starts >= scenario.faults_from))
    for number, night in enumerate(nights.tolist(), 1):
        chance, minutes, over, site = rng.random(), rng.integers(4, 12) * 15, rng.random(), rng.integers(len(network.sites))
        begin = int(scenario.starts[night])
        promised = begin + int(minutes) * 60
        late = int(rng.uniform(20, 70) * 60) if over < 0.35 else -int(rng.uniform(5, 25) * 60)
        if chance < scenario.cells / 1000:
            cells, _ = scope(network, "site", network.sites[int(site)].site_id)
            yield Fault(
                fault_id=f"w{number:04d}",
                kind=FAULT_KINDS["outage"],
                scope_kind="site",
                scope_id=network.sites[int(site)].site_id,
                cells=cells,
                start=begin + 240,
                end=promised + late,
                severity=1.0,
                works=True,
                promised_end=promised,
            )


def scripted_faults(scenario: Scenario, network: Network) -> tuple[Fault, ...]:
    """The plan of each live day; objects are drawn, no site twice a day while there are enough of them."""
    if scenario.fault_free:
        return ()
    rng = scenario.rng("script")
    faults = []
    for day in range(scenario.days - scenario.history_days):
        order = rng.permutation(len(network.sites))
        opening = scenario.faults_from + day * DAY_S
        faults += [_scripted(scenario, network, day, row, opening, int(order[row % len(order)])) for row in range(len(PLAN))]
    return tuple(f for f in faults if f.cells)


def _scripted(scenario: Scenario, network: Network, day: int, row: int, opening: int, site: int) -> Fault:
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
        kind=FAULT_KINDS[kind],
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
    """The first site of the hub that most sites depend on: one cut, many sites."""
    hubs = [site.hub for site in network.sites]
    return max(range(len(hubs)), key=lambda i: hubs.count(hubs[i]))
