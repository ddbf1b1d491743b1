"""One way of detecting, judged on one operator: counts that may be pooled over operators."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.quality.operators import Operator
from detector.backtest.matching import Matches, cells_of, match
from detector.backtest.results import Results
from detector.backtest.summary import incidents_of
from detector.domain.degradation import Degradation

FEWEST = 5


@dataclass(frozen=True)
class Found:
    """A fault that customers feel. extra: share of failures on top, None = service taken away; delay in s, None = missed."""

    kind: str
    extra: float | None
    delay: int | None
    incidents: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`exposure`: thousand cells times weeks watched. `in_works`: raised for declared maintenance alone. `seconds` of
    processor time for `series` series over the whole replay, learning included."""

    way: str
    line: str
    operator: str
    scenario: str
    faults: tuple[Found, ...]
    false: int
    in_works: int
    raised: int
    exposure: float
    seconds: float
    series: int
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Verdict":
        return cls(**{**given, "faults": tuple(Found(**f) for f in given["faults"]), "notes": tuple(given["notes"])})


def verdict(
    way: str, line: str, scenario: str, operator: Operator, matches: Matches, *, seconds: float, series: int
) -> Verdict:
    """The matcher's opinion, counted."""
    hits, found = operator.hits, matches.found
    faults = tuple(
        Found(
            f.kind,
            hits[f.fault_id].extra,
            found[f.fault_id][0].detected_at - f.window.start if f.fault_id in found else None,
            len(incidents_of(matches, f.fault_id)),
        )
        for f in matches.faults
    )
    works = {fault_id for fault_id, hit in hits.items() if hit.works}
    wrong = [d for d in matches.results.degradations if matches.degradation_judgements[d.degradation_id] is False]
    return Verdict(
        way=way,
        line=line,
        operator=operator.name,
        scenario=scenario,
        faults=faults,
        false=len(wrong),
        in_works=sum(bool(own) and own <= works for own in matches.faults_of.values()),
        raised=len(matches.results.degradations),
        exposure=matches.results.thousand_cell_weeks,
        seconds=seconds,
        series=series,
        notes=tuple(f"{d.kind} {d.family} {d.kpi} of {d.object_id} at {d.detected_at}" for d in wrong[:20] if d.kpi),
    )


def judged(operator: Operator, rows: Sequence[Degradation], objects: Collection[str]) -> Matches:
    """A peer's degradations against the faults that touch the cells it was given, by the backtest's own matcher."""
    topology = operator.topology
    own = frozenset(objects) & topology.cells.keys()
    scopes = {o for f in operator.faults for o, _ in f.scopes}
    near = {o for o in scopes if cells_of(topology, o) & own or o in objects}
    faults = tuple(f for f in operator.faults if any(o in near for o, _ in f.scopes))
    results = Results(
        window=operator.window,
        cells=len(own),
        settings_hash="",
        timezone=operator.timezone,
        topology=topology,
        degradations=tuple(rows),
    )
    return match(results, replace(operator.material.truth, faults=faults, complaints=None))


def sample(operator: Operator, objects: Sequence[str], wanted: int, seed: int) -> list[str]:
    """So many of the cells: of each fault one that it touches, then others by chance; and every core function, unless it
    can afford under FEWEST cells. 0 = all."""
    topology = operator.topology
    cells = [o for o in objects if o in topology.cells]
    if not wanted or wanted >= len(cells):
        return list(objects)
    rng = np.random.default_rng(seed)
    narrow_first = sorted(operator.faults, key=lambda f: len(f.scopes))
    touched = [[c for c in cells if any(c in cells_of(topology, o) for o, _ in f.scopes)] for f in narrow_first]
    picked = [str(rng.choice(own)) for own in touched if own]
    picked += rng.permutation(cells).tolist()
    core = [o for o in objects if o not in topology.cells] if wanted >= FEWEST else []
    return [*dict.fromkeys(picked)][:wanted] + core
