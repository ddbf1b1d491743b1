"""Counters of one day, drawn from load, quality and faults: attempts, failures, releases, throughput, the core."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.effects import PROCESSES, Effects
from detector.simulator.load import Load
from detector.simulator.quality import Quality
from detector.simulator.scenario import PERIOD_S, PERIODS_PER_DAY, Scenario
from detector.simulator.topology import Network

Table = dict[str, NDArray[np.float64]]
MOVED = 0.8
"""Share of a lost cell's users that finds another cell. Chosen: cells overlap in towns."""
BASE_CORE = 0.004
"""Share of core procedures that fail without a fault. Chosen: within the usual targets of operators."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DayCounters:
    """One file day of counters: name -> [96, objects]. lte and nr: over the cells of that technology in network
    order; core: kind of function -> table over its functions.

    present and suspect: [96, C]. attempts and failures: [96, C], what a person behind the cell meets; down, slow: [96, C]
    shares of the period without service, and with less than 60 % of the throughput that the load explains.
    """

    starts: NDArray[np.int64]
    lte: Table
    nr: Table
    core: dict[str, Table]
    present: NDArray[np.bool_]
    attempts: NDArray[np.float64]
    failures: NDArray[np.float64]
    down: NDArray[np.float32]
    slow: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Draw:
    """Everything that one day's draw needs; arrays are [96, C] for the technology at hand."""

    rng: np.random.Generator
    failing: NDArray[np.float64]
    spread: NDArray[np.float64]

    def failures(self, process: str, attempts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Beta-binomial: p ~ Beta with mean `failing` and overdispersion rho = spread."""
        k = PROCESSES.index(process)
        concentration = 1 / self.spread[k] - 1
        p = self.rng.beta(np.maximum(self.failing[k] * concentration, 1e-6), (1 - self.failing[k]) * concentration + 1e-6)
        return np.asarray(self.rng.binomial(attempts.astype(np.int64), p), np.float64)

    def about(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Poisson events around a mean that itself fluctuates by 12 %."""
        shape = 70.0
        return np.asarray(self.rng.poisson(mean * self.rng.gamma(shape, 1 / shape, mean.shape)), np.float64)

    def part(self, whole: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        return np.asarray(self.rng.binomial(whole.astype(np.int64), share), np.float64)

    def split(self, att: NDArray[np.float64], fail: NDArray[np.float64], share: float) -> tuple[NDArray[np.float64], ...]:
        """Attempts and successes of two causes: (att 1, att 2, succ 1, succ 2), failures falling on them by chance."""
        one = self.part(att, share)
        lost = self.rng.hypergeometric(one.astype(np.int64), (att - one).astype(np.int64), fail.astype(np.int64))
        return one, att - one, one - lost, att - one - (fail - lost)


def draw_day(scenario: Scenario, network: Network, load: Load, quality: Quality, effects: Effects, day: int) -> DayCounters:
    """Day `day` of the scenario (0-based); the same day always gives the same counters."""
    rng = scenario.rng("counters", day)
    periods = slice(day * PERIODS_PER_DAY, (day + 1) * PERIODS_PER_DAY)
    mean, down = load.mean[periods], effects.down[periods]
    offered = (mean + MOVED * ((mean * down) @ network.refuge)) * (1 - down)
    utilisation = offered / load.capacity
    failing = quality.failing(periods, utilisation, effects.extra)
    speed = quality.best_speed * quality.speed[periods] * effects.speed[periods] * (1 - 0.65 * np.minimum(utilisation, 1.1))
    tables: dict[bool, Table] = {}
    shape = mean.shape
    attempts, failures = np.zeros(shape), np.zeros(shape)
    for nr in (False, True):
        own = network.nr == nr
        draw = Draw(rng, failing[:, :, own], quality.spread[:, own])
        table, attempts[:, own], failures[:, own] = (_nr if nr else _lte)(
            draw, offered[:, own].astype(float), utilisation[:, own].astype(float), speed[:, own].astype(float)
        )
        tables[nr] = table
    tables[False]["RRU.CellUnavailableTime.sum"] = np.round(effects.unavailable[periods][:, ~network.nr] * PERIOD_S)
    core = _core(rng, network, offered.astype(float), effects.function[periods])
    return DayCounters(
        starts=scenario.starts[periods],
        lte=tables[False],
        nr=tables[True],
        core=core,
        present=~effects.missing[periods],
        attempts=attempts,
        failures=failures,
        down=down,
        slow=effects.speed[periods] < 0.6,
    )


def _prb(draw: Draw, utilisation: NDArray[np.float64]) -> NDArray[np.float64]:
    noise = draw.rng.normal(1.0, 0.05, utilisation.shape)
    return np.asarray(np.round(np.clip(100 * utilisation * noise, 0, 100), 1), np.float64)


def _lte(
    draw: Draw, offered: NDArray[np.float64], utilisation: NDArray[np.float64], speed: NDArray[np.float64]
) -> tuple[Table, NDArray[np.float64], NDArray[np.float64]]:
    rrc = draw.about(offered)
    rrc_fail = draw.failures("rrc", rrc)
    s1 = draw.part(rrc - rrc_fail, 0.85)
    s1_fail = draw.failures("context", s1)
    erab = s1 - s1_fail + draw.part(s1 - s1_fail, 0.08)
    erab_fail = draw.failures("bearer", erab)
    voice = draw.about(0.12 * offered)
    voice_fail = draw.failures("session", voice)
    drops, voice_drops = draw.failures("drop", erab - erab_fail), draw.failures("drop", voice - voice_fail)
    intra, inter = draw.about(0.25 * offered), draw.about(0.55 * offered)
    intra_fail, inter_fail = draw.failures("handover", intra), draw.failures("handover", inter)
    volume = offered * draw.rng.lognormal(np.log(9000), 0.2, offered.shape)
    intra_near, intra_far, near_ok, far_ok = draw.split(intra, intra_fail, 0.7)
    table = {
        "RRC.ConnEstabAtt.sum": rrc,
        "RRC.ConnEstabSucc.sum": rrc - rrc_fail,
        "S1SIG.ConnEstabAtt": s1,
        "S1SIG.ConnEstabSucc": s1 - s1_fail,
        "ERAB.EstabInitAttNbr.sum": erab,
        "ERAB.EstabInitSuccNbr.sum": erab - erab_fail,
        "ERAB.RelActNbr.sum": drops + voice_drops,
        "ERAB.RelActNbr.1": voice_drops,
        "ERAB.RelAttNbr.sum": erab - erab_fail + voice - voice_fail,
        "ERAB.SessionTimeUE": np.round((erab - erab_fail) * draw.rng.lognormal(np.log(60), 0.1, offered.shape)),
        "ERAB.EstabAddAttNbr.1": voice,
        "ERAB.EstabAddSuccNbr.1": voice - voice_fail,
        "HO.IntraEnbOutAtt.RadioQuality": intra_near,
        "HO.IntraEnbOutAtt.LoadBalance": intra_far,
        "HO.IntraEnbOutSucc.RadioQuality": near_ok,
        "HO.IntraEnbOutSucc.LoadBalance": far_ok,
        "HO.InterEnbOutAtt.sum": inter,
        "HO.InterEnbOutSucc.sum": inter - inter_fail,
        "DRB.IPVolDl.sum": np.round(volume),
        "DRB.IPTimeDl.sum": np.round(volume / speed),
        "RRU.PrbTotDl": _prb(draw, utilisation),
        "RRC.ConnMean": np.round((rrc - rrc_fail) * draw.rng.normal(0.1, 0.004, offered.shape), 2),
    }
    return (
        table,
        rrc + 1e-9,
        rrc_fail + s1_fail + erab_fail + voice_fail + drops + voice_drops + 0.2 * (intra_fail + inter_fail),
    )


def _nr(
    draw: Draw, offered: NDArray[np.float64], utilisation: NDArray[np.float64], speed: NDArray[np.float64]
) -> tuple[Table, NDArray[np.float64], NDArray[np.float64]]:
    rrc = draw.about(offered)
    rrc_fail = draw.failures("rrc", rrc)
    data, signalling, data_ok, signalling_ok = draw.split(rrc, rrc_fail, 0.75)
    context = draw.part(rrc - rrc_fail, 0.85)
    context_fail = draw.failures("context", context)
    bearer = context - context_fail + draw.part(context - context_fail, 0.1)
    bearer_fail = draw.failures("bearer", bearer)
    voice, rest, voice_ok, rest_ok = draw.split(bearer, bearer_fail, 0.1)
    session = draw.about(0.4 * offered)
    session_fail = draw.failures("session", session)
    drops = draw.failures("drop", bearer - bearer_fail)
    intra, inter = draw.about(0.25 * offered), draw.about(0.5 * offered)
    intra_fail, inter_fail = draw.failures("handover", intra), draw.failures("handover", inter)
    table = {
        "RRC.ConnEstabAtt.mo-Data": data,
        "RRC.ConnEstabAtt.mo-Signalling": signalling,
        "RRC.ConnEstabSucc.mo-Data": data_ok,
        "RRC.ConnEstabSucc.mo-Signalling": signalling_ok,
        "UECNTX.ConnEstabAtt": context,
        "UECNTX.ConnEstabSucc": context - context_fail,
        "DRB.EstabAtt.1": voice,
        "DRB.EstabAtt.9": rest,
        "DRB.EstabSucc.1": voice_ok,
        "DRB.EstabSucc.9": rest_ok,
        "QF.RelActNbr.sum": drops,
        "QF.ReleaseAttNbr": bearer - bearer_fail,
        "QF.SessionTimeUE": np.round((bearer - bearer_fail) * draw.rng.lognormal(np.log(55), 0.1, offered.shape)),
        "MM.HoExeInterReq": inter,
        "MM.HoExeInterSucc": inter - inter_fail,
        "MM.HoExeIntraReq": intra,
        "MM.HoExeIntraSucc": intra - intra_fail,
        "SM.PDUSessionSetupReq": session,
        "SM.PDUSessionSetupSucc": session - session_fail,
        "DRB.UEThpDl": np.where(rrc > 0, np.round(1000 * speed * draw.rng.lognormal(0, 0.04, offered.shape)), np.nan),
        "RRU.PrbTotDl": _prb(draw, utilisation),
        "RRC.ConnMean": np.round((rrc - rrc_fail) * draw.rng.normal(0.1, 0.004, offered.shape), 2),
        "DRB.MeanActiveUeDl": np.round((rrc - rrc_fail) * draw.rng.normal(0.02, 0.001, offered.shape), 2),
    }
    failed = rrc_fail + context_fail + bearer_fail + session_fail + drops + 0.2 * (intra_fail + inter_fail)
    return table, rrc + 1e-9, failed


def _core(
    rng: np.random.Generator, network: Network, offered: NDArray[np.float64], extra: NDArray[np.float32]
) -> dict[str, Table]:
    """What the core functions count: proportional to the cells they serve."""
    demand = np.stack([offered[:, network.served_by(f)].sum(axis=1) for f in range(len(network.functions))], axis=1)
    demand *= rng.gamma(400.0, 1 / 400.0, demand.shape)

    def pair(names: tuple[str, str], own: NDArray[np.bool_], share: float, weight: float, base: float = BASE_CORE) -> Table:
        attempts = rng.poisson(share * demand[:, own])
        p = 1 - (1 - base) * (1 - weight * extra[:, own])
        failed = rng.binomial(attempts, rng.beta(p * 400, (1 - p) * 400))
        return {names[0]: attempts.astype(float), names[1]: (attempts - failed).astype(float)}

    kinds = np.array([f.kind for f in network.functions])
    amf, smf, mme = kinds == "AMF", kinds == "SMF", kinds == "MME"
    subscribers: Table = {
        "RM.RegisteredSubNbrMean": np.round(120.0 * network_size(network, amf) * (1 - 0.3 * extra[:, amf].astype(float)))
    }
    return {
        "AMF": pair(("RM.RegInitReq", "RM.RegInitSucc"), amf, 0.06, 1.0)
        | pair(("RM.RegMobReq", "RM.RegMobSucc"), amf, 0.12, 0.8)
        | pair(("MM.Paging5GReq", "MM.Paging5GSucc"), amf, 0.3, 0.3, 0.03)
        | subscribers,
        "SMF": pair(("SM.PduSessionCreationReq", "SM.PduSessionCreationSucc"), smf, 0.3, 1.0),
        "MME": pair(("MM.AttEpsAttach", "MM.SuccEpsAttach"), mme, 0.08, 1.0),
    }


def network_size(network: Network, functions: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cells behind each of these functions."""
    return np.array([network.served_by(f).sum() for f in np.flatnonzero(functions).tolist()], np.float64)
