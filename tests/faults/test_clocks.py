"""Clocks that are set wrong for a while: what is decided and delivered is what an undisturbed run decides and delivers."""

import json
import os
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from shutil import copytree

import pytest

from detector.domain.ports import Cursor
from detector.domain.window import Tick, Window, utc
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from detector.store import PendingTick
from detector.store.cursors import DECIDE_FROM, EXPERIENCE, LEARN
from jobs.feed_cursors import KINDS
from tests.acceptance import small_operator
from tests.acceptance.small_app import MOMENTS, SmallApp, outcome
from tests.acceptance.small_operator import COLUMNS, DAY, DELAY_S, HOUR, LIVE, QUARTER, counter_rows, table, write_operator
from tests.faults.service import Place, wait_for
from tests.folder_feeds import feeds_of

YEAR, MINUTE = 365 * DAY, 60
BEFORE_THE_OUTAGE = 1
"""Index of the moment after which the clock is wrong for a round: nothing of the outage has been decided by then."""
KEYS = {
    "identity": "11" * 32,
    "token": "t" * 32,
    "webhook": "whsec_" + b64encode(b"w" * 32).decode(),
    "vault": urlsafe_b64encode(b"v" * 32).decode(),
}
"""The same in every run, so that pseudonyms compare."""
Round = tuple[float, float]
"""(what the steady clock of the machine says, what the wall clock says) in one round (s)."""
OFFSETS = [YEAR, DAY, 5 * HOUR, -HOUR, -DAY, -YEAR, -LIVE]


def named(offset: float) -> str:
    return "1970" if offset == -LIVE else f"{offset / HOUR:+.0f}h"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_operator(tmp_path_factory.mktemp("operator") / "operator")


@lru_cache(maxsize=1)
def folder_of(operator: Path) -> OperatorDataset:
    """All services share it, so that what was read once is not read again: its files are no matter of clocks."""
    return OperatorDataset(operator, Pseudonymiser(bytes.fromhex(KEYS["identity"])))


@pytest.fixture(scope="module")
def learned(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service that took in the past and learned from it at the first moment, and was stopped then."""
    root = tmp_path_factory.mktemp("learned")
    machine = Machine(operator, root)
    machine.round(MOMENTS[0], MOMENTS[0])
    machine.app.close()
    return root


@pytest.fixture
def machine(operator: Path, learned: Path, tmp_path: Path) -> Iterator["Machine"]:
    """A service that goes on from there, and has looked at a right clock since."""
    copytree(learned / "var", tmp_path / "var")
    machine = Machine(operator, tmp_path)
    machine.round(MOMENTS[0] + 1, MOMENTS[0] + 1)
    yield machine
    machine.app.close()


@pytest.fixture(scope="module")
def undisturbed(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a service decides that is never stopped and whose clock is always right."""
    machine = Machine(operator, tmp_path_factory.mktemp("undisturbed"))
    found = lived(machine, [(at, at) for at in MOMENTS])
    machine.app.close()
    return found


class Machine:
    """A service over the operator that all share, with a steady clock of its own; `boot` names the start of the machine."""

    def __init__(self, operator: Path, root: Path, *, timed: bool = True) -> None:
        if not (root / "operator").exists():
            (root / "operator").symlink_to(operator)
        if not (root / "var").exists():
            (root / "var").mkdir()
            (root / "var" / "keys.json").write_text(json.dumps(KEYS))
        self.operator, self.root, self.timed, self.steady, self.boot = operator, root, timed, float(LIVE), "first"
        self.app = self._started()

    def _started(self) -> SmallApp:
        app = SmallApp(root=self.root, feeds=feeds_of(folder_of(self.operator)))
        guard = app.jobs.guard
        if self.timed:
            guard.timed, guard.steady, guard.boot = True, lambda: self.steady, self.boot
        return app

    def restart(self, *, boot: str = "") -> None:
        """The service starts anew; with a `boot`, the whole machine does, and its steady clock begins at nought."""
        self.app.close()
        self.boot = boot or self.boot
        self.app = self._started()

    def round(self, steady: float, reading: float) -> None:
        self.steady = steady
        self.app.tick(reading)

    @property
    def findings(self) -> list[str]:
        return [f.example for f in self.app.store.findings.all() if f.code == "clock_jumped"]


def lived(machine: Machine, rounds: Iterable[Round]) -> dict[str, object]:
    """The outcome after these rounds."""
    for steady, reading in rounds:
        machine.round(steady, reading)
    return outcome(machine.app)


def decided(result: dict[str, object]) -> dict[str, object]:
    """Everything but the findings, in which a run with a wrong clock has one more."""
    return {name: value for name, value in result.items() if name != "findings"}


def jumps(result: dict[str, object]) -> list[object]:
    return [f.count for f in result["findings"] if f.code == "clock_jumped"]  # type: ignore[attr-defined]


def rounds(wrong: Callable[[int], float]) -> list[Round]:
    """The moments after the first one; the clock is wrong by so much (s) in the nth."""
    return [(at, at + wrong(n)) for n, at in enumerate(MOMENTS) if n]


@pytest.mark.parametrize("offset", OFFSETS, ids=named)
def test_one_round_at_a_wrong_clock_changes_nothing_that_is_decided(
    offset: float, machine: Machine, undisturbed: dict[str, object]
) -> None:
    at = MOMENTS[BEFORE_THE_OUTAGE] + 10
    disturbed = lived(machine, sorted([*rounds(lambda _: 0), (at, at + offset)]))
    assert decided(disturbed) == decided(undisturbed)
    assert jumps(disturbed) == [1]


@pytest.mark.parametrize("offset", OFFSETS, ids=named)
def test_a_clock_that_is_wrong_during_the_whole_outage_changes_nothing_that_is_decided(
    offset: float, machine: Machine, undisturbed: dict[str, object]
) -> None:
    """Work goes on by the steady clock and the data."""
    disturbed = lived(machine, rounds(lambda n: offset if 1 <= n < 6 else 0))
    assert decided(disturbed) == decided(undisturbed)
    assert jumps(disturbed) == [1]


@pytest.mark.parametrize("offset", [YEAR, DAY, 8 * HOUR], ids=named)
def test_a_clock_that_a_test_or_demonstration_moves_is_judged_by_the_data(
    offset: float, operator: Path, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    machine = Machine(operator, tmp_path, timed=False)
    at = MOMENTS[BEFORE_THE_OUTAGE]
    disturbed = lived(machine, [(0.0, reading) for reading in (*MOMENTS[:2], at + offset, *MOMENTS[2:])])
    machine.app.close()
    assert decided(disturbed) == decided(undisturbed)
    assert jumps(disturbed) == [1]


def test_while_the_time_is_uncertain_it_is_reported_and_nothing_is_deleted_or_learned(machine: Machine) -> None:
    learned = machine.app.store.progress.until(LEARN)
    machine.round(MOMENTS[0] + 10, MOMENTS[0] + YEAR)
    jobs = machine.app.jobs
    assert [line for line in jobs.problems() if line.startswith("clock: it says 2027-03-24T12:20:00Z")]
    assert "nothing is deleted" in jobs.run("prune")
    assert "nothing is deleted" in jobs.run("learn")
    assert machine.app.store.progress.until(LEARN) == learned
    metrics = machine.app.wired.telemetry.text()
    assert "precall_clock_jumps_total 1.0" in metrics
    (jump,) = [line for line in metrics.splitlines() if line.startswith("precall_clock_jump_seconds ")]
    assert float(jump.split()[1]) == YEAR - 10
    machine.round(MOMENTS[1], MOMENTS[1])
    assert not [line for line in jobs.problems() if line.startswith("clock")]
    assert "precall_clock_jump_seconds 0.0" in machine.app.wired.telemetry.text()


@pytest.mark.parametrize("offset", [YEAR, DAY, -DAY, -LIVE], ids=named)
@pytest.mark.parametrize("boot", ["", "second"], ids=["service", "machine"])
def test_a_restart_at_a_wrong_clock_changes_nothing_that_is_decided(
    offset: float, boot: str, machine: Machine, undisturbed: dict[str, object]
) -> None:
    machine.round(MOMENTS[1], MOMENTS[1])
    machine.restart(boot=boot)
    began = MOMENTS[1] + 10
    passed = 0 if boot else began
    machine.round(passed, began + offset)
    for at in MOMENTS[2:]:
        machine.round(at - began + passed, at)
    disturbed = outcome(machine.app)
    assert decided(disturbed) == decided(undisturbed)
    assert jumps(disturbed) == [1]


def test_a_service_that_was_off_while_data_came_follows_the_clock_at_once(machine: Machine) -> None:
    machine.restart(boot="second")
    machine.round(30, MOMENTS[-1])
    assert machine.app.jobs.clock.now() == MOMENTS[-1]
    assert machine.app.jobs.problems() == []
    assert machine.findings == []


def test_a_machine_that_was_suspended_catches_up(machine: Machine, undisturbed: dict[str, object]) -> None:
    """Its steady clock stood still for an hour and more, and the data of that time wait."""
    disturbed = lived(machine, [(MOMENTS[0] + 10 * n, at) for n, at in enumerate(MOMENTS[5:], 1)])
    assert disturbed["decided"] == undisturbed["decided"]
    assert jumps(disturbed)


def test_pointers_that_an_earlier_version_wrote_a_year_ahead_are_put_right(
    machine: Machine, undisturbed: dict[str, object]
) -> None:
    store, ahead = machine.app.store, MOMENTS[0] + YEAR
    with store.begin() as connection:
        store.saved_clock.drop(connection)
        for what in KINDS:
            store.cursors.put(connection, "dataset", what, Cursor(ahead, store.cursors.get("dataset", what).position))
        for job in (LEARN, EXPERIENCE, DECIDE_FROM):
            store.progress.save(connection, job, ahead)
        parts = [replace(part, advanced_at=ahead) for part in store.feeds.parts("dataset")]
        assert parts
        store.feeds.replace_parts(connection, "dataset", parts)
        store.feeds.save(connection, replace(store.feeds.get("dataset"), last_seen=ahead))
        for n in range(96):  # a day of periods for which nothing came
            tick = Tick(ahead - ahead % QUARTER - n * QUARTER, QUARTER)
            store.history.record(connection, tick, 1, "", 0)
            store.ticks.complete(connection, PendingTick("decide", tick, 1), ahead)
    machine.restart()
    for at in MOMENTS[1:]:
        machine.round(at, at)
    healed = outcome(machine.app)
    assert roots(healed) == roots(undisturbed)
    assert store.progress.until(DECIDE_FROM) <= MOMENTS[1]
    assert store.feeds.get("dataset").last_seen <= MOMENTS[-1]


def roots(result: dict[str, object]) -> list[tuple[str, str]]:
    """What was found; an incident's id holds its first period, which depends on when judging began."""
    return [(i.root_id, i.state) for i in result["incidents"]]  # type: ignore[attr-defined]


def test_presence_is_neither_lost_nor_doubled_by_a_clock_that_was_a_little_ahead(machine: Machine) -> None:
    """Less than a jump: it is followed, and what arrived under the pointer that was ahead is taken in when it is back."""
    machine.round(MOMENTS[0] + 10, MOMENTS[0] + 25 * MINUTE)
    machine.round(MOMENTS[0] + 20, MOMENTS[0] + 20)
    for at in MOMENTS[1:]:
        machine.round(at, at)
    rows = machine.app.store.presence.read(Window(LIVE - HOUR, LIVE + 2 * HOUR))
    keys = list(zip(rows.subscriber.tolist(), rows.cell.tolist(), rows.start.tolist(), strict=True))
    assert len(keys) == len(set(keys)) == 3 * len(small_operator.PEOPLE)


def test_the_real_service_finds_the_outage_after_a_round_a_year_ahead(here: Place) -> None:
    """Real files, a real process: its wall clock is moved on with the data, jumps a year ahead for some rounds, and back."""
    inbox = here.root / "inbox"
    small_operator.write_reference(inbox)
    history = range(LIVE - 2 * DAY, LIVE - QUARTER, QUARTER)
    for day, rows in groupby(counter_rows(history), lambda row: str(row[1])[:10]):
        table(inbox / "counters" / f"{day}.csv", COLUMNS, rows)
    for path in (inbox / "counters").iterdir():
        os.utime(path, (LIVE - DAY, LIVE - DAY))
    settings = here.root / "my.toml"
    settings.write_text(settings.read_text().replace("settle_s = 0.2", f'settle_s = 0.2\nkpis = "{inbox}/kpis.toml"'))

    def at(quarter: float) -> float:
        """Ahead of the true clock so that it is this live quarter's end now."""
        return LIVE + quarter * QUARTER + DELAY_S - time.time()

    here.set_clock(at(-0.6))
    service = here.start()
    service.wait(lambda: "learned what is normal" in service.log, "the baselines")

    def live(quarter: int) -> None:
        here.set_clock(at(quarter + 1))
        start = LIVE + quarter * QUARTER
        part = inbox / "counters" / f".{quarter}.csv"
        table(part, COLUMNS, counter_rows([start]))
        os.utime(part, (start + QUARTER, start + QUARTER))
        part.rename(inbox / "counters" / f"live-{quarter}.csv")
        label = f"period={utc(start):%Y-%m-%dT%H:%MZ}"
        service.wait(lambda: label in service.log, f"the decision on quarter {quarter}")

    live(0)
    here.set_clock(at(1) + YEAR)
    service.wait(lambda: "clock jumped" in service.log, "the line about the clock")
    service.wait(lambda: "clock: it says" in service.get("/readyz")[1], "the reason why it is not ready")
    assert service.metric("precall_clock_jumps_total") == 1
    here.set_clock(at(1))
    service.wait(lambda: "clock believed again" in service.log, "the end of the doubt")
    for quarter in range(1, 4):
        live(quarter)
    wait_for(lambda: json.loads(service.get("/v1/incidents")[1])["incidents"], "the incident", log=lambda: service.log)
    assert service.stop()[0] == 0
