"""Nobody is answered before it is noted, and nobody waits for a tick that is being written."""

import threading
import time

import pytest

from detector.domain.errors import Transient
from detector.store.audit import AuditLog
from detector.store.database import Database


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/audit.db")
    database.create()
    yield database
    database.close()


@pytest.fixture
def log(database, tmp_path) -> AuditLog:
    return AuditLog(database, tmp_path / "waiting")


def subjects(log: AuditLog) -> list[str]:
    return [entry["subject"] for entry in reversed(log.entries())]


def test_while_a_long_transaction_is_written_notes_wait_on_the_disk(database, log, tmp_path):
    log.note(1.0, "desk", "lookup", "sub_0")
    with database.begin():
        log.note(2.0, "desk", "lookup", "sub_1", "for the guardian")
        log.note(3.0, "desk", "lookup", "sub_2")
        assert len(list((tmp_path / "waiting").iterdir())) == 2
        survived = AuditLog(database, tmp_path / "waiting")
    survived.note(4.0, "desk", "lookup", "sub_3")
    assert not list((tmp_path / "waiting").iterdir())
    assert subjects(log) == ["sub_0", "sub_1", "sub_2", "sub_3"]
    assert log.about(["sub_1"])[0]["detail"] == "for the guardian"


def test_whoever_reads_the_log_reads_what_waits(database, log):
    with database.begin():
        log.note(1.0, "desk", "lookup", "sub_1")
    assert subjects(log) == ["sub_1"]
    with database.begin():
        log.note(2.0, "desk", "lookup", "sub_1")
    assert len(log.about(["sub_1"], "lookup")) == 2


def test_what_can_be_noted_nowhere_is_not_answered(database, tmp_path):
    (tmp_path / "waiting").write_text("a file where the folder should be")
    log = AuditLog(database, tmp_path / "waiting")
    with database.begin(), pytest.raises(Transient, match="waiting"):
        log.note(1.0, "desk", "lookup", "sub_1")


def test_many_askers_and_one_writer_lose_no_note(database, log):
    done = threading.Event()

    def write():
        while not done.is_set():
            with database.begin():
                time.sleep(0.08)

    def ask(first: int):
        for n in range(first, first + 5):
            log.note(float(n), "desk", "lookup", f"sub_{n}")

    writer = threading.Thread(target=write)
    askers = [threading.Thread(target=ask, args=(first,)) for first in (0, 5, 10)]
    writer.start()
    for one in askers:
        one.start()
    for one in askers:
        one.join()
    done.set()
    writer.join()
    assert set(subjects(log)) == {f"sub_{n}" for n in range(15)}
