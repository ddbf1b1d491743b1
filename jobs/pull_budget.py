"""How long one pull reads before detection goes first, and what it leaves for the next."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from time import monotonic

from sqlalchemy import Connection

from detector.domain.feed import FeedState
from detector.domain.ports import SourceFile
from detector.store import Store
from detector.store.cursors import LEARN

LARGE_BYTES = 4 << 20
"""Size, unpacked, from which a file is read beside the tick. Chosen: a period of 1,000 cells is 2 MB; XML of 4 MB takes a
second."""
_MOST_TIMES = 3
"""So often a large file gives way to small ones that are fresh. Chosen: after three it is read."""
_LEARNED_LATELY_S = 3600
"""A file learned from so long ago may be put off. Chosen: an hour of event time."""


def is_large(source_file: SourceFile) -> bool:
    """Whether this one is read alone, after the others."""
    return source_file.window is None and source_file.size > LARGE_BYTES


class PullBudget:
    """Of one pull, which has `budget_s` for reading. Until baselines are learned nothing is judged, and everything is read
    at once: they must not be learned from a part of the past."""

    def __init__(self, store: Store, budget_s: float) -> None:
        self._store = store
        self._budget_s = budget_s if store.progress.until(LEARN) is not None else inf
        self._until = monotonic() + self._budget_s
        self._small_read = False
        self._begun = False
        self._late = False

    def over(self, source_files: Sequence[SourceFile]) -> bool:
        """Whether these are left for the next pull. At least one round is read in each."""
        large = any(map(is_large, source_files))
        self._late = self._begun and self.late()
        if self._late or (
            large and self._small_read and self._budget_s < inf and self._gave_way(source_files) <= _MOST_TIMES
        ):
            return True
        self._begun, self._small_read = True, self._small_read or not large
        return False

    def late(self) -> bool:
        """Whether the time for reading is over."""
        return monotonic() > self._until

    def _gave_way(self, source_files: Sequence[SourceFile]) -> int:
        return max(self._store.source_files.gave_way(source_file) for source_file in source_files)

    def backlog(self, left: Sequence[SourceFile]) -> bool:
        """Whether some of what came is unread only because there was no time: nothing is concluded from what seems not to
        come."""
        return bool(left) and self._budget_s < inf and self.late()

    def note(self, connection: Connection, left: Sequence[SourceFile], now: float) -> None:
        """A backlog that is read to its end is learned from anew: part of it was not there when baselines were learned
        last."""
        waiting = {source_file.feed for source_file in left} if self.backlog(left) else set[str]()
        known = {state.feed: state for state in self._store.feeds.all()}
        learned_at = self._store.progress.until(LEARN)
        over = not waiting and any(state.backlog for state in known.values())
        if over and learned_at is not None and now - learned_at > _LEARNED_LATELY_S:
            self._store.progress.save_made_for(connection, LEARN, "")
        for feed in known.keys() | waiting:
            state = known.get(feed, FeedState(feed))
            if state.backlog != (feed in waiting):
                self._store.feeds.save(connection, replace(state, backlog=feed in waiting))
