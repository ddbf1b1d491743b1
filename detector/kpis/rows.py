"""Batches of one period as one table: objects x raw counters, each value once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.kpis.objects import ObjectNames


@dataclass(frozen=True, eq=False, kw_only=True)
class CounterRows:
    """`values[object, counter]`, NaN = NULL; `reported` separates NULL from "not in this object's rows"; `suspect` by
    object."""

    start: int
    duration_s: int
    objects: tuple[str, ...]
    counters: tuple[str, ...]
    values: NDArray[np.float64]
    reported: NDArray[np.bool_]
    suspect: NDArray[np.bool_]

    @cached_property
    def column(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self.counters)}


@dataclass(frozen=True, eq=False)
class _Block:
    """Known rows of one batch, or of several with the same counters: `values[row, counter]`, needed counters only."""

    objects: list[str]
    counters: tuple[str, ...]
    values: NDArray[np.float64]
    suspect: NDArray[np.bool_]


def merge(
    batches: Sequence[CounterBatch],
    names: ObjectNames,
    wanted: Mapping[tuple[str, ...], NDArray[np.intp]],
    findings: Findings,
) -> CounterRows:
    """One period's batches as one table. On overlap the later batch wins counter by counter; a NULL never overwrites.

    `wanted` gives for each tuple of counter names the positions that a formula may need; unknown objects are counted.
    """
    needed = {counters: tuple(counters[c] for c in own) for counters, own in wanted.items()}
    blocks = _joined([_known_rows(b, names, needed[b.counters], wanted[b.counters], findings) for b in batches])
    objects = {name: i for i, name in enumerate(dict.fromkeys(o for block in blocks for o in block.objects))}
    columns = {name: i for i, name in enumerate(dict.fromkeys(n for block in blocks for n in block.counters))}
    values = np.full((len(objects), len(columns)), np.nan)
    reported, suspect = np.zeros(values.shape, bool), np.zeros(values.shape, bool)
    touched = np.zeros(len(objects), bool)
    for block in blocks:
        cols = np.array([columns[name] for name in block.counters], np.intp)
        for rows in _without_repeats(block.objects):
            target = np.array([objects[block.objects[r]] for r in rows], np.intp)
            new, distrusted, where = block.values[rows], block.suspect[rows], (target[:, None], cols[None, :])
            known = np.isfinite(new)
            values[where] = np.where(known, new, values[where])
            suspect[where] = np.where(known, distrusted[:, None], suspect[where])
            reported[where] = True
            touched[target] |= distrusted & ~known.any(axis=1)
    first = batches[0]
    marked = np.asarray((suspect & np.isfinite(values)).any(axis=1) | touched)
    return CounterRows(
        start=first.start,
        duration_s=first.duration_s,
        objects=tuple(objects),
        counters=tuple(columns),
        values=values,
        reported=reported,
        suspect=marked,
    )


def _known_rows(
    batch: CounterBatch, names: ObjectNames, counters: tuple[str, ...], positions: NDArray[np.intp], findings: Findings
) -> _Block:
    """The rows whose object is known; the others are counted."""
    found = [names.object_of(raw, batch.managed_element) for raw in batch.objects]
    ids = [object_id for object_id in found if object_id is not None]
    values, suspect = batch.values, batch.suspect
    if len(ids) < len(found):
        unknown = [raw for raw, object_id in zip(batch.objects, found, strict=True) if object_id is None]
        findings.add("unknown_object", batch.file, unknown[0], len(unknown))
        rows = np.array([object_id is not None for object_id in found])
        values, suspect = values[rows], suspect[rows]
    return _Block(ids, counters, values[:, positions], suspect)


def _joined(blocks: Sequence[_Block]) -> Sequence[_Block]:
    """Blocks of the same counters as one, in their order; but all as they came if different lists share a counter, for
    then their order matters. Thousands of files of a few rows each are as fast as one large one."""
    alike: dict[tuple[str, ...], list[_Block]] = defaultdict(list)
    for block in blocks:
        alike[block.counters].append(block)
    if len(set().union(*alike)) < sum(map(len, alike)):
        return blocks
    return [
        _Block(
            [name for block in same for name in block.objects],
            counters,
            np.concatenate([block.values for block in same]),
            np.concatenate([block.suspect for block in same]),
        )
        for counters, same in alike.items()
    ]


def _without_repeats(ids: Sequence[str]) -> Iterable[NDArray[np.intp]]:
    """Row numbers in passes that hold each object once: CU and DU rows of one cell may stand in one batch."""
    if len(set(ids)) == len(ids):
        return [np.arange(len(ids))]
    passes: list[list[int]] = []
    seen: dict[str, int] = {}
    for row, object_id in enumerate(ids):
        turn = seen[object_id] = seen.get(object_id, -1) + 1
        if turn == len(passes):
            passes.append([])
        passes[turn].append(row)
    return [np.array(rows, np.intp) for rows in passes]
