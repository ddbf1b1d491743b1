"""Puts right what was written at a time that has not come yet, by a clock that was ahead, now or before this version."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from detector.domain.window import DAY_S
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs.experience import KEPT
from jobs.feed_cursors import pull_back
from jobs.feed_watch import note_of

_SOON_S = 1800.0
"""What lies ahead by less was written before a small step back, and comes to be of the past by itself."""


def repair(store: Store, feeds: Feeds, *, now: float, sure_at: float) -> None:
    """Nothing in the store is later than `now` (s, event time) when this returns, and nothing stays unread for it.

    `sure_at`: the last time that was beyond doubt: what arrived since is given again, and dropped where it is known. 0: not
    known, everything that the feeds still have is given again. Running it again changes nothing. Raises Transient.
    """
    notes = store.notes
    with store.begin() as connection:
        pull_back(connection, store, [feed.name for feed in feeds], now=now, sure_at=sure_at)
        if (notes.get("decide_from") or 0) > now + _SOON_S:
            notes.put(connection, "decide_from", int(now))
        for name in ("learned_at", KEPT):
            if (notes.get(name) or 0) > now + _SOON_S:
                notes.drop(connection, [name])
        for feed in feeds:
            _repair_feed(connection, store, feed.name, now)
        ahead = store.ticks.forget_ahead(connection, now, data_until=now + DAY_S)
        store.decisions.forget_ahead(connection, ahead, after=int(now) + DAY_S)
    store.arrays.forget_ahead(("evidence", "memory"), int(now) + DAY_S, ahead)


def _repair_feed(connection: Connection, store: Store, feed: str, now: float) -> None:
    """A feed that came in the future would not be missed until then."""
    known: Mapping[str, Any] | None = store.notes.get(note_of(feed))
    if not known:
        return
    parts = {name: _part(part, now) for name, part in known["parts"].items()}
    body = {**known, "parts": parts, "last_seen": min(known.get("last_seen", 0.0), now)}
    if body != known:
        store.notes.put(connection, note_of(feed), body)


def _part(part: Mapping[str, Any], now: float) -> dict[str, Any]:
    """One kind of file: when it came last, and until when its data reach (data of more than a day ahead are refused)."""
    advanced_at = part["advanced_at"]
    starts = [start for start in part["starts"] if start <= now + DAY_S]
    data_until = part["data_until"]
    if data_until > now + DAY_S + part["duration_s"]:
        data_until = max((start + part["duration_s"] for start in starts), default=0)
    gaps = [gap for gap in part["gaps"] if gap <= now]
    fresh = {"advanced_at": None if advanced_at is None else min(advanced_at, now), "data_until": data_until}
    return {**part, **fresh, "starts": starts, "gaps": gaps}
