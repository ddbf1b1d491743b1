"""How far each feed is read, by what it gives."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from detector.domain.ports import Cursor
from detector.sources.registry import OF_SOURCES
from detector.store import Store

KINDS = ("counters", "presence", "contacts", "surveys", "subscriber_events")
"""What has a cursor of its own in each feed."""


def cursor_of(store: Store, feed: str, what: str) -> Cursor:
    """Where the next look at a feed begins."""
    return store.cursors.get(feed, what)


def keep_cursor(connection: Connection, store: Store, feed: str, what: str, cursor: Cursor) -> None:
    """Part of the caller's transaction. A cursor without a position leaves the one that is kept."""
    position = cursor.position or cursor_of(store, feed, what).position
    store.cursors.put(connection, feed, what, replace(cursor, position=position))


def pull_back(connection: Connection, store: Store, feeds: Iterable[str], *, now: float, sure_at: float) -> None:
    """No cursor is later than `now` when this returns: those of people begin at `sure_at` again, those of counters at the
    beginning, for the ledger of files records what was read."""
    for feed in feeds:
        for what in KINDS:
            cursor = cursor_of(store, feed, what)
            if cursor.until > now:
                back = 0.0 if what == "counters" else min(sure_at, now)
                keep_cursor(connection, store, feed, what, replace(cursor, until=back))


def own_name(feed: str) -> str:
    """What names of files bear of this feed: nothing of that of `[sources]`, as before there were others."""
    return "" if feed in OF_SOURCES else feed
