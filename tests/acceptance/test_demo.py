"""`make run` in small: what a newcomer sees, from the first line to the summary."""

import json
import re
import time
import urllib.request
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from detector.delivery import cloudevents
from detector.settings import Settings
from detector.store.database import Database
from detector.store.outbox import Outbox
from jobs.demo import Demo
from tests.texts import contradictions

PATIENCE_S = 60


class Newcomer:
    """Watches the terminal until an incident has opened and one has resolved, and follows a link while it runs."""

    def __init__(self, terminal: StringIO, root: Path) -> None:
        self._terminal, self.root = terminal, root
        self.page = ""

    @property
    def seen(self) -> str:
        return self._terminal.getvalue()

    def watch(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not ("OPENED" in self.seen and "RESOLVED" in self.seen):
            time.sleep(0.1)
        found = re.search(r"http://127\.0\.0\.1:\d+/incidents/inc_[0-9a-f]+", self.seen)
        if found:
            self.page = self._open(found[0])

    def _open(self, url: str) -> str:
        token = json.loads((self.root / "demo" / "keys.json").read_text())["token"]
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    root, terminal = tmp_path_factory.mktemp("demo"), StringIO()
    demo = {"cells": 12, "history_days": 3, "seed": 7, "speed": 3000}
    settings = Settings(storage={"path": root}, web={"port": 0}, demo=demo)
    newcomer = Newcomer(terminal, root)
    Demo(settings, Console(file=terminal, width=200)).run(newcomer.watch)
    return newcomer


pytestmark = pytest.mark.xdist_group("demo")


def test_incidents_open_and_resolve_with_whom_they_affect_and_what_to_say(newcomer):
    assert re.search(r"▲ OPENED +2026-03-24 \d\d:\d\d CET +(MAJOR|MINOR|CRITICAL|WARNING)", newcomer.seen)
    assert re.search(r"about \d+ people affected \(\d+ to \d+\)", newcomer.seen)
    assert "say: “" in newcomer.seen
    assert "✔ RESOLVED" in newcomer.seen


def test_the_link_leads_to_a_page_with_the_kpi_against_its_expected_band(newcomer):
    assert "<svg" in newcomer.page
    assert "expected" in newcomer.page.lower()


def test_it_stops_cleanly_and_sums_up(newcomer):
    assert re.search(r"\d+ incidents, \d+ resolved, \d+ kept silent", newcomer.seen)
    opened, resolved, rejected = (
        int(re.search(rf"(\d+) (?:alerts )?{word}[,;.]", newcomer.seen)[1]) for word in ("opened", "resolved", "rejected")
    )
    assert opened >= 1
    assert resolved >= 1
    assert rejected == 0
    assert "Traceback" not in newcomer.seen


def test_no_alert_of_the_day_contradicts_itself(newcomer):
    app = Settings(storage={"path": newcomer.root / "demo"})
    rows = Outbox(Database(app.database_url)).messages()
    assert rows
    assert [wrong for row in rows for wrong in contradictions(json.loads(cloudevents(row.alert, "/precall/demo")))] == []
