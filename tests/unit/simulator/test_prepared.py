"""The history of a demonstration as columns is the history that its files would have told."""

from datetime import UTC, datetime

import numpy as np
import pytest

from detector.app import build_app
from detector.domain.window import Window
from detector.settings import Settings
from detector.simulator import PreparedDay, StreamingOperator
from jobs.context import JobContext
from jobs.pull import pull

LIVE = int(datetime(2026, 3, 24, 6, tzinfo=UTC).timestamp())
DAYS = 2
SIZE = {
    "cells": 24,
    "seed": 5,
    "start": LIVE - DAYS * 86_400,
    "history_days": DAYS,
    "streamed_days": 1,
    "subscribers_per_cell": 6,
}
KEY = "11" * 32


def app_of(root):
    storage = {"path": root, "identity_key": KEY}
    return build_app(Settings(storage=storage, sources={"path": root / "inbox", "settle_s": 0}))


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    """(from files, from columns)."""
    both = [app_of(tmp_path_factory.mktemp(name)) for name in ("files", "columns")]
    written, given = (StreamingOperator(app.settings.sources.path, **SIZE) for app in both)
    written.write_history()
    pulled(both[0], both[0].feeds, LIVE)
    for day in given.days():
        names = both[1].pseudonymiser.subscriber
        (folder,) = both[1].feeds
        pulled(both[1], PreparedDay(given.world, given.people, day, folder, names).feeds, day.end)
    yield both
    for app in both:
        app.close()


def pulled(app, feeds, now):
    pull(JobContext(feeds, app.store, app.catalogue, app.settings), now=now, decide_from=LIVE)


def test_the_kpis_are_the_same_to_the_last_digit(apps):
    files, columns = (app.store.history.read(900, Window(LIVE - 3 * 86_400, LIVE)) for app in apps)
    assert columns.starts.tolist() == files.starts.tolist()
    assert len(columns.starts) == DAYS * 96
    assert (columns.objects, columns.kpis) == (files.objects, files.kpis)
    for name in ("numerator", "denominator", "suspect"):
        np.testing.assert_array_equal(getattr(columns, name), getattr(files, name))


def test_people_were_behind_the_same_cells(apps):
    window = Window(LIVE - 3 * 86_400, LIVE)

    def rows(app):
        found = app.store.presence.read(window)
        names = zip(found.subscriber.tolist(), found.cell.tolist(), found.start.tolist(), strict=True)
        counts = zip(found.seconds.tolist(), found.attempts.tolist(), found.failures.tolist(), strict=True)
        return sorted(
            (found.subscribers[s], found.cells[c], at, *rest) for (s, c, at), rest in zip(names, counts, strict=True)
        )

    files, columns = map(rows, apps)
    assert len(columns) > 1000
    assert columns == files


def test_interactions_are_known_and_nothing_is_pending(apps):
    files, columns = (app.store.interactions.between(0, LIVE) for app in apps)
    assert columns == files
    assert len(columns) > 0
    assert apps[1].store.ticks.pending("score") == []


def test_no_counter_file_and_no_attachment_is_written(apps):
    inbox = apps[1].settings.sources.path
    assert not (inbox / "counters").exists()
    assert not (inbox / "attachments").exists()
    assert (inbox / "cells.csv").exists()
