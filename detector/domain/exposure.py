"""Who was, or is expected to be, behind which cell, and for how long."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Presence:
    """Rows of attachments: subscriber `subscribers[subscriber[i]]` spent `seconds[i]` behind `cells[cell[i]]` in the
    `duration_s[i]` from `start[i]` (s). `attempts`, `failures` are the person's own results there, NaN = not known."""

    subscribers: tuple[str, ...]
    cells: tuple[str, ...]
    subscriber: NDArray[np.int32]
    cell: NDArray[np.int32]
    start: NDArray[np.int64]
    duration_s: NDArray[np.int32]
    seconds: NDArray[np.float64]
    attempts: NDArray[np.float64]
    failures: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def number(self) -> Mapping[str, int]:
        """Key -> place among `subscribers`."""
        return {key: i for i, key in enumerate(self.subscribers)}

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Presence":
        """These rows only."""
        return Presence(
            subscribers=self.subscribers,
            cells=self.cells,
            subscriber=self.subscriber[rows],
            cell=self.cell[rows],
            start=self.start[rows],
            duration_s=self.duration_s[rows],
            seconds=self.seconds[rows],
            attempts=self.attempts[rows],
            failures=self.failures[rows],
        )


def no_presence() -> Presence:
    """Nobody anywhere."""
    i, f = np.empty(0, np.int32), np.empty(0)
    return Presence(
        subscribers=(),
        cells=(),
        subscriber=i,
        cell=i,
        start=np.empty(0, np.int64),
        duration_s=i,
        seconds=f,
        attempts=f,
        failures=f,
    )


def join_presence(parts: Sequence[Presence]) -> Presence:
    """All rows of all parts under one numbering of subscribers and cells."""
    parts = [p for p in parts if len(p)]
    if not parts:
        return no_presence()
    subscribers = tuple(dict.fromkeys(key for p in parts for key in p.subscribers))
    cells = tuple(dict.fromkeys(cell for p in parts for cell in p.cells))
    s_at = {key: i for i, key in enumerate(subscribers)}
    c_at = {cell: i for i, cell in enumerate(cells)}
    s_map = [np.array([s_at[k] for k in p.subscribers], np.int32) for p in parts]
    c_map = [np.array([c_at[c] for c in p.cells], np.int32) for p in parts]
    return Presence(
        subscribers=subscribers,
        cells=cells,
        subscriber=np.concatenate([m[p.subscriber] for m, p in zip(s_map, parts, strict=True)]),
        cell=np.concatenate([m[p.cell] for m, p in zip(c_map, parts, strict=True)]),
        start=np.concatenate([p.start for p in parts]),
        duration_s=np.concatenate([p.duration_s for p in parts]),
        seconds=np.concatenate([p.seconds for p in parts]),
        attempts=np.concatenate([p.attempts for p in parts]),
        failures=np.concatenate([p.failures for p in parts]),
    )


@dataclass(frozen=True, eq=False)
class Exposure:
    """A sparse matrix subscribers x cells in CSR form: row s has `seconds[indptr[s]:indptr[s + 1]]` behind the cells
    `indices[...]` during one hour."""

    subscribers: tuple[str, ...]
    cells: tuple[str, ...]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    seconds: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class MobilityProfile:
    """Where everybody usually is, learned, as it is kept: small enough for millions of people, spread out by
    `impact.usual_of` for those who matter. Hours are local: `hour_of_week` 0 = Monday 00:00, of 168; like hours are the
    same hour of all weekdays (slots 0 to 23) or of all weekend days (24 to 47).

    `subscribers`: keys in UTF-8, sorted. Entries `slot_start[s]:slot_start[s + 1]` are slot s's, sorted by cell, then
    person: `like_s` mean seconds of a like hour that `person[i]` spends behind `cells[cell[i]]`. Own sums
    `own_start[h]:own_start[h + 1]` are hour h's: entry `own_at[j]`, one of the hour's slot, was there for `own_s[j]` s in
    all, by weight, in `weeks[h]` weighted weeks. `of_person[person_start[i]:person_start[i + 1]]` are the entries of
    person i, rising. Attempts a second of presence are rate[person] x busy[slot], NaN = not known; `pace[h]` is everyone's.
    """

    subscribers: NDArray[np.bytes_]
    cells: tuple[str, ...]
    slot_start: NDArray[np.int64]
    person: NDArray[np.int32]
    cell: NDArray[np.int32]
    like_s: NDArray[np.float32]
    own_start: NDArray[np.int64]
    own_at: NDArray[np.int32]
    own_s: NDArray[np.float32]
    person_start: NDArray[np.int64]
    of_person: NDArray[np.int32]
    weeks: NDArray[np.float64]
    rate: NDArray[np.float32]
    busy: NDArray[np.float64]
    pace: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays alone, for storing."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "cells"}
        return {"cells": np.array(self.cells, dtype=str)} | own

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Back from `to_arrays`."""
        own = {f.name: arrays[f.name] for f in fields(cls) if f.name != "cells"}
        return cls(cells=tuple(arrays["cells"].tolist()), **own)

    def keys(self, people: NDArray[np.integer]) -> tuple[str, ...]:
        """Of these people, by their place among `subscribers`."""
        return tuple(name.decode() for name in self.subscribers[people].tolist())

    def places(self, keys: Collection[str]) -> NDArray[np.int64]:
        """Positions in `subscribers` of those of these people who have a profile, in order."""
        if not len(self.subscribers):
            return np.empty(0, np.int64)
        names = np.array(sorted(key.encode() for key in keys), dtype=bytes)
        at = np.minimum(np.searchsorted(self.subscribers, names), len(self.subscribers) - 1)
        return np.asarray(at[self.subscribers[at] == names], np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpectedPresence:
    """Mean seconds an hour that some people spend behind a cell, by `hour_of_week`. Rows sorted by hour;
    `hour_start[h]:hour_start[h + 1]` are hour h's, empty for hours that were not requested. attempts: mean own attempts an
    hour; `pace` [hour]: everyone's attempts a second of presence, NaN = not known."""

    subscribers: tuple[str, ...]
    cells: tuple[str, ...]
    hour_start: NDArray[np.int64]
    subscriber: NDArray[np.int32]
    cell: NDArray[np.int32]
    seconds: NDArray[np.float64]
    attempts: NDArray[np.float64]
    pace: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocationData:
    """Where people are: `profile` is learned from past weeks, `presence` are the attachments that have arrived."""

    profile: MobilityProfile
    presence: Presence


def no_mobility_profile() -> MobilityProfile:
    """Nothing learned yet."""
    i, s = np.empty(0, np.int32), np.empty(0, np.float32)
    nothing, unknown = np.zeros(168), np.full(168, np.nan)
    slots, hours = np.zeros(49, np.int64), np.zeros(169, np.int64)
    return MobilityProfile(
        subscribers=np.empty(0, "S1"),
        cells=(),
        slot_start=slots,
        person=i,
        cell=i,
        like_s=s,
        own_start=hours,
        own_at=i,
        own_s=s,
        person_start=slots[:1],
        of_person=i,
        weeks=nothing,
        rate=s,
        busy=np.ones(48),
        pace=unknown,
    )
