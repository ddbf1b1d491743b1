"""Batches of one period as one table: objects x raw counters, each value once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.kpis.objects import ObjectNames


@dataclass(frozen=True, eq=False)
class CounterRows:
    """`values[object, counter]`, NaN = NULL; `reported` tells NULL from "not in this object's rows"; `suspect` by object."""

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


def merge(
    batches: Sequence[CounterBatch],
    names: ObjectNames,
    wanted: Mapping[tuple[str, ...], NDArray[np.intp]],
    findings: Findings,
) -> CounterRows:
    """One period's batches as one table. On overlap the later batch wins counter by counter; a NULL never overwrites.

    `wanted` gives for each tuple of counter names the positions that a formula may need; unknown objects are counted.
    """
    placed = [(batch, *_known_rows(batch, names, findings)) for batch in batches]
    objects = {name: i for i, name in enumerate(dict.fromkeys(o for _, ids, _ in placed for o in ids))}
    columns = {n: i for i, n in enumerate(dict.fromkeys(b.counters[c] for b in batches for c in wanted[b.counters]))}
    values = np.full((len(objects), len(columns)), np.nan)
    reported, suspect = np.zeros(values.shape, bool), np.zeros(values.shape, bool)
    touched = np.zeros(len(objects), bool)
    for batch, ids, positions in placed:
        keep = wanted[batch.counters]
        cols = np.array([columns[batch.counters[c]] for c in keep], np.intp)
        for rows in _without_repeats(ids):
            target = np.array([objects[ids[r]] for r in rows], np.intp)
            own = positions[rows]
            new, where = batch.values[np.ix_(own, keep)], np.ix_(target, cols)
            known = np.isfinite(new)
            values[where] = np.where(known, new, values[where])
            suspect[where] = np.where(known, batch.suspect[own][:, None], suspect[where])
            reported[where] = True
            touched[target] |= batch.suspect[own] & ~known.any(axis=1)
    first = batches[0]
    marked = np.asarray((suspect & np.isfinite(values)).any(axis=1) | touched)
    return CounterRows(first.start, first.duration_s, tuple(objects), tuple(columns), values, reported, marked)


def _known_rows(batch: CounterBatch, names: ObjectNames, findings: Findings) -> tuple[list[str], NDArray[np.intp]]:
    """Object ids of the rows that have one, and where those rows stand in the batch."""
    found = [names.object_of(raw, batch.managed_element) for raw in batch.objects]
    unknown = [raw for raw, object_id in zip(batch.objects, found, strict=True) if object_id is None]
    if unknown:
        findings.add("unknown_object", batch.file, unknown[0], len(unknown))
    positions = np.array([i for i, object_id in enumerate(found) if object_id is not None], np.intp)
    return [object_id for object_id in found if object_id is not None], positions


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
