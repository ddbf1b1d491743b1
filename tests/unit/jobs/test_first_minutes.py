"""What a service says while it starts: ports first, progress, what it learned, and a line for each period."""

import socket
import time
from io import StringIO

import pytest
import structlog
from rich.console import Console
from structlog.testing import capture_logs

from detector.domain.errors import Misconfigured
from detector.listening import listen
from jobs.daemon import Daemon
from jobs.progress import DelayedDisplay, lines, on
from tests.acceptance.small_app import MOMENTS, SmallApp
from tests.acceptance.small_operator import LIVE, write_operator


def test_a_taken_port_is_reported_at_once_or_another_one_is_taken():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"127\.0\.0\.1:{port}: cannot listen.*web\.port"):
            listen("127.0.0.1", port)
        with listen("127.0.0.1", port, or_any=True) as other:
            assert other.getsockname()[1] not in (0, port)


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("192.0.2.1", 0)])
def test_what_cannot_be_an_address_of_this_machine_is_one_line(host, port):
    with pytest.raises(Misconfigured, match=r"web"):
        listen(host, port)


def test_a_socket_that_listens_answers_who_comes_before_the_server_is_up():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), timeout=5):
        pass


def test_progress_is_shown_only_after_a_while_and_also_of_what_stands_still():
    seen: list[float] = []
    with DelayedDisplay(lambda share, _s: seen.append(share), every_s=0.01, after_s=0.05):
        assert seen == []
        until = time.monotonic() + 30
        while len(seen) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert seen[:3] == [0.0, 0.0, 0.0]
    ended = len(seen)
    time.sleep(0.05)
    assert len(seen) == ended


def test_a_line_shows_what_how_far_and_how_long(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("jobs.progress.SHOWN_AFTER_S", 0.0)
    shown = lines("reading", said.append)
    shown._show(0.4, 12.2)
    shown._show(0.0, 17.4)
    assert said == ["reading: 40 %, 12 s", "reading: 17 s"]


def test_a_terminal_gets_a_progress_line_that_goes_away():
    console = Console(file=StringIO(), force_terminal=True, width=100)
    with on(console)("reading") as progress:
        progress(0.5)
    assert "reading" not in console.file.getvalue().splitlines()[-1:]


@pytest.fixture
def app(tmp_path):
    write_operator(tmp_path / "operator")
    app = SmallApp(root=tmp_path)
    yield app
    app.close()


def test_the_first_start_logs_what_was_learned_and_from_when_on_it_judges(app):
    app.jobs.decide_from()
    app.jobs.run("pull")
    with capture_logs() as logged:
        app.jobs.run("learn")
    (line,) = [one for one in logged if one["event"] == "learned what is normal"]
    assert (line["days"], line["objects"], line["kpis"], line["periods_of"]) == (
        pytest.approx(5.0, abs=0.02),
        4,
        2,
        "15 min",
    )
    assert line["judges_from"] == "2026-03-24T12:00Z"
    assert line["sharper"] == "in 2 days, when a week is known"


def test_without_counters_it_gives_the_reason_why_it_cannot_judge(tmp_path):
    (tmp_path / "operator").mkdir()
    write_operator(tmp_path / "other")
    (tmp_path / "operator" / "kpis.toml").write_text((tmp_path / "other" / "kpis.toml").read_text())
    app = SmallApp(root=tmp_path)
    with capture_logs() as logged:
        app.jobs.run("learn")
    (line,) = [one for one in logged if one["event"] == "cannot judge yet"]
    assert "one day" in line["needs"]
    app.close()


def test_each_round_that_decides_something_is_one_line_and_the_others_are_none(app):
    app.jobs.decide_from()
    app.jobs.run("pull")
    app.jobs.run("learn")
    daemon, judged = Daemon(app.jobs), []
    for at in (LIVE, *MOMENTS, MOMENTS[-1] + 60):
        app.clock.at = at
        with capture_logs() as logged:
            daemon._tick()
        judged.append([one for one in logged if one["event"] == "period judged"])
    assert [len(one) for one in judged] == [0, *[1] * len(MOMENTS), 0]
    lines_ = [one[0] for one in judged if one]
    assert lines_[0]["period"] == "2026-03-24T12:00Z"
    assert {(one["objects"], one["complete"]) for one in lines_} == {(4, "100 %")}
    assert sum(one["raised"] for one in lines_) == sum(one["cleared"] for one in lines_) > 0
    assert sum(one["notified"] for one in lines_) == len(app.store.outbox.messages())
    assert all(one["seconds"] >= 0 for one in lines_)


def teardown_module():
    structlog.reset_defaults()
