"""Who is behind which cell in an hour: by habit, by the last arrived presence, or by both."""

import numpy as np
import scipy

from detector.domain.exposure import Exposure, Habit, Presence
from detector.domain.local_time import hour_of_week
from detector.domain.policy import ImpactPolicy
from detector.domain.window import HOUR_S
from detector.impact.usual import usual_of

PERSISTENCE = 0.75
"""Share of people found where they were an hour ago, beyond what their habit says (homes and work places: hours)."""


def expected_exposure(habit: Habit, at: int, timezone: str) -> Exposure:
    """Who is usually where in the hour of the week that holds `at` (s): mean seconds of that hour."""
    usual = usual_of(habit, hours=[hour_of_week(at, timezone)])
    entries = (usual.seconds, (usual.subscriber, usual.cell))
    shape = (len(usual.subscribers), len(usual.cells))
    return _exposure(usual.subscribers, usual.cells, scipy.sparse.csr_array(entries, shape=shape), "expected")


def recent_exposure(presence: Presence, now: int, policy: ImpactPolicy) -> Exposure:
    """Who was last seen where, per hour: each person's newest period that ended within `present_hours` before `now`."""
    ends = presence.start + presence.duration_s
    rows = presence.take((ends > now - policy.present_hours * HOUR_S) & (presence.start < now))
    newest = np.full(len(rows.subscribers), np.iinfo(np.int64).min)
    np.maximum.at(newest, rows.subscriber, rows.start)
    rows = rows.take(rows.start == newest[rows.subscriber])
    per_hour = rows.seconds * HOUR_S / np.maximum(rows.duration_s, 1)
    shape = (len(rows.subscribers), len(rows.cells))
    matrix = scipy.sparse.csr_array((per_hour, (rows.subscriber, rows.cell)), shape=shape)
    return _exposure(rows.subscribers, rows.cells, matrix, "present")


def combined_exposure(expected: Exposure, recent: Exposure, recent_weight: float = PERSISTENCE) -> Exposure:
    """`recent_weight` x recent + the rest x expected for people lately seen anywhere; for the others what is expected."""
    subscribers = tuple(dict.fromkeys((*expected.subscribers, *recent.subscribers)))
    cells = tuple(dict.fromkeys((*expected.cells, *recent.cells)))
    usual, last = (_matrix(part, subscribers, cells) for part in (expected, recent))
    weight = np.where(np.diff(last.indptr) > 0, recent_weight, 0.0)
    both = scipy.sparse.diags_array(1.0 - weight) @ usual + scipy.sparse.diags_array(weight) @ last
    return _exposure(subscribers, cells, scipy.sparse.csr_array(both), "present")


def _matrix(part: Exposure, subscribers: tuple[str, ...], cells: tuple[str, ...]) -> "scipy.sparse.csr_array":
    row_of = {key: i for i, key in enumerate(subscribers)}
    column_of = {cell: i for i, cell in enumerate(cells)}
    rows = np.repeat(np.array([row_of[key] for key in part.subscribers], np.intp), np.diff(part.indptr))
    columns = np.array([column_of[cell] for cell in part.cells], np.intp)[part.indices]
    return scipy.sparse.csr_array((part.seconds, (rows, columns)), shape=(len(subscribers), len(cells)))


def _exposure(
    subscribers: tuple[str, ...], cells: tuple[str, ...], matrix: "scipy.sparse.csr_array", basis: str
) -> Exposure:
    matrix.sum_duplicates()
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    return Exposure(subscribers, cells, indptr, indices, matrix.data.astype(np.float64), basis)
