"""The small tables of an operator: network, operations, people, truth."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.foreign.events import Event
from benchmarks.foreign.faults import Fault
from benchmarks.foreign.grid import Grid
from benchmarks.foreign.network import Network
from benchmarks.foreign.presence import Population
from benchmarks.foreign.writing import iso, table

if TYPE_CHECKING:
    from benchmarks.foreign.operator import World

TICKS = {300: "15 min", 900: "15 min", 3600: "1 h", 86_400: "24 h"}
ALARMED = 0.5
"""Share of outages with an alarm. Chosen: half, so that both ways are met."""
CONSENT = 0.85
"""Share of people who agreed to be contacted. Chosen."""


def subscriber(number: int) -> str:
    return f"p{number:07d}"


def write_network(folder: Path, grid: Grid, network: Network) -> None:
    scenario = grid.scenario
    lines = f'timezone = "{scenario.timezone}"\narrival_delay = "4 min"\ntick = "{TICKS[scenario.period_s]}"\n'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "operator.toml").write_text(lines, encoding="utf-8")
    head = "cell_id technology site_id node_id tac region plmn band layer latitude longitude vendor software state"
    rows = (
        (
            name,
            "LTE" if network.lte[c] else "NR",
            network.sites[network.site[c]],
            f"{network.sites[network.site[c]]}-{'e' if network.lte[c] else 'g'}",
            network.tac[c],
            network.region[c],
            "00101",
            network.band[c],
            "capacity" if network.capacity[c] else "coverage",
            round(47 + network.y[network.site[c]] / 111, 5),
            round(5 + network.x[network.site[c]] / 75, 5),
            network.vendor[c],
            "R7",
            "in_service",
        )
        for c, name in enumerate(network.cells)
    )
    table(folder / "cells.csv", head, rows)
    table(folder / "neighbours.csv", "cell_id neighbour_id", _neighbours(network))
    edges = (("site", s, "edge", f"ring{network.hub_of[n]}", "transport") for n, s in enumerate(network.sites))
    table(folder / "topology_edges.csv", "child_kind child_id parent_kind parent_id relation", edges)
    table(folder / "network_functions.csv", "nf_id kind serves", network.functions)


def _neighbours(network: Network) -> Iterator[tuple[str, str]]:
    """Cells of the same site, and one of each of the nearest sites."""
    for c, name in enumerate(network.cells):
        own = [int(o) for o in network.of_site(int(network.site[c])) if o != c]
        for other in dict.fromkeys([*own, *network.near[c].tolist()]):
            yield name, network.cells[other]


def write_operations(folder: Path, grid: Grid, network: Network, events: Sequence[Event], faults: Sequence[Fault]) -> None:
    rng = grid.scenario.rng("operations")
    works = [e for e in events if e.kind == "works"]
    rows = ((*e.scope, iso(e.start), iso(e.end), "upgrade", "planned") for e in works)
    table(folder / "maintenance.csv", "scope_kind scope_id start end reason status", rows)
    declared = {"holiday": ("Founders' day", "holiday"), "match": ("Match", "event")}
    named = [(e, *declared[e.kind]) for e in events if e.kind in declared]
    days = ((iso(e.start), iso(e.end), *e.scope, name, kind) for e, name, kind in named)
    table(folder / "calendar.csv", "start end scope_kind scope_id name kind", days)
    head = "alarm_id object_kind object_id raised_at cleared_at type severity probable_cause text"
    alarmed = [f for f in faults if f.kind == "outage" and not f.silent and rng.random() < ALARMED]
    cause = ("communicationsAlarm", "major", "lossOfSignal", "No service")
    table(
        folder / "alarms.csv",
        head,
        (
            (f"a{n:04d}", "cell", network.cells[f.cells[0]], iso(f.start + 60), iso(f.end + 30), *cause)
            for n, f in enumerate(alarmed)
        ),
    )


def write_people(folder: Path, grid: Grid, network: Network, people: Population) -> None:
    rng, ids = grid.scenario.rng("customers"), [subscriber(n) for n in range(people.count)]
    rows = ((name, f"acc{n:07d}", "consumer", "sms", "en") for n, name in enumerate(ids))
    table(folder / "subscribers.csv", "subscriber_id account_id segment preferred_channel language", rows)
    table(
        folder / "accounts.csv", "account_id kind name", ((f"acc{n:07d}", "consumer", f"No. {n}") for n in range(len(ids)))
    )
    members = ((f"acc{n:07d}", name, "holder") for n, name in enumerate(ids))
    table(folder / "account_members.csv", "account_id subscriber_id role", members)
    since, agreed = iso(grid.scenario.start - 864_000), rng.random(len(ids)) < CONSENT
    consents = (
        ("subscriber", name, purpose, "any", "granted", since)
        for name, yes in zip(ids, agreed.tolist(), strict=True)
        for purpose in ("network_care_analysis", "proactive_contact")
        if yes or purpose == "network_care_analysis"
    )
    table(folder / "consents.csv", "holder_kind holder_id purpose channel state since", consents)
    others = [
        (int(rng.uniform(grid.scenario.start, grid.scenario.end)), int(rng.integers(people.count)), -1)
        for _ in range(rng.poisson(people.count * grid.scenario.days / 7 * 0.004))
    ]
    said = sorted([*people.complaints, *others])
    contacts = (
        (f"c{n:06d}", ids[who], iso(at), "call", *(("billing", "") if cell < 0 else ("network", network.cells[cell])))
        for n, (at, who, cell) in enumerate(said)
        if at < grid.scenario.end
    )
    table(folder / "contacts.csv", "contact_id subscriber_id at channel category cell_id", contacts)


def write_truth(folder: Path, grid: Grid, network: Network, faults: Sequence[Fault], people: Population) -> None:
    """A core fault is at its function, any other at each of its cells. Works end no sooner than their last period:
    of a day's counters what is raised for them is known an hour after them at the latest (CONTRACTS section 4)."""
    rows = (
        (f.fault_id, name, iso(f.start), iso(_last(grid, f)), f.kind, int(f.affects), f.severity)
        for f in faults
        for name in ([f.nf] if f.nf else [network.cells[c] for c in f.cells])
    )
    table(folder / "truth.csv", "fault_id object_id start end kind customer_affecting severity", rows)
    suffered = (
        (fault.fault_id, subscriber(who), failed, seconds)
        for fault, *columns in people.suffering
        for who, failed, seconds in zip(*(c.tolist() for c in columns), strict=True)
    )
    table(folder / "truth_subscribers.csv", "fault_id subscriber_id failures degraded_s", suffered)


def _last(grid: Grid, fault: Fault) -> int:
    period_s = grid.scenario.period_s
    return -(-fault.end // period_s) * period_s if fault.works else fault.end


def write_bench(folder: Path, world: "World", chronic: Sequence[str]) -> None:
    """What no stage and no backtest may read: how hard each fault hits, what happened that is no fault, and of each cell its
    kind, its recurring job and what has always been bad."""
    network = world.network
    hits = (
        (f.fault_id, "" if f.takes_service or f.extra is None else f"{f.extra:.4f}", f.process, f.silent, int(f.works))
        for f in world.faults
    )
    table(folder / "hits.csv", "fault_id extra process silent works", hits)
    happened = (
        (e.kind, *e.scope, iso(e.start), iso(e.end), f"{e.size:.2f}", e.process) for e in world.events if e.kind != "suspect"
    )
    table(folder / "events.csv", "kind scope_kind scope_id start end size process", happened)
    mean = world.load.attempts.mean(axis=0) * 900 / world.grid.step_s
    cells = (
        (name, network.shape[c], world.load.steps[c], chronic[c], f"{mean[c]:.1f}") for c, name in enumerate(network.cells)
    )
    table(folder / "cells.csv", "cell_id shape job chronic attempts", cells)
