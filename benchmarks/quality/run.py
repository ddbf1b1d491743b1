"""One operator's part of the bench: everyone runs over it, and what they raised is judged."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.foreign.prepared import prepared as foreign
from benchmarks.quality.care_figures import care_figures
from benchmarks.quality.detection import Stages
from benchmarks.quality.episodes import onsets, raised, worst
from benchmarks.quality.families import FAULTY, family_of
from benchmarks.quality.mild import injected
from benchmarks.quality.operators import Operator, made
from benchmarks.quality.panel import Array, Panel, panel_of
from benchmarks.quality.peers import PEERS, Peer
from benchmarks.quality.real import real
from benchmarks.quality.verdict import Verdict, judged, sample, verdict

OWN = "precall"
PEOPLE = "foreign_people"
"""The scenario that a whole backtest replays, without peers."""
SWEEP = np.geomspace(0.5, 500.0, 31)
"""Multiples of a peer's documented threshold that it is judged at, for equal false alarms. Chosen: a quarter apart."""
MOST_RAISED = 2000
"""Degradations of one operator beyond which a threshold is left out. Chosen: a hundred times what precall raises."""


def processor_s() -> float:
    """Of this process and of those that it ended, as Prophet's solver is one."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def prepared(work_dir: Path, scenario: str, seed: int) -> Operator:
    if scenario == "real":
        return real(work_dir)
    if family_of(scenario) == "foreign":
        return foreign(work_dir, seed, quiet=scenario == "foreign_quiet").operator()
    operator = made(work_dir, seed, quiet=scenario != "faulty")
    return injected(operator, seed) if scenario == "mild" else operator


def own_verdict(operator: Operator, scenario: str) -> Verdict:
    """precall as it is configured by default."""
    began = processor_s()
    outcome = Stages(operator.material, operator.window).run()
    frame = operator.material.frame
    series = int((np.isfinite(frame.value).any(axis=0) & np.array([k.scored for k in frame.kpis])).sum())
    return verdict(OWN, "default", scenario, operator, outcome.matches, seconds=processor_s() - began, series=series)


def peer_verdicts(
    operator: Operator, scenario: str, peer: Peer, thresholds: Mapping[str, float], seed: int
) -> Iterator[Verdict]:
    """The peer at its default and at every other threshold given, on the cells that it can afford."""
    panel, scores, seconds = scored(operator, peer, seed)
    lines = {"default": peer.threshold, **thresholds}
    if peer.whole and scenario in FAULTY:
        lines |= {f"at:{t:.6g}": t for t in peer.threshold * SWEEP}
    flags = worst(panel, scores)
    for line, threshold in lines.items():
        if line.startswith("at:") and onsets(flags >= threshold).sum() > MOST_RAISED:
            continue
        rows = list(raised(panel, scores, threshold, operator.material))
        matches = judged(operator, rows, panel.objects)
        yield verdict(peer.name, line, scenario, operator, matches, seconds=seconds, series=scores.shape[1])


def scored(operator: Operator, peer: Peer, seed: int) -> tuple[Panel, Array, float]:
    """What the peer was given, its scores, and the processor time that they took."""
    whole = panel_of(operator.material.frame, operator.window.start, operator.timezone)
    panel = whole.only(sample(operator, list(dict.fromkeys(whole.objects)), peer.cells, seed))
    began = processor_s()
    return panel, peer.score(panel), processor_s() - began


def job_own(scenario: str, seed: int, target: Path) -> None:
    """precall alone on one operator; what the file says of others is kept."""
    if scenario == PEOPLE:
        care_figures(target, seed)
        return
    lines = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
    kept = [line for line in lines if json.loads(line)["way"] != OWN]
    with tempfile.TemporaryDirectory(prefix="precall-quality-") as work_dir:
        own = own_verdict(prepared(Path(work_dir), scenario, seed), scenario)
    target.write_text("\n".join([json.dumps(own.as_json()), *kept]) + "\n", encoding="utf-8")


def job(scenario: str, seed: int, place: int, target: Path, thresholds: Mapping[str, Mapping[str, float]]) -> None:
    """Everything on one operator, the `place`-th of its scenario; each verdict is written as soon as it is known."""
    if scenario == PEOPLE:
        care_figures(target, seed)
        return
    with tempfile.TemporaryDirectory(prefix="precall-quality-") as work_dir, target.open("w", encoding="utf-8") as file:
        operator = prepared(Path(work_dir), scenario, seed)
        _write(file.fileno(), own_verdict(operator, scenario))
        for peer in PEERS.values():
            most = peer.operators if scenario in {"faulty", "real"} else peer.operators // 2
            sampled = not peer.whole and (place >= most or family_of(scenario) == "foreign")
            if peer.absent or sampled:
                continue
            for one in peer_verdicts(operator, scenario, peer, thresholds.get(peer.name, {}), seed):
                _write(file.fileno(), one)


def _write(file: int, one: Verdict) -> None:
    os.write(file, (json.dumps(one.as_json()) + "\n").encode())


def quiet_scores(work_dir: Path, seed: int) -> tuple[Verdict, dict[str, tuple[Array, float]]]:
    """For choosing thresholds: precall's verdict, and of each peer its groups' scores with their exposure."""
    operator = prepared(work_dir, "quiet", seed)
    found = {}
    for peer in PEERS.values():
        if not peer.absent:
            panel, scores, _ = scored(operator, peer, seed)
            cells = len(set(panel.objects) & operator.topology.cells.keys())
            found[peer.name] = (worst(panel, scores), cells / 1000 * operator.window.seconds / 604_800)
    return own_verdict(operator, "quiet"), found
