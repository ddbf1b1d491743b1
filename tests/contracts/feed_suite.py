"""What every feed promises, whatever its kind: a test module subclasses these suites and says how its feed is made.

A maker puts the same material where its kind reads it: `material()` says what, `Material` when it arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.counters import CounterBatch
from detector.domain.customer import Contact
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.ports import Cursor, Reference
from detector.domain.window import Window
from detector.sources.feed import Feed

T0 = 1774339200
"""2026-03-24T08:00:00Z."""
QUARTER = 900
NEVER = 10**10
CELLS = ("c1", "c2")
COUNTERS = ("RRC.ConnEstabAtt.sum", "RRC.ConnEstabSucc.sum")


def batch(start: int, attempts: float) -> CounterBatch:
    values = np.array([[attempts, attempts - 1], [attempts, np.nan]])
    return CounterBatch(
        file="", start=start, duration_s=QUARTER, objects=CELLS, counters=COUNTERS, values=values, suspect=np.zeros(2, bool)
    )


@dataclass(frozen=True, kw_only=True)
class Material:
    """What lies in a feed. Names of files and moments (s) at which they arrive are the maker's to keep to."""

    files: dict[str, tuple[float, Sequence[CounterBatch]]] = field(
        default_factory=lambda: {
            "counters/a.csv": (T0 + QUARTER + 60, [batch(T0, 10.0)]),
            "counters/b.csv": (T0 + 2 * QUARTER + 60, [batch(T0 + QUARTER, 20.0)]),
        }
    )
    broken: str = "counters/broken.csv"
    """A file of no known form, which arrives with the first."""
    contacts: tuple[tuple[str, int, str], ...] = (("k1", T0 + 600, "001"), ("k2", T0 + 1600, "002"))
    """(contact_id, at, raw subscriber_id)."""
    cells: tuple[str, ...] = CELLS


def reference_of(material: Material) -> Reference:
    return Reference(topology=Topology({name: Cell(cell_id=name, technology="LTE") for name in material.cells}))


class CounterFeedSuite:
    """For the fixture `feed`: a `Feed` that gives the counters of `Material()`."""

    def everything(self, feed: Feed, window: Window | None = None) -> dict:
        found = {}
        for file in feed.counters.files(0, NEVER):
            try:
                for one in feed.counters.read(file, Findings(), window):
                    for name, values in zip(one.objects, one.values, strict=True):
                        found[name, one.start] = dict(zip(one.counters, values.tolist(), strict=True))
            except Permanent:
                continue
        return found

    def test_every_row_is_given(self, feed):
        found = self.everything(feed)
        assert set(found) == {(cell, start) for cell in CELLS for start in (T0, T0 + QUARTER)}
        assert found["c1", T0] == dict(zip(COUNTERS, (10.0, 9.0), strict=True))
        assert np.isnan(found["c2", T0]["RRC.ConnEstabSucc.sum"])

    @pytest.mark.parametrize("now", [T0, T0 + QUARTER + 400, T0 + 4 * QUARTER])
    def test_nothing_arrives_later_than_now(self, feed, now):
        assert all(file.arrived_at <= now for file in feed.counters.files(0, now))

    def test_files_come_in_order_and_each_has_one_identity(self, feed):
        files = feed.counters.files(0, NEVER)
        assert all((a.arrived_at, a.name) <= (b.arrived_at, b.name) for a, b in pairwise(files))
        assert len({(f.feed, f.name, f.sha256) for f in files}) == len(files)
        assert {f.feed for f in files} == {feed.counters.name}
        assert list(feed.counters.files(0, NEVER)) == list(files)

    def test_reading_twice_gives_the_same(self, feed):
        assert str(self.everything(feed)) == str(self.everything(feed))

    def test_a_window_restricts_what_is_read(self, feed):
        assert {start for _, start in self.everything(feed, Window(T0, T0 + QUARTER))} == {T0}
        assert self.everything(feed, Window(T0 + 9 * QUARTER, T0 + 10 * QUARTER)) == {}

    def test_a_file_that_cannot_be_read_is_refused_in_one_line(self, feed):
        (broken,) = (file for file in feed.counters.files(0, NEVER) if file.name == Material().broken)
        with pytest.raises(Permanent) as refusal:
            list(feed.counters.read(broken, Findings()))
        assert Material().broken in str(refusal.value)
        assert "\n" not in str(refusal.value)

    def test_what_was_refused_may_be_set_aside_twice(self, feed):
        (broken,) = (file for file in feed.counters.files(0, NEVER) if file.name == Material().broken)
        feed.counters.set_aside(broken, "no table")
        feed.counters.set_aside(broken, "no table")
        feed.counters.passed_over(Findings())

    def test_the_newest_periods_are_known_without_reading(self, feed):
        periods = feed.counters.newest_periods(NEVER)
        assert Window(T0 + QUARTER, T0 + 2 * QUARTER) in periods


class ContactFeedSuite:
    """For the fixture `feed`: a `Feed` that gives the contacts of `Material()`."""

    def test_rows_are_given_once_along_the_cursor(self, feed):
        cursor, seen = Cursor(), []
        for now in (T0 + 100, T0 + 700, T0 + 800, NEVER):
            given = feed.contacts.new(cursor, now, Findings())
            assert all(contact.at <= now for contact in given.rows)
            assert given.cursor.until >= cursor.until
            seen += [contact.contact_id for contact in given.rows]
            cursor = given.cursor
        assert seen == ["k1", "k2"]

    def test_the_same_cursor_gives_the_same_rows(self, feed):
        first = feed.contacts.new(Cursor(), T0 + 700, Findings())
        assert list(feed.contacts.new(Cursor(), T0 + 700, Findings()).rows) == list(first.rows)
        after = [feed.contacts.new(first.cursor, NEVER, Findings()).rows for _ in range(2)]
        assert list(after[0]) == list(after[1])

    def test_a_cursor_without_position_reads_by_time(self, feed):
        assert [c.contact_id for c in feed.contacts.new(Cursor(T0 + 700), NEVER, Findings()).rows] == ["k2"]

    def test_no_raw_identity_leaves_the_feed(self, feed):
        for contact in feed.contacts.new(Cursor(), NEVER, Findings()).rows:
            assert contact.subscriber.startswith("sub_")


class ReferenceFeedSuite:
    """For the fixture `feed`: a `Feed` that gives the cells of `Material()`."""

    def test_it_is_the_same_object_while_nothing_changes(self, feed):
        first = feed.reference.reference(T0, Findings())
        assert set(first.topology.cells) == set(CELLS)
        assert feed.reference.reference(T0 + 5, Findings()) is first
        assert feed.reference.reference(T0 + 6) is first


def contact(contact_id: str, at: int, subscriber: str) -> Contact:
    return Contact(contact_id=contact_id, at=at, channel="call", subscriber=subscriber)


SUITES = {"counters": CounterFeedSuite, "contacts": ContactFeedSuite, "reference": ReferenceFeedSuite}
