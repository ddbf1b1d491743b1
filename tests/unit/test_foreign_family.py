"""The second family of operators: made alike from one seed, read without findings, and by nothing of the simulator's."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.foreign.faults import Fault
from benchmarks.foreign.operator import World, made, write
from benchmarks.foreign.prepared import READERS, Prepared
from benchmarks.foreign.reasons import ORDER
from benchmarks.foreign.scenario import drawn
from benchmarks.quality.detection import load
from detector.domain.finding import Findings

FOLDER = Path(__file__).parents[2] / "benchmarks" / "foreign"
TRUTH_KINDS = {
    "outage",
    "sleeping",
    "access",
    "setup",
    "drop",
    "handover",
    "throughput",
    "drift",
    "software",
    "core",
    "glitch",
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_generator_shares_no_code_with_the_product_or_the_other_family() -> None:
    for path in FOLDER.glob("*.py"):
        own = set(imported(path))
        assert not any(name.startswith("detector.simulator") for name in own), path.name
        if path.stem not in READERS:
            foreign = [
                n for n in own if n.startswith(("detector", "jobs", "benchmarks")) and not n.startswith("benchmarks.foreign")
            ]
            assert foreign == [], path.name
            assert not {f"benchmarks.foreign.{s}" for s in READERS} & own, path.name


SMALL = replace(drawn(501), sites=6, history_days=3, replay_days=3, period_s=3600, people=4, fault_rate=3000.0)


@pytest.fixture(scope="module")
def world() -> World:
    return made(SMALL)


@pytest.fixture(scope="module")
def dataset(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign") / "one"
    write(folder, world)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_one_seed_gives_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", made(SMALL))
    assert bytes_of(tmp_path / "again") == bytes_of(dataset)
    assert bytes_of(tmp_path / "again.bench") == bytes_of(dataset.with_name("one.bench"))


def test_a_dataset_reads_back_without_findings_and_measures_every_family(dataset: Path, world: World) -> None:
    material = load(dataset)
    findings = Findings()
    for file in material.source.files(0.0, float("inf")):
        for _ in material.source.read(file, findings):
            pass
    end = float(SMALL.end) + 86_400
    reference = material.source.reference(end, findings)
    material.source.presence(0.0, end, findings)
    material.source.contacts(0.0, end, findings)
    assert list(findings) == []
    assert set(reference.topology.cells) == set(world.network.cells)
    assert {f.fault_id for f in material.truth.faults or ()} == {f.fault_id for f in world.faults}
    assert set(material.truth.sufferers or {}) <= {f.fault_id for f in world.faults}
    frame = material.frame
    families = {k.family for i, k in enumerate(frame.kpis) if k.scored and np.isfinite(frame.value[:, :, i]).any()}
    assert families >= {"accessibility", "retainability", "mobility", "integrity", "volume", "availability", "core"}


def test_what_happens_is_there(world: World, dataset: Path) -> None:
    kinds = {f.kind for seed in range(501, 507) for f in made_faults(seed)}
    assert kinds == TRUTH_KINDS
    events = {e.kind for seed in range(501, 507) for e in made(replace(drawn(seed), sites=8, people=1)).events}
    assert events == set(ORDER)
    happened = Prepared(SMALL, dataset).events
    assert {e.kind for e in happened} <= set(ORDER) - {"suspect"}


def made_faults(seed: int) -> tuple[Fault, ...]:
    return made(replace(drawn(seed), sites=8, people=1, fault_rate=900.0)).faults
