"""A receiver in any mood delays no other, counts as sent only what it took, and shows where people look."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from detector.domain.alert import Alert, alert_key
from detector.store.database import Database
from detector.store.outbox import Outbox
from tests.faults.moods import ATTEMPT_S, HEALTHY, TAKES, Mood, all_moods, listening
from tests.faults.service import PATIENCE_S, Place, wait_for

ALERTS = 40
BACKLOG = 500
SECRET = "whsec_" + "A" * 32


def configured(here: Place, receivers: dict[str, Mood]) -> None:
    tables = [
        f'[[receivers]]\nname = "{name}"\nurl = "{mood.url}"\nsecrets = ["{SECRET}"]\n' for name, mood in receivers.items()
    ]
    here.configure("\n".join([f"[delivery]\ntimeout_s = {ATTEMPT_S}", *tables]))


def compose(here: Place, alerts: dict[str, int]) -> None:
    """So many alerts for each of these receivers, composed now, in one transaction as an assessment does it."""
    database = Database(f"sqlite:///{here.root / 'var/precall.db'}")
    now = int(time.time())
    try:
        with database.begin() as connection:
            for receiver, number in alerts.items():
                for n in range(number):
                    incident = f"inc_{receiver}_{n}"
                    key = alert_key(incident, "opened", 1)
                    alert = Alert(
                        key=key,
                        incident_id=incident,
                        type="opened",
                        sequence=1,
                        severity="major",
                        time=now,
                        expires_at=now + 6 * 3600,
                        data={"say": {"en": "Hello"}},
                    )
                    Outbox(database).add(connection, alert, [receiver], time.time())
    finally:
        database.close()


def states(here: Place) -> dict[str, set[str]]:
    """Receiver -> states of its alerts."""
    found: dict[str, set[str]] = {}
    with closing(sqlite3.connect(here.root / "var/precall.db")) as connection:
        for receiver, state in connection.execute("select receiver, state from outbox"):
            found.setdefault(receiver, set()).add(state)
    return found


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def seconds_until_all_taken(here: Place, receivers: dict[str, Mood], alerts: dict[str, int]):
    """(how long the healthy receiver waits for its last alert, the service)."""
    configured(here, receivers)
    service = here.start()
    compose(here, alerts)
    began = time.monotonic()
    service.wait(lambda: len(set(receivers["healthy"].keys)) == ALERTS, "all alerts at the healthy receiver")
    return time.monotonic() - began, service


def test_a_receiver_in_any_mood_delays_no_other_and_takes_nothing_that_it_did_not_take(tmp_path, here):
    with listening(HEALTHY) as alone:
        undisturbed_s, service = seconds_until_all_taken(here, {"healthy": alone}, {"healthy": ALERTS})
        memory_mb = peak_mb(service.process.pid)
        assert service.stop()[0] == 0
    (tmp_path / "among others").mkdir()
    other = Place(tmp_path / "among others")
    with all_moods() as moods, listening(HEALTHY) as healthy:
        receivers = {**moods, "healthy": healthy}
        alerts = dict.fromkeys(receivers, 20) | {"slow": BACKLOG, "healthy": ALERTS}
        try:
            disturbed_s, service = seconds_until_all_taken(other, receivers, alerts)
            print(f"last alert of {ALERTS}: undisturbed {undisturbed_s:.2f} s, among {len(moods)} moods {disturbed_s:.2f} s")
            assert disturbed_s < PATIENCE_S / 4, "one time-out of each mood would take longer"
            silent = {"never answers", "trickles its status line", "trickles its headers", "hangs in TLS"}
            service.wait(lambda: all(f"receiver {name}: down since" in service.get("/readyz")[1] for name in silent))
            problems, page = service.get("/readyz")[1], service.get("/")[1]
            assert "alerts for redirects are dead: precall redrive" in problems
            assert "alerts for redirects are dead: precall redrive" in page
            service.wait(lambda: service.metric("precall_deliveries_dead", receiver="redirects") == 20)
            assert service.metric("precall_receiver_up", receiver="never answers") == 0
            assert service.metric("precall_receiver_up", receiver="healthy") == 1
            wait_for(lambda: "sent" in states(other)["slow"], "one alert at the slow receiver")
            assert healthy.keys == list(dict.fromkeys(healthy.keys)), "and each once"
            peak = peak_mb(service.process.pid)
            assert peak < 2 * memory_mb
            code, seconds = service.stop()
            print(f"peak {memory_mb:.0f} MB undisturbed, {peak:.0f} MB among them; stopped in {seconds:.2f} s")
            assert code == 0, service.log
            found = states(other)
            assert {name for name, kinds in found.items() if "sent" in kinds} == {*TAKES, "healthy"}
            assert "dead" in found["redirects"] & found["410"]
        finally:
            other.end()
