"""A wait is a length: a wall clock that is set neither floods a receiver with retries nor holds its alerts for a year."""

import pytest

from detector.domain.alert import Alert, alert_key
from detector.store.database import Database
from detector.store.migrate import migrate
from detector.store.outbox import Outbox
from jobs.clock_watch import ClockWatch
from tests.acceptance.recording_receiver import recording
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import LIVE, write_reference

HOUR, DAY, YEAR = 3600, 86_400, 366 * 86_400
SET = [YEAR, DAY, HOUR, -HOUR, -DAY, -YEAR]


class Machine:
    """`steady` passes by itself; the wall clock is `ahead` of it."""

    def __init__(self):
        self.steady, self.ahead = 0.0, float(LIVE)

    @property
    def wall(self):
        return self.steady + self.ahead


@pytest.fixture
def recorded():
    with recording() as record:
        yield record


@pytest.fixture
def app(tmp_path, recorded):
    write_reference(tmp_path / "operator")
    app = SmallApp(root=tmp_path, url=recorded.url)
    yield app
    app.close()


def of_machine(app, machine, name="boot"):
    app.jobs.relay.breakers.clock_watch = ClockWatch(lambda: machine.steady, name)


def compose(app, machine, number=1):
    """So many alerts, composed now by the wall clock; their events are those of a live day, whatever that says."""
    with app.store.begin() as connection:
        for n in range(number):
            key = alert_key(f"inc_{n}_{machine.wall}", "opened", 1)
            alert = Alert(
                key=key,
                incident_id=f"inc_{n}_{machine.wall}",
                type="opened",
                sequence=1,
                severity="major",
                time=LIVE,
                expires_at=LIVE + 6 * HOUR,
                data={},
            )
            app.store.outbox.add(connection, alert, ["desk"], machine.wall)


def push(app, machine, after_s=0):
    machine.steady += after_s
    app.clock.at, app.wall.at = LIVE, machine.wall
    return dict(app.jobs.relay.push(event_now=LIVE, wall_now=machine.wall))


@pytest.mark.parametrize("seconds", SET)
def test_a_wait_lasts_as_long_as_it_would_have(seconds, app, recorded):
    recorded.statuses = [500, 500, 500, 204]
    machine = Machine()
    of_machine(app, machine)
    compose(app, machine)
    assert push(app, machine) == {"retry": 1}
    assert push(app, machine, 10) == {"retry": 1}
    machine.ahead += seconds
    assert push(app, machine, 5) == {}, "the third attempt comes 30 s after the second"
    assert push(app, machine, 40) == {"retry": 1}
    assert push(app, machine, 200) == {}
    assert push(app, machine, 200) == {"sent": 1}


@pytest.mark.parametrize("seconds", SET)
def test_what_is_composed_after_the_step_goes_out_at_once(seconds, app, recorded):
    machine = Machine()
    of_machine(app, machine)
    push(app, machine)
    machine.ahead += seconds
    compose(app, machine)
    assert push(app, machine, 1) == {"sent": 1}


@pytest.mark.parametrize("seconds", SET)
def test_a_breaker_pauses_as_long_as_it_would_have(seconds, app, recorded):
    recorded.statuses = [503]
    machine = Machine()
    of_machine(app, machine)
    compose(app, machine, 8)
    assert push(app, machine) == {"retry": 5, "held": 3}
    machine.ahead += seconds
    assert push(app, machine, 5) == {}
    assert len(recorded.got) == 5
    recorded.statuses = [204]
    for _ in range(10):
        push(app, machine, 60)
    assert {m.state for m in app.store.outbox.messages()} == {"sent"}


@pytest.mark.parametrize("seconds", SET)
def test_two_processes_of_a_machine_move_the_waits_once(seconds, app, recorded, tmp_path):
    recorded.statuses = [500, 500, 204]
    machine, other = Machine(), SmallApp(root=tmp_path, url=recorded.url)
    for one in (app, other):
        of_machine(one, machine)
    compose(app, machine)
    push(app, machine)
    push(other, machine, 10)
    machine.ahead += seconds
    assert push(app, machine, 5) == push(other, machine) == {}
    assert push(other, machine, 40) == {"sent": 1}
    other.close()


@pytest.mark.parametrize("seconds", [YEAR, 2 * DAY])
def test_what_a_clock_ahead_wrote_before_a_restart_of_the_machine_is_not_held_until_then(seconds, app, recorded):
    recorded.statuses = [500, 204]
    machine = Machine()
    machine.ahead += seconds
    of_machine(app, machine)
    compose(app, machine)
    push(app, machine)
    machine.ahead -= seconds
    of_machine(app, machine, "the next boot")
    assert push(app, machine, 60) == {"sent": 1}


def test_without_a_steady_clock_a_step_back_is_seen_all_the_same(app, recorded):
    recorded.statuses = [500, 500, 500, 204]
    machine = Machine()
    compose(app, machine)
    for _ in range(3):
        push(app, machine, 40)
    machine.ahead -= HOUR
    assert push(app, machine, 5) == {}
    assert push(app, machine, 400) == {"sent": 1}, "due five minutes after the third, and not an hour later"


def test_the_steering_of_a_time_server_moves_nothing(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'precall.db'}")
    migrate(database)
    outbox = Outbox(database)
    assert outbox.follow_clock("boot", 1000.0, 60.0) == 0
    assert outbox.follow_clock("boot", 1030.0, 60.0) == 0
    assert outbox.follow_clock("boot", 4600.0, 60.0) == 3600
    assert outbox.follow_clock("another", 9.0, 60.0) == 0
    database.close()
