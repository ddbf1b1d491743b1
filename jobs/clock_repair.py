"""Puts right what was written at a time that has not come yet, by a clock that was ahead, now or before this version."""

from dataclasses import replace

from sqlalchemy import Connection

from detector.domain.feed import FeedPart
from detector.domain.window import DAY_S
from detector.sources.feeds import Feeds
from detector.store import Store
from detector.store.cursors import DECIDE_FROM, EXPERIENCE, LEARN
from jobs.feed_cursors import pull_back

_SOON_S = 1800.0
"""Rows ahead by less are kept: a small step back of the clock wrote them. Chosen: as `clock_guard.JUMP_S`."""


def repair(store: Store, feeds: Feeds, *, now: float, sure_at: float) -> None:
    """Nothing in the store is later than `now` (s, event time) when this returns, and nothing stays unread for it.

    `sure_at`: the last time that was certain: what arrived since is given again, and dropped where it is known. 0: not
    known, everything that the feeds still have is given again. Running it again changes nothing. Raises Transient.
    """
    progress = store.progress
    with store.begin() as connection:
        pull_back(connection, store, [feed.name for feed in feeds], now=now, sure_at=sure_at)
        if (progress.until(DECIDE_FROM) or 0) > now + _SOON_S:
            progress.save(connection, DECIDE_FROM, int(now))
        for job in (LEARN, EXPERIENCE):
            if (progress.until(job) or 0) > now + _SOON_S:
                progress.drop(connection, job)
        for feed in feeds:
            _repair_feed(connection, store, feed.name, now)
        ahead = store.ticks.forget_ahead(connection, now, data_until=now + DAY_S)
        store.decisions.forget_ahead(connection, ahead, after=int(now) + DAY_S)
    store.arrays.forget_ahead(("evidence", "memory"), int(now) + DAY_S, ahead)


def _repair_feed(connection: Connection, store: Store, feed: str, now: float) -> None:
    """A feed that came in the future would not be missed until then."""
    known, state = store.feeds.parts(feed), store.feeds.get(feed)
    parts = [_repaired(part, now) for part in known]
    if parts != known:
        store.feeds.replace_parts(connection, feed, parts)
    if state.last_seen is not None and state.last_seen > now:
        store.feeds.save(connection, replace(state, last_seen=now))


def _repaired(part: FeedPart, now: float) -> FeedPart:
    """One kind of file: when it came last, and until when its data reach (data of more than a day ahead are refused)."""
    starts = tuple(start for start in part.starts if start <= now + DAY_S)
    data_until = part.data_until
    if data_until > now + DAY_S + part.duration_s:
        data_until = max((start + part.duration_s for start in starts), default=0)
    return replace(
        part,
        advanced_at=None if part.advanced_at is None else min(part.advanced_at, now),
        data_until=data_until,
        starts=starts,
        gaps=tuple(gap for gap in part.gaps if gap <= now),
    )
