"""A look at the newest counter files without keeping anything: what would be understood of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detector import pipeline
from detector.domain.cell import base_object
from detector.domain.counters import CounterBatch
from detector.domain.coverage import LITTLE
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import CounterFeed, Reference, SourceFile
from detector.kpis import Catalogue
from jobs.intake import Intake, judge_lengths, judge_names, series_of

_OF_A_KIND, _MOST = 4, 60
"""Newest files of each kind that are looked at, and of all."""
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Sampled:
    """`files` of `there` were looked at; of `objects` expected ones `measured` had a value, by `kpis` KPIs."""

    there: int
    files: int
    objects: int
    measured: int
    kpis: int

    @property
    def little(self) -> bool:
        return self.measured < LITTLE * self.objects


def sample(feed: CounterFeed, catalogue: Catalogue, reference: Reference, findings: Findings, *, now: float) -> Sampled:
    """Reads the newest files of each kind as a pull would; `findings` gets what is wrong with them."""
    source_files = feed.files(0.0, now)
    chosen, intake, batches = _newest(source_files), Intake(), list[CounterBatch]()
    for source_file in chosen:
        try:
            own = list(feed.read(source_file, findings, source_file.window))
        except Permanent as error:
            findings.add("file_set_aside", source_file.name, str(error))
            continue
        intake.add(source_file, own)
        batches += own
    judge_names(intake, catalogue, reference.topology, findings)
    for name, part in intake.parts.items():
        if name.startswith("files "):
            judge_lengths(name, sorted(part.starts), part.duration_s, findings)
    frames = pipeline.compute(batches, catalogue, reference, findings).values()
    seen = {base_object(name) for frame in frames for name in _with_values(frame)}
    kpis = {kpi.id for frame in frames for kpi in frame.kpis}
    cells = [c for c in reference.topology.cells.values() if c.state not in ("planned", "retired")]
    return Sampled(len(source_files), len(chosen), len(cells) + len(reference.topology.functions), len(seen), len(kpis))


def _with_values(frame: KpiFrame) -> Iterator[str]:
    """Objects that have a KPI in some period."""
    there = np.isfinite(frame.value)
    yield from (name for o, name in enumerate(frame.objects) if there[:, o].any())


def _newest(source_files: Sequence[SourceFile]) -> list[SourceFile]:
    """Of each kind the last to arrive, none too large to be looked at in passing."""
    kinds: dict[str, list[SourceFile]] = defaultdict(list)
    for source_file in sorted(source_files, key=lambda p: p.arrived_at):
        kinds[series_of(source_file.name)].append(source_file)
    found = [source_file for own in kinds.values() for source_file in own[-_OF_A_KIND:]]
    newest, size = list[SourceFile](), 0
    for source_file in sorted(found, key=lambda p: -p.arrived_at)[:_MOST]:
        size += source_file.size if source_file.window is None else 0
        if size <= _MOST_BYTES or not newest:
            newest.append(source_file)
    return sorted(newest, key=lambda p: (p.arrived_at, p.name))
