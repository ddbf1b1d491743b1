"""Counters of the cells: what was tried and failed in each step, and what a longer measuring period makes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.events import PROCESSES
from benchmarks.foreign.grid import Floats, Grid
from benchmarks.foreign.load import Load
from benchmarks.foreign.network import Network
from benchmarks.foreign.state import State

BASE = {"rrc": 0.004, "context": 0.002, "bearer": 0.003, "drop": 0.004, "handover": 0.012}
"""Median share that fails without any fault. Chosen: within the targets that operators publish."""
CHRONIC_SHARE = 0.04
"""Cells that have always been bad. Chosen: enough for twenty to be looked for in a large operator."""
CONGESTED = 0.015
"""Most that a congested makes fail on top. Chosen: near the least change that customers feel."""
GAUGES = {"DRB.UEThpDl", "RRU.PrbTotDl", "RRC.ConnMean", "RM.RegisteredSubNbrMean"}
"""Averaged over a longer period, where all else is added up (TS 32.401: SI and gauges)."""


@dataclass(frozen=True, eq=False)
class Cells:
    """`base`: process -> [cell] share that fails; `chronic`: [cell] what has always been bad, or empty. `speed`: Mbit/s;
    `spread`: process -> [cell] standard deviation of the logarithm of what a step makes of the usual share."""

    base: dict[str, Floats]
    spread: dict[str, Floats]
    speed: Floats
    chronic: tuple[str, ...]


def cells_of(grid: Grid, network: Network) -> Cells:
    rng = grid.scenario.rng("cells")
    count = len(network.cells)
    base = {p: level * np.exp(rng.normal(0, 0.5, count)) for p, level in BASE.items()}
    spread = {p: rng.uniform(0.15, 0.75, count) for p in PROCESSES}
    speed = np.where(network.lte, 14.0, 70.0) * np.exp(rng.normal(0, 0.3, count))
    chronic = np.where(rng.random(count) < CHRONIC_SHARE, rng.choice(["drop", "rrc", "handover", "speed"], count), "")
    for name in PROCESSES:
        base[name] = np.where(chronic == name, base[name] + rng.uniform(0.03, 0.09, count), base[name])
    speed = np.where(chronic == "speed", speed * 0.25, speed)
    return Cells(base, spread, speed, tuple(map(str, chronic)))


@dataclass(frozen=True, eq=False)
class Counted:
    """[step, cell] of each process: tries and failures; and the traffic beside them. `utilisation`: share of what the cell
    is built for. `carried`: Mbit."""

    tries: dict[str, NDArray[np.int64]]
    failures: dict[str, NDArray[np.int64]]
    carried: Floats
    speed: Floats
    utilisation: Floats


def counted(grid: Grid, network: Network, load: Load, state: State) -> Counted:
    rng, cells = grid.scenario.rng("counters"), cells_of(grid, network)
    served = state.attempts * (1 - state.down)
    expected = served * np.exp(rng.normal(0, 0.08, served.shape))
    utilisation = expected / load.busy
    congested = np.minimum(CONGESTED * utilisation**4, CONGESTED)
    tries: dict[str, NDArray[np.int64]] = {"rrc": rng.poisson(expected)}
    failures: dict[str, NDArray[np.int64]] = {}
    for name in PROCESSES:
        if name == "handover":
            tries[name] = rng.poisson(expected * 0.55)
        noise = np.exp(rng.normal(0, 1, expected.shape) * cells.spread[name] - cells.spread[name] ** 2 / 2)
        share = np.minimum(cells.base[name] * noise * state.worse + (congested if name != "drop" else congested / 2), 0.9)
        share = 1 - (1 - share) * (1 - state.extra[name])
        burst = rng.poisson(state.burst[name] * (state.down < 0.5))
        failed = rng.binomial(tries[name], share) + (np.minimum(burst, tries[name]) if name == "drop" else burst)
        tries[name] = tries[name] + (0 if name == "drop" else burst)
        failures[name] = np.minimum(failed, tries[name])
        _follow(rng, name, tries, failures)
    speed = cells.speed * np.maximum(1 - 0.35 * np.minimum(utilisation, 1.6), 0.2)
    speed = speed * state.speed * np.exp(rng.normal(0, 0.11, speed.shape))
    each = np.where(network.lte, 6.0, 25.0) * state.volume * np.exp(rng.normal(0, 0.25, speed.shape))
    carried = tries["rrc"] * each * np.minimum(1.0, 0.5 + 0.5 * state.speed)
    return Counted(tries, failures, carried, speed, utilisation)


def _follow(
    rng: np.random.Generator, name: str, tries: dict[str, NDArray[np.int64]], failures: dict[str, NDArray[np.int64]]
) -> None:
    """Who succeeds in one step of a connection tries the next."""
    succeeded = tries[name] - failures[name]
    if name == "rrc":
        tries["context"] = rng.binomial(succeeded, 0.85)
    elif name == "context":
        tries["bearer"] = rng.poisson(succeeded * 1.15)
    elif name == "bearer":
        tries["drop"] = succeeded


Columns = dict[str, Floats]


def tables(grid: Grid, network: Network, state: State, seen: Counted) -> dict[str, tuple[NDArray[np.int64], Columns]]:
    """Technology -> its cells, and counter name -> [step, cell of these]."""
    rng = grid.scenario.rng("tables")
    every = {"LTE": _lte, "NR": _nr}
    found = {}
    for technology, make in every.items():
        own = np.flatnonzero(network.lte == (technology == "LTE"))
        columns = make(grid, own, state, seen, rng)
        nonsense = state.nonsense[:, own]
        found[technology] = (own, {n: np.round(v * nonsense, _digits(n)) for n, v in columns.items()})
    return found


def _digits(name: str) -> int:
    return 2 if name in GAUGES else 0


def _pair(columns: Columns, seen: Counted, own: NDArray[np.int64], process: str, names: tuple[str, str]) -> None:
    tries, failures = seen.tries[process][:, own], seen.failures[process][:, own]
    columns[names[0]], columns[names[1]] = tries.astype(float), (tries - failures).astype(float)


def _within(columns: Columns, rng: np.random.Generator, whole: tuple[str, str], inner: tuple[str, str]) -> None:
    """Of the handovers that stand under `whole` a third stay within the node and are counted under `inner` instead."""
    succeeded = rng.binomial(columns[whole[1]].astype(np.int64), 1 / 3)
    failed = rng.binomial((columns[whole[0]] - columns[whole[1]]).astype(np.int64), 1 / 3)
    columns[inner[0]], columns[inner[1]] = (succeeded + failed).astype(float), succeeded.astype(float)
    columns[whole[0]], columns[whole[1]] = columns[whole[0]] - columns[inner[0]], columns[whole[1]] - columns[inner[1]]


def _lte(grid: Grid, own: NDArray[np.int64], state: State, seen: Counted, rng: np.random.Generator) -> Columns:
    columns: Columns = {}
    _pair(columns, seen, own, "rrc", ("RRC.ConnEstabAtt", "RRC.ConnEstabSucc"))
    _pair(columns, seen, own, "context", ("S1SIG.ConnEstabAtt", "S1SIG.ConnEstabSucc"))
    _pair(columns, seen, own, "bearer", ("ERAB.EstabInitAttNbr", "ERAB.EstabInitSuccNbr"))
    columns["ERAB.RelAttNbr"] = seen.tries["drop"][:, own].astype(float)
    columns["ERAB.RelActNbr"] = seen.failures["drop"][:, own].astype(float)
    columns["ERAB.SessionTimeUE"] = (
        columns["ERAB.RelAttNbr"] * 45 * np.exp(rng.normal(0, 0.15, columns["ERAB.RelAttNbr"].shape))
    )
    _pair(columns, seen, own, "handover", ("HO.InterEnbOutAtt", "HO.InterEnbOutSucc"))
    _within(columns, rng, ("HO.InterEnbOutAtt", "HO.InterEnbOutSucc"), ("HO.IntraEnbOutAtt", "HO.IntraEnbOutSucc"))
    kbit = seen.carried[:, own] * 1000
    columns["DRB.IPVolDl"] = kbit
    columns["DRB.IPTimeDl"] = kbit / seen.speed[:, own]
    columns["RRU.CellUnavailableTime"] = state.reported_down[:, own] * grid.step_s
    columns |= _gauges(seen, own, rng)
    return columns


def _nr(grid: Grid, own: NDArray[np.int64], state: State, seen: Counted, rng: np.random.Generator) -> Columns:
    columns: Columns = {}
    _pair(columns, seen, own, "rrc", ("RRC.ConnEstabAtt", "RRC.ConnEstabSucc"))
    _pair(columns, seen, own, "context", ("UECNTX.ConnEstabAtt", "UECNTX.ConnEstabSucc"))
    _pair(columns, seen, own, "bearer", ("DRB.EstabAtt", "DRB.EstabSucc"))
    columns["QF.ReleaseAttNbr"] = seen.tries["drop"][:, own].astype(float)
    columns["QF.RelActNbr"] = seen.failures["drop"][:, own].astype(float)
    columns["QF.SessionTimeUE"] = (
        columns["QF.ReleaseAttNbr"] * 60 * np.exp(rng.normal(0, 0.15, columns["QF.RelActNbr"].shape))
    )
    _pair(columns, seen, own, "handover", ("MM.HoExeInterReq", "MM.HoExeInterSucc"))
    _within(columns, rng, ("MM.HoExeInterReq", "MM.HoExeInterSucc"), ("MM.HoExeIntraReq", "MM.HoExeIntraSucc"))
    busy = seen.tries["rrc"][:, own] > 0
    columns["DRB.PdcpSduVolumeDL"] = seen.carried[:, own]
    columns["DRB.UEThpDl"] = np.where(busy, seen.speed[:, own] * 1000, np.nan)
    columns |= _gauges(seen, own, rng)
    return columns


def _gauges(seen: Counted, own: NDArray[np.int64], rng: np.random.Generator) -> Columns:
    use = seen.utilisation[:, own]
    return {
        "RRU.PrbTotDl": np.minimum(3 + 70 * use * np.exp(rng.normal(0, 0.1, use.shape)), 100.0),
        "RRC.ConnMean": seen.tries["rrc"][:, own] * 0.06 * np.exp(rng.normal(0, 0.1, use.shape)),
    }


def longer(columns: Columns, by: int) -> Columns:
    """Periods of `by` steps: gauges averaged, counts added up."""
    if by == 1:
        return columns
    found = {}
    for name, values in columns.items():
        parts = values.reshape(-1, by, values.shape[1])
        known = np.isfinite(parts)
        total = np.where(known, parts, 0.0).sum(axis=1)
        mean = total / np.maximum(known.sum(axis=1), 1)
        found[name] = np.where(known.any(axis=1), mean if name in GAUGES else total, np.nan)
    return found
