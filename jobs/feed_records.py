"""What came of each feed: kinds of files, how new their data are, how often they come."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from detector.domain.feed import FeedPart
from detector.domain.finding import Findings
from detector.store import Store
from jobs.intake import WHOLE, Intake, Part, check_period_lengths, starts_kept

_GAPS = 8
"""Times between deliveries kept of each part; their median is its rhythm. Chosen: three may be late."""
_MOST_PARTS = 60
"""Kinds of files and lengths of periods kept of a feed. Chosen: more are names that never come again."""


def record(connection: Connection, store: Store, feed: str, intake: Intake, findings: Findings, *, now: float) -> None:
    """What a pull read of this feed, beside what was known: part of the caller's transaction."""
    if not intake.parts:
        return
    known = {part.part: part for part in store.feeds.parts(feed)}
    for name, fresh in intake.parts.items():
        old = known.get(name) or FeedPart(feed=feed, part=name, series=fresh.series)
        starts = starts_kept(old.starts, fresh.starts)
        if fresh.series:
            check_period_lengths(fresh.series, starts, fresh.duration_s, findings)
        advanced, at = fresh.data_until > old.data_until, min(fresh.arrived_at, now)
        gaps = old.gaps
        if advanced and old.advanced_at is not None:
            gaps = (*gaps, max(0.0, at - old.advanced_at))[-_GAPS:]
        known[name] = replace(
            old,
            advanced_at=at if advanced or old.advanced_at is None else old.advanced_at,
            data_until=max(fresh.data_until, old.data_until),
            duration_s=fresh.duration_s,
            gaps=gaps,
            starts=tuple(starts),
            times=old.times + (len(fresh.files) if advanced else 0),
        )
    newest = sorted(known.values(), key=lambda part: (part.part != WHOLE, -(part.advanced_at or 0.0)))[:_MOST_PARTS]
    store.feeds.replace_parts(connection, feed, newest)
    state = store.feeds.get(feed)
    last_seen = max(min(intake.arrived_at, now), state.last_seen or 0.0)
    store.feeds.save(connection, replace(state, last_seen=last_seen))


def record_rows(connection: Connection, store: Store, rows: Mapping[str, int], *, now: float) -> None:
    """Feed -> rows that came of those that give no counters: part of the caller's transaction."""
    for feed, count in rows.items():
        if count:
            part = Part(arrived_at=now, data_until=int(now))
            record(connection, store, feed, Intake(arrived_at=now, parts={WHOLE: part}), Findings(), now=now)
