"""Late and corrected files: what the operations centre sees, and what care is told."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from detector.domain.impact import Listing
from detector.domain.operations import Maintenance
from detector.domain.window import Window
from jobs import models
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import CELLS, COLUMNS, DELAY_S, LIVE, QUARTER, counter_rows, iso, table, write_operator
from tests.folder_feeds import feeds_of, watched_folder

HEALTHY = LIVE - 86_400
"""Rows of the day before, at the same hours: nothing is wrong with them."""


@dataclass
class Inbox:
    """An app over a folder into which a test drops quarters of an hour, cell by cell; `care_team` is the care team."""

    root: Path
    care_team: Recording
    app: SmallApp = field(init=False)

    def __post_init__(self) -> None:
        write_operator(self.root / "operator", until=LIVE)
        for path in (self.root / "operator").rglob("*.csv"):
            os.utime(path, (LIVE - 60, LIVE - 60))
        feeds = feeds_of(watched_folder(self.root / "operator", self.root / "quarantine"))
        self.app = SmallApp(root=self.root, url=self.care_team.url, feeds=feeds)
        self.app.jobs.decide_from()
        for name in ("pull", "learn"):
            self.app.jobs.run(name)

    def drop(
        self, quarter: int, failing: Iterable[str] = (), *, at: int, cells: Iterable[str] = CELLS, name: str = ""
    ) -> None:
        """The counters of these cells arrive: half of all connections of the failing ones are lost."""
        rows = [row for row in counter_rows([HEALTHY + quarter * QUARTER]) if row[0] in cells]
        bad = set(failing)
        shown = [
            (cell, iso(LIVE + quarter * QUARTER), length, tried, tried // 2 if cell in bad else good, volume)
            for cell, _, length, tried, good, volume in rows
        ]
        path = self.root / "operator" / "counters" / f"{name or quarter}.csv"
        table(path, COLUMNS, shown)
        os.utime(path, (at - 10, at - 10))

    def round(self, at: int, *, push: bool = True) -> None:
        """All that the daemon does in one round; without `push` the alerts wait."""
        self.app.clock.at = self.app.wall.at = at
        for name in ("pull", "detect", "assess", *(["push"] if push else [])):
            self.app.jobs.run(name)

    def live(self, failing: dict[int, tuple[str, ...]], quarters: int, *, push: bool = True) -> None:
        """So many quarters, each on time."""
        for quarter in range(quarters):
            self.drop(quarter, failing.get(quarter, ()), at=arrival_time(quarter))
            self.round(arrival_time(quarter), push=push)

    @property
    def received(self) -> list[tuple[str, dict]]:
        """(type, data) of everything that the care team received."""
        bodies = [json.loads(body) for _, body in self.care_team.got]
        return [(body["type"].split(".")[2], body["data"]) for body in bodies]

    @property
    def listed(self) -> list[Listing]:
        return list(self.app.store.listings.all(current=True))


def arrival_time(quarter: int) -> int:
    """When this quarter's counters have arrived."""
    return LIVE + (quarter + 1) * QUARTER + DELAY_S


@pytest.fixture
def inbox(tmp_path):
    with recording() as care_team:
        inbox = Inbox(tmp_path, care_team)
        yield inbox
        inbox.app.close()


def test_a_false_alarm_by_a_wrong_file_is_taken_back_in_so_many_words(inbox):
    inbox.live({0: ("c11", "c12")}, quarters=1)
    assert len(inbox.listed) == 10
    inbox.drop(0, at=arrival_time(0) + 300, name="0")  # the same name with new bytes
    inbox.round(arrival_time(0) + 300)
    (opened, first), (taken_back, last) = inbox.received
    assert (opened, taken_back) == ("opened", "resolved")
    problem = last["serviceProblem"]
    assert (problem["id"], problem["status"]) == (first["serviceProblem"]["id"], "Closed")
    assert problem["statusChangeReason"] == "withdrawn: data that came late show no degradation"
    assert problem["reason"] == "false alarm, as data that came late show"
    assert "it had said: RRC connection setup success" in last["explanation"]
    assert "false alarm" in last["say"]["en"]
    assert "resolutionDate" not in problem
    assert (last["evidence"], last["impact"]["affected"], last["action"]["kind"]) == ([], None, "all_clear")
    assert {(one.decision.action, one.probability) for one in inbox.listed} == {("all_clear", 0.0)}
    assert len(inbox.listed) == 8, "exactly those who were told, of ten listed"
    store = inbox.app.store
    (incident,) = store.incidents.all()
    assert (incident.state, incident.withdrawn_at) == ("resolved", arrival_time(0) + 300)
    assert {(d.withdrawn_at, d.cleared_at == d.started_at) for d in store.degradations.all()} == {
        (arrival_time(0) + 300, True)
    }
    inbox.drop(1, at=arrival_time(1))
    inbox.round(arrival_time(1))
    assert len(inbox.received) == 2, "once is enough"


def test_a_false_alarm_that_reached_nobody_is_sent_to_nobody(inbox):
    inbox.live({0: ("c11", "c12")}, quarters=1, push=False)
    inbox.drop(0, at=arrival_time(0) + 300)
    inbox.round(arrival_time(0) + 300)
    assert inbox.received == []
    assert [m.state for m in inbox.app.store.outbox.messages()] == ["withdrawn"]
    assert inbox.app.jobs.run("push") == "nothing due"


def test_those_who_were_notified_are_notified_of_it_and_nobody_else(inbox):
    """One care team had been told, the other was unreachable all the time."""
    other = replace(inbox.app.receivers[0], name="other")
    inbox.app.receivers.append(other)
    inbox.live({0: ("c11", "c12")}, quarters=1)  # the relay knows only the first
    sent = {m.receiver: m for m in inbox.app.store.outbox.messages()}
    assert sent["desk"].state == "sent"
    with inbox.app.store.begin() as connection:
        inbox.app.store.outbox.add(connection, sent["desk"].alert, ["third"], float(arrival_time(0) + 9999))
    inbox.drop(0, at=arrival_time(0) + 300)
    inbox.round(arrival_time(0) + 300)
    states = [(m.receiver, m.type, m.state) for m in inbox.app.store.outbox.messages()]
    assert states == [
        ("desk", "opened", "sent"),
        ("other", "opened", "withdrawn"),
        ("third", "opened", "withdrawn"),
        ("desk", "resolved", "sent"),
    ]


def test_a_fault_that_only_late_data_show_is_dated_by_the_clock_at_which_they_arrived(inbox):
    others = [cell for cell in CELLS if cell not in ("c11", "c12")]
    for quarter in (0, 1):
        inbox.drop(quarter, at=arrival_time(quarter), cells=others, name=f"{quarter}-most")
        inbox.round(arrival_time(quarter) + 600)
    late = arrival_time(2)
    for quarter in (0, 1):
        inbox.drop(quarter, ("c11", "c12"), at=late, cells=("c11", "c12"), name=f"{quarter}-rest")
    inbox.drop(2, ("c11", "c12"), at=late)
    inbox.round(late)
    store = inbox.app.store
    standing = [d for d in store.degradations.all() if d.withdrawn_at is None]
    assert {(d.object_id, d.kind, d.started_at, d.detected_at) for d in standing} == {
        ("c11", "accessibility", LIVE, late),
        ("c12", "accessibility", LIVE, late),
    }
    assert {d.kind for d in store.degradations.all() if d.withdrawn_at is not None} == {"no_data"}
    (incident,) = [i for i in store.incidents.all() if i.withdrawn_at is None]
    assert (incident.root_id, incident.state, incident.opened_at) == ("s1", "open", late)
    assert [type_ for type_, _ in inbox.received] == ["opened"]


def test_what_was_resolved_is_open_again_when_late_data_show_that_it_is_not_over(inbox):
    inbox.live({1: ("c11", "c12"), 2: ("c11", "c12")}, quarters=9)
    assert [type_ for type_, _ in inbox.received][-1] == "resolved"
    for quarter in range(3, 9):
        inbox.drop(quarter, ("c11", "c12"), at=arrival_time(8) + 300)
    inbox.round(arrival_time(8) + 300)
    type_, data = inbox.received[-1]
    assert (type_, data["serviceProblem"]["status"]) == ("updated", "In Progress")
    assert data["serviceProblem"]["statusChangeReason"].startswith(
        "open again: data that came late show that it is not over"
    )
    assert len(inbox.listed) == 10


def test_data_older_than_a_day_correct_the_history_and_nothing_else(inbox):
    inbox.live({0: ("c11", "c12")}, quarters=1)
    before = inbox.app.store.degradations.all()
    inbox.app.let_time_pass()
    inbox.drop(0, at=arrival_time(0) + 90_000)
    inbox.app.clock.at = inbox.app.wall.at = arrival_time(0) + 90_000
    inbox.app.jobs.run("pull")
    for pending_step in inbox.app.store.ticks.pending("score")[1:]:  # a day of silence is another story
        with inbox.app.store.begin() as connection:
            inbox.app.store.ticks.complete(connection, pending_step, 0.0)
    inbox.app.jobs.run("detect")
    assert inbox.app.store.degradations.all() == before
    assert {f.code for f in inbox.app.store.findings.all()} == {"late_data", "feed_silent"}  # after a day without files
    frame = inbox.app.store.history.read(QUARTER, Window(LIVE, LIVE + QUARTER))
    assert (frame.numerator[0, :, 0] > 0.9 * frame.denominator[0, :, 0]).all()


def test_works_that_overrun_are_shown_with_the_end_that_was_planned(inbox):
    columns = ("scope_kind", "scope_id", "start", "end", "reason", "status")
    works = Maintenance("site", "s1", Window(LIVE, LIVE + 2 * QUARTER), "new antennas", "active")
    row = (works.scope_kind, works.scope_id, iso(works.window.start), iso(works.window.end), works.reason, works.status)
    table(inbox.root / "operator" / "maintenance.csv", columns, [row])
    inbox.live(dict.fromkeys(range(3), ("c11", "c12")), quarters=2)
    assert inbox.received == [], "what works do is nobody's business while they last"
    (silent,) = inbox.app.store.incidents.all()
    assert silent.suppressed_reason == "maintenance"
    inbox.drop(2, ("c11", "c12"), at=arrival_time(2))
    inbox.round(arrival_time(2))
    ((type_, data),) = inbox.received
    assert type_ == "opened"
    assert data["serviceProblem"]["id"] == silent.incident_id
    assert data["serviceProblem"]["statusChangeReason"] == "works planned until 12:30 UTC overrun"
    assert data["explanation"].endswith("; declared works overrun")
    assert "Planned works that were due to end at 12:30 are taking longer." in data["say"]["en"]


def test_what_is_judged_again_is_judged_by_what_was_normal_then(inbox):
    """A baseline learned in between from the fault itself would excuse it."""
    inbox.live({0: ("c11", "c12"), 1: ("c11", "c12")}, quarters=2)
    store, jobs = inbox.app.store, inbox.app.jobs
    before = [d for d in store.degradations.all() if d.withdrawn_at is None]
    inbox.app.clock.at = arrival_time(1) + 60
    jobs.run("learn")
    used = []
    load = models.load_earlier_baseline
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "load_earlier_baseline", lambda *given: used.append(load(*given)) or used[-1])
        inbox.drop(0, ("c11", "c12"), at=arrival_time(1) + 300, name="0-again")
        inbox.round(arrival_time(1) + 300)
    assert len(used) == 2
    assert all(baseline is not None for baseline in used), "for the late tick and for the one that looks back on it"
    assert [d for d in store.degradations.all() if d.withdrawn_at is None] == before
