"""Counters of the core functions: they follow the cells that they serve."""

import numpy as np

from benchmarks.foreign.counters import Columns, Counted
from benchmarks.foreign.faults import Fault
from benchmarks.foreign.grid import HOUR_S, Floats, Grid
from benchmarks.foreign.network import Network

PURGED = 0.35
"""Share of registered subscribers that is left when an AMF purges the silent ones at midnight. Chosen: as in a real case."""
HOME_SHARE = 0.35
"""Of the registered subscribers, who stay whatever the load. Chosen: telephones at rest."""
KINDS = ("AMF", "MME", "SMF", "UPF")


def tables(
    grid: Grid, network: Network, seen: Counted, faults: tuple[Fault, ...]
) -> dict[str, tuple[tuple[str, ...], Columns]]:
    """Kind -> its functions, and counter name -> [step, function]."""
    rng, rows = grid.scenario.rng("core"), dict[str, list[tuple[str, Columns]]]()
    purges = rng.random() < 0.75
    for nf, kind, _ in network.functions:
        served = network.served(nf)
        if not served.any():
            continue
        tries = seen.tries["rrc"][:, served].sum(axis=1).astype(float)
        failing = _failing(grid, nf, faults)
        make = {"AMF": _amf, "MME": _mme, "SMF": _smf, "UPF": _upf}[kind]
        columns = make(grid, rng, tries, failing)
        if kind == "AMF":
            columns["RM.RegisteredSubNbrMean"] = _registered(grid, rng, tries, purges)
        if kind == "UPF":
            columns["GTP.InDataPktN3UPF"] = seen.carried[:, served].sum(axis=1) * 90 * _noise(rng, tries, 0.03)
        rows.setdefault(kind, []).append((nf, {n: np.round(v) for n, v in columns.items()}))
    return {
        kind: (tuple(nf for nf, _ in own), {n: np.stack([c[n] for _, c in own], axis=1) for n in own[0][1]})
        for kind, own in rows.items()
    }


def _failing(grid: Grid, nf: str, faults: tuple[Fault, ...]) -> Floats:
    """[step] share that fails on top."""
    found = np.zeros(len(grid.starts))
    for fault in faults:
        if fault.nf == nf:
            span, share = grid.share(fault.start, fault.end)
            found[span] = np.maximum(found[span], share * float(fault.extra or 0))
    return found


def _noise(rng: np.random.Generator, like: Floats, spread: float) -> Floats:
    return np.asarray(np.exp(rng.normal(0, spread, like.shape)), np.float64)


def _registered(grid: Grid, rng: np.random.Generator, tries: Floats, purges: bool) -> Floats:
    """Who is there: some always, the rest as the load of the last hours; halved or more at midnight where the AMF purges,
    and back by the morning."""
    recent = np.convolve(tries, np.ones(8) / 8)[: len(tries)]
    recent[:8] = tries[:8].mean()
    level = float(np.median(tries)) * 12
    people = level * (HOME_SHARE + (1 - HOME_SHARE) * recent / max(float(recent.mean()), 1e-9))
    hour = grid.second / HOUR_S
    kept = np.interp(hour, [0, 5, 9, 24], [PURGED, PURGED, 1.0, 1.0]) if purges else np.ones(len(tries))
    return np.asarray(people * kept * _noise(rng, tries, 0.015), np.float64)


def _ratio(rng: np.random.Generator, mean: Floats, base: float, failing: Floats) -> tuple[Floats, Floats]:
    """Tries and successes, with more spread than a binomial."""
    tries = rng.poisson(mean * _noise(rng, mean, 0.05))
    share = np.minimum(base * _noise(rng, mean, 0.3), 0.5)
    failed = rng.binomial(tries, 1 - (1 - share) * (1 - failing))
    return tries.astype(float), (tries - failed).astype(float)


def _amf(grid: Grid, rng: np.random.Generator, tries: Floats, failing: Floats) -> Columns:
    at_midnight = np.where(grid.second < 1800, 2.5, 1.0)
    initial = _ratio(rng, tries * 0.08 * at_midnight, 0.01, failing)
    moved = _ratio(rng, tries * 0.25, 0.006, failing)
    paged = _ratio(rng, tries * 0.5, 0.02, failing)
    return {
        "RM.RegInitReq": initial[0],
        "RM.RegInitSucc": initial[1],
        "RM.RegMobReq": moved[0],
        "RM.RegMobSucc": moved[1],
        "MM.Paging5GReq": paged[0],
        "MM.Paging5GSucc": paged[1],
    }


def _mme(grid: Grid, rng: np.random.Generator, tries: Floats, failing: Floats) -> Columns:
    attached = _ratio(rng, tries * 0.1, 0.012, failing)
    return {"MM.AttEpsAttach": attached[0], "MM.SuccEpsAttach": attached[1]}


def _smf(grid: Grid, rng: np.random.Generator, tries: Floats, failing: Floats) -> Columns:
    job = np.where((grid.second >= 3.5 * HOUR_S) & (grid.second < 3.75 * HOUR_S), 3.0, 1.0)
    sessions = _ratio(rng, tries * 0.3 * job, 0.004, failing)
    return {"SM.PduSessionCreationReq": sessions[0], "SM.PduSessionCreationSucc": sessions[1]}


def _upf(grid: Grid, rng: np.random.Generator, tries: Floats, failing: Floats) -> Columns:
    asked = _ratio(rng, tries * 0.3, 0.002, failing)
    return {"SM.N4SessionEstabReq": asked[0], "SM.N4SessionEstabFail": asked[0] - asked[1]}
