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
from detector.domain.ports import Piece, Reference, Source
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


def sample(source: Source, catalogue: Catalogue, reference: Reference, findings: Findings, *, now: float) -> Sampled:
    """Reads the newest files of each kind as a pull would; `findings` gets what is wrong with them."""
    pieces = source.pieces(0.0, now)
    chosen, intake, batches = _newest(pieces), Intake(), list[CounterBatch]()
    for piece in chosen:
        try:
            own = list(source.read(piece, findings, piece.window))
        except Permanent as error:
            findings.add("file_set_aside", piece.name, str(error))
            continue
        intake.add(piece, own)
        batches += own
    judge_names(intake, catalogue, reference.topology, findings)
    for name, part in intake.parts.items():
        if name.startswith("files "):
            judge_lengths(name, sorted(part.starts), part.duration_s, findings)
    frames = pipeline.compute(batches, catalogue, reference, findings).values()
    seen = {base_object(name) for frame in frames for name in _with_values(frame)}
    kpis = {kpi.id for frame in frames for kpi in frame.kpis}
    cells = [c for c in reference.topology.cells.values() if c.state not in ("planned", "retired")]
    return Sampled(len(pieces), len(chosen), len(cells) + len(reference.topology.functions), len(seen), len(kpis))


def _with_values(frame: KpiFrame) -> Iterator[str]:
    """Objects that have a KPI in some period."""
    there = np.isfinite(frame.value)
    yield from (name for o, name in enumerate(frame.objects) if there[:, o].any())


def _newest(pieces: Sequence[Piece]) -> list[Piece]:
    """Of each kind the last to arrive, none too large to be looked at in passing."""
    kinds: dict[str, list[Piece]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda p: p.arrived_at):
        kinds[series_of(piece.name)].append(piece)
    found = [piece for own in kinds.values() for piece in own[-_OF_A_KIND:]]
    newest, size = list[Piece](), 0
    for piece in sorted(found, key=lambda p: -p.arrived_at)[:_MOST]:
        size += piece.size if piece.window is None else 0
        if size <= _MOST_BYTES or not newest:
            newest.append(piece)
    return sorted(newest, key=lambda p: (p.arrived_at, p.name))
