"""Counters that stop coming are a feed's fault until somebody else says otherwise: timelines over a small operator."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from detector.domain.incident import Incident
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import SECRET, SmallApp
from tests.acceptance.small_operator import DELAY_S, LIVE, QUARTER
from tests.acceptance.stalling_operator import CELLS, StallingOperator, between
from tests.receiving import signed_receiver

EVERYTHING = (*CELLS, "mme1")
A, B = [c for c in CELLS if c < "c10"], [c for c in CELLS if c >= "c10"]
SITE1 = ("c00", "c01")


def at(quarter: int) -> int:
    """Start of the nth live quarter."""
    return LIVE + quarter * QUARTER


def sample(metrics: str, name: str) -> float:
    """The value of a metric of the feed in Prometheus text."""
    (line,) = [line for line in metrics.splitlines() if line.startswith(f'{name}{{feed="dataset"}}')]
    return float(line.split()[-1])


@dataclass
class Watched:
    """The service over an operator, stepped quarter by quarter; care and operations each have a receiver of their own."""

    root: Path
    care: Recording
    operations: Recording
    app: SmallApp = field(init=False)
    done: int = 1

    def open(self) -> "Watched":
        self.app = SmallApp(root=self.root, url=self.care.url)
        other = signed_receiver("noc", self.operations.url, SECRET, audience="operations")
        self.app.jobs.receivers = self.app.receivers = [*self.app.receivers, other]
        self.app.jobs.relay.receivers = {r.name: r for r in self.app.receivers}
        return self

    def until(self, quarter: int) -> "Watched":
        """Everything until this quarter's counters have arrived, or would have, and its grace time is over."""
        while self.done <= quarter:
            self.app.tick(at(self.done) + DELAY_S)
            self.app.tick(at(self.done) + DELAY_S + 600)
            self.done += 1
        return self

    @property
    def incidents(self) -> list[Incident]:
        return sorted(self.app.store.incidents.all(), key=lambda i: (i.root_kind, i.root_id))

    @property
    def roots(self) -> list[str]:
        return [f"{i.root_kind} {i.root_id} {i.state}" for i in self.incidents if i.state != "merged"]

    @property
    def findings(self) -> list[str]:
        return sorted(f.where for f in self.app.store.findings.all() if f.code == "feed_silent")

    def sent(self, to: Recording) -> list[tuple[str, str]]:
        """(type, subject) of what a receiver got."""
        bodies = [json.loads(body) for _, body in to.got]
        return [(body["type"], body["subject"]) for body in bodies]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watched]:
    with recording() as care, recording() as operations:
        watched = Watched(tmp_path, care, operations)
        yield watched
        watched.app.close()


def operator(watch: Watched, **rules: object) -> Watched:
    StallingOperator(root=watch.root / "operator", **rules).write()  # type: ignore[arg-type]
    return watch.open()


def test_everything_stops_while_a_site_is_dead_and_a_cell_drops_and_comes_again(watch: Watched) -> None:
    operator(watch, dead=between(1, 10, SITE1), dropping=between(1, 10, ["c12"]), silent=between(4, 8, EVERYTHING)).until(4)
    before = watch.incidents
    received = len(watch.care.got)
    assert watch.roots == ["cell c12 open", "site s1 open"]
    assert watch.app.jobs.problems() == []

    watch.until(8)  # an hour without a single file
    assert watch.roots == ["cell c12 open", "site s1 open"]
    assert len(watch.care.got) == received
    for old, new in zip(before, watch.incidents, strict=True):
        assert (new.severity, new.kind, new.cells, new.version) == (old.severity, old.kind, old.cells, old.version)
        assert new.no_data_since == at(4)
    assert watch.findings == ["dataset"]
    assert watch.sent(watch.operations) == [("operations.feed.silent.v1", "feed/dataset")]
    (problem,) = watch.app.jobs.problems()
    assert problem == ("feed dataset: no data since 2026-03-24 13:00 UTC; 21 of 21 measured objects have no data now")
    metrics = watch.app.wired.telemetry.text()
    assert sample(metrics, "precall_feed_last_seen_timestamp_seconds") == at(4) + DELAY_S
    assert sample(metrics, "precall_feed_silent_parts") == 1
    assert sample(metrics, "precall_feed_silent_objects") == len(EVERYTHING)

    watch.until(9)  # files come again, the faults go on
    assert [i.no_data_since for i in watch.incidents] == [None, None]
    assert watch.app.jobs.problems() == []
    assert watch.sent(watch.operations)[1:] == [("operations.feed.resumed.v1", "feed/dataset")]
    watch.until(14)
    assert watch.roots == ["cell c12 resolved", "site s1 resolved"]


def test_the_stopped_files_of_one_vendor_differ_from_sites_out_of_service(watch: Watched) -> None:
    operator(watch, silent=between(4, 9, B), dropping=between(1, 10, ["c12"])).until(8)
    assert watch.roots == ["cell c12 open"]
    assert watch.incidents[0].no_data_since == at(4)
    assert watch.sent(watch.operations) == [("operations.feed.silent.v1", "feed/dataset/vendor b")]
    assert watch.app.jobs.problems() == [
        "feed dataset: vendor b: no data since 2026-03-24 13:00 UTC; 10 of 21 measured objects have no data now"
    ]
    watch.until(14)
    assert watch.sent(watch.operations)[1:] == [("operations.feed.resumed.v1", "feed/dataset/vendor b")]


def test_two_cells_that_turn_bad_while_the_others_are_silent_are_not_the_whole_network(watch: Watched) -> None:
    silent = [c for c in EVERYTHING if c not in ("c00", "c02", "c04")]
    operator(watch, silent=between(3, 14, silent), dropping=between(6, 14, ["c00", "c02"])).until(9)
    assert watch.roots == ["cell c00 open", "cell c02 open"]


def test_a_region_without_power_is_found_though_it_sends_nothing_for_the_core_misses_it(watch: Watched) -> None:
    operator(watch, power_lost=between(4, 14, B)).until(8)
    (incident,) = watch.incidents
    assert (incident.root_id, incident.kind, incident.state) == ("rb", "outage", "open")
    assert "the core sees it too" in incident.reason
    assert watch.operations.got == []


def test_a_region_without_power_is_found_by_its_alarms(watch: Watched) -> None:
    from tests.acceptance.small_operator import iso

    alarms = tuple((f"a{n}", "site", f"s{n}", iso(at(4) + 60), "critical") for n in range(6, 11))
    operator(watch, power_lost=between(4, 14, B), core=False, alarms=alarms).until(8)
    (incident,) = watch.incidents
    assert (incident.root_id, incident.kind, incident.state) == ("rb", "outage", "open")


def test_an_alarm_on_one_site_makes_an_outage_of_that_site_and_no_more_when_everything_stops(watch: Watched) -> None:
    from tests.acceptance.small_operator import iso

    alarm = ("a1", "site", "s1", iso(at(4) + 60), "critical")
    operator(watch, silent=between(4, 14, EVERYTHING), alarms=(alarm,)).until(8)
    assert watch.roots == ["site s1 open"]


def test_files_that_come_two_hours_late_are_taken_as_late_data(watch: Watched) -> None:
    def late(start: int) -> int:
        return 4 * QUARTER if at(4) <= start < at(7) else 0

    operator(watch, dropping=between(2, 6, ["c12"]), late=late).until(7)
    (incident,) = watch.incidents
    assert (incident.state, incident.no_data_since) == ("open", at(4))
    watch.until(13)
    (incident,) = watch.incidents
    assert (incident.state, incident.no_data_since) == ("resolved", None)
    left = [d for d in watch.app.store.degradations.all() if d.withdrawn_at is None]
    assert {(d.object_id, d.kind) for d in left} == {("c12", "accessibility")}
