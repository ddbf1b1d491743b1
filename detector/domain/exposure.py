"""Who was, or is expected to be, behind which cell, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
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

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Presence":
        """These rows only."""
        return Presence(
            self.subscribers, self.cells, self.subscriber[rows], self.cell[rows], self.start[rows],
            self.duration_s[rows], self.seconds[rows], self.attempts[rows], self.failures[rows],
        )  # fmt: skip


def no_presence() -> Presence:
    """Nobody anywhere."""
    i, f = np.empty(0, np.int32), np.empty(0)
    return Presence((), (), i, i, np.empty(0, np.int64), i, f, f, f)


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
        subscribers, cells,
        np.concatenate([m[p.subscriber] for m, p in zip(s_map, parts, strict=True)]),
        np.concatenate([m[p.cell] for m, p in zip(c_map, parts, strict=True)]),
        np.concatenate([p.start for p in parts]), np.concatenate([p.duration_s for p in parts]),
        np.concatenate([p.seconds for p in parts]), np.concatenate([p.attempts for p in parts]),
        np.concatenate([p.failures for p in parts]),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Exposure:
    """A sparse matrix subscribers x cells in CSR form: row s has `seconds[indptr[s]:indptr[s + 1]]` behind the cells
    `indices[...]` during one hour. `attempts_per_s` is how often a person there asks something of the network."""

    subscribers: tuple[str, ...]
    cells: tuple[str, ...]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    seconds: NDArray[np.float64]
    basis: str = "expected"


@dataclass(frozen=True, eq=False)
class Habit:
    """Mean seconds an hour that a subscriber spends behind a cell, by `hour_of_week` in the operator's time zone (0 =
    Monday 00:00). Rows sorted by hour; `hour_start[h]:hour_start[h + 1]` are hour h's.
    attempts: mean own attempts an hour."""

    subscribers: tuple[str, ...]
    cells: tuple[str, ...]
    hour_start: NDArray[np.int64]
    subscriber: NDArray[np.int32]
    cell: NDArray[np.int32]
    seconds: NDArray[np.float64]
    attempts: NDArray[np.float64]


def no_habit() -> Habit:
    """Nothing learned yet."""
    i, f = np.empty(0, np.int32), np.empty(0)
    return Habit((), (), np.zeros(169, np.int64), i, i, f, f)
