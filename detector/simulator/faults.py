"""What goes wrong, where and when: the truth that a detector is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detector.simulator.scenario import DAY_S, PERIOD_S, Scenario
from detector.simulator.topology import Network

KINDS = ("outage", "sleeping", "access", "setup", "drop", "handover", "throughput", "drift", "software", "core", "glitch")
WEIGHTS = np.array([2, 2, 2, 1, 1, 1, 2, 1, 0.5, 0.5, 1.5])
SCOPES = {
    "outage": ("cell", "site", "site", "hub"),
    "sleeping": ("cell",),
    "access": ("cell", "cell", "site"),
    "setup": ("cell", "site"),
    "drop": ("cell", "site"),
    "handover": ("cell",),
    "throughput": ("cell", "site", "hub"),
    "drift": ("cell",),
    "software": ("software",),
    "core": ("nf",),
    "glitch": ("cell",),
}
HOURS = {"outage": (1, 6), "software": (1.5, 5), "core": (1, 4), "drift": (48, 96), "glitch": (0.05, 0.2)}
WIDE = {"software", "core"}
REST_S = 4 * 3600


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One cause over [start, end) s. cells: indices of those touched; nf: index of the core function, -1 if none.

    severity: extra share of failures (or its like). hidden: its rows do not arrive at all. works: it is declared
    maintenance, `promised_end` being what was declared.
    """

    fault_id: str
    kind: str
    scope_kind: str
    scope_id: str
    cells: tuple[int, ...]
    start: int
    end: int
    severity: float
    nf: int = -1
    hidden: bool = False
    works: bool = False
    promised_end: int = 0

    @property
    def customer_affecting(self) -> bool:
        return self.kind != "glitch" and not self.works


def plan_faults(scenario: Scenario, network: Network) -> tuple[Fault, ...]:
    """Random faults at the scenario's rate, none on an object within four hours of another, plus declared works."""
    if scenario.quiet:
        return ()
    rng = scenario.rng("faults")
    weeks = (scenario.end - scenario.faults_from) / (7 * DAY_S)
    wanted = round(scenario.fault_rate / 1000 * scenario.cells * weeks)
    more = rng.choice(KINDS, max(wanted - len(KINDS), 0), p=WEIGHTS / WEIGHTS.sum())
    deck = [*rng.permutation(np.array(KINDS)).tolist(), *more.tolist()][:wanted]
    planned: list[Fault] = list(plan_works(scenario, network))
    for number, kind in enumerate(deck, 1):
        for _ in range(200):
            fault = _draw(rng, scenario, network, f"f{number:04d}", kind)
            if fault is not None and not any(_collide(fault, other) for other in planned):
                planned.append(fault)
                break
    return tuple(sorted(planned, key=lambda f: (f.start, f.fault_id)))


def scope(network: Network, kind: str, scope_id: str) -> tuple[tuple[int, ...], int]:
    """Indices of the cells under this scope, and of the core function (-1 if it is none)."""
    if kind == "nf":
        number = next(i for i, f in enumerate(network.functions) if f.nf_id == scope_id)
        return tuple(np.flatnonzero(network.served_by(number)).tolist()), number
    return tuple(i for i, site in enumerate(network.site.tolist()) if _names(network, i, site)[kind] == scope_id), -1


def _names(network: Network, cell: int, site: int) -> dict[str, str]:
    own, mast = network.cells[cell], network.sites[site]
    return {"cell": own.cell_id, "site": own.site_id, "hub": mast.hub, "software": f"{own.vendor} {own.software}"}


def _draw(rng: np.random.Generator, scenario: Scenario, network: Network, fault_id: str, kind: str) -> Fault | None:
    scope_kind = str(rng.choice(SCOPES[kind]))
    target = int(rng.integers(len(network.cells)))
    low, high = HOURS.get(kind, (1, 12))
    start = int(rng.uniform(scenario.faults_from + 3600, scenario.end - 2 * 3600))
    length = int(np.exp(rng.uniform(np.log(low), np.log(high))) * 3600)
    severity, hidden, night = float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))), bool(rng.random() < 0.5), rng.random()
    local_hour = scenario.local_hour[(start - scenario.start) // PERIOD_S]
    if network.capacity[target] or (local_hour < 6 and night < 0.7) or start + low * 3600 * 0.9 > scenario.end:
        return None
    if kind == "glitch":
        start -= (
            start % PERIOD_S - int(rng.integers(30, PERIOD_S - length - 10)) if length < PERIOD_S - 60 else start % PERIOD_S
        )
    names = _names(network, target, int(network.site[target]))
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
        hidden=hidden and kind == "outage",
    )


def _collide(one: Fault, other: Fault) -> bool:
    if (one.kind in WIDE) != (other.kind in WIDE):
        return False
    close = one.start < other.end + REST_S and other.start < one.end + REST_S
    return close and (one.kind in WIDE or not set(one.cells).isdisjoint(other.cells))


def plan_works(scenario: Scenario, network: Network) -> Iterator[Fault]:
    """Declared night works that take a mast down, about 7 per 1,000 cells a week; a third overruns its promise."""
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
                kind="outage",
                scope_kind="site",
                scope_id=network.sites[int(site)].site_id,
                cells=cells,
                start=begin + 240,
                end=promised + late,
                severity=1.0,
                works=True,
                promised_end=promised,
            )
