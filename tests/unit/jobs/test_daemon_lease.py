"""Several daemons on one store: each is seen by the others, and takes back only what is its own."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from detector.domain.daemon_lease import DaemonLease
from detector.store import Store
from detector.store.database import Database
from jobs.daemon_lease import (
    DAEMON_FILE,
    RENEW_S,
    LeaseKeeper,
    announce,
    daemon_serves,
    daemon_url,
    is_alive,
    withdraw,
)

NOW = 1_774_339_200.0
HERE = socket.gethostname()


@pytest.fixture
def store(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/precall.db")
    database.create()
    yield Store(tmp_path, database, (), b"A" * 43 + b"=")
    database.close()


@pytest.fixture
def neighbour():
    """Another process of this machine that lives."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n", timeout=60)


def announce_as(storage, pid: int, url: str = "http://127.0.0.1:18620") -> None:
    (storage / DAEMON_FILE).write_text(json.dumps({"url": url, "pid": pid}))


def lease(store, name: str, one: DaemonLease) -> None:
    with store.begin() as connection:
        store.daemon_leases.save(connection, replace(one, name=name))


def test_a_daemon_is_found_while_it_lives_and_not_after(tmp_path):
    announce(tmp_path, "http://[::1]:18620")
    assert (daemon_url(tmp_path).hostname, daemon_url(tmp_path).port) == ("::1", 18620)
    assert daemon_serves(tmp_path, 18620)
    assert not daemon_serves(tmp_path, 18621)
    withdraw(tmp_path)
    assert daemon_url(tmp_path) is None


def test_one_that_stops_leaves_what_another_has_announced(tmp_path, neighbour):
    announce_as(tmp_path, neighbour)
    withdraw(tmp_path)
    assert daemon_url(tmp_path).port == 18620
    announce(tmp_path, "http://127.0.0.1:18621")
    assert daemon_url(tmp_path).port == 18620, "the first one lives and keeps its place"


def test_the_place_of_one_that_died_is_taken(tmp_path):
    announce_as(tmp_path, 2**22 + 1)  # beyond the largest id of a process
    assert daemon_url(tmp_path) is None
    announce(tmp_path, "http://127.0.0.1:18621")
    assert daemon_url(tmp_path).port == 18621


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"url": 5, "pid": 0}',
        '{"url": "http://[::1", "pid": %d}',
        '{"url": "x", "pid": "y"}',
        '{"url": "http://h:99999", "pid": %d}',
        '{"pid": 1e400, "url": ""}',
    ],
)
def test_what_nobody_can_read_is_no_daemon(text, tmp_path):
    (tmp_path / DAEMON_FILE).write_text(text.replace("%d", str(os.getpid())))
    assert daemon_url(tmp_path) is None


def test_no_process_has_a_number_below_one_or_beyond_all():
    assert not any(is_alive(pid) for pid in (0, -1, 10**30))
    assert is_alive(os.getpid())


def test_a_second_daemon_sees_the_first_and_the_first_the_second(store, tmp_path, neighbour):
    lease(store, "first", DaemonLease("", HERE, neighbour, "http://127.0.0.1:18620", NOW))
    second = LeaseKeeper(store, tmp_path, "http://127.0.0.1:18621")
    assert [str(one) for one in second.others(NOW)] == [f"process {neighbour} on {HERE}, http://127.0.0.1:18620"]
    second.renew(NOW)
    assert LeaseKeeper(store, tmp_path, "").others(NOW)[0].pid == neighbour


def test_daemons_of_another_machine_are_seen_by_their_leases_alone(store, tmp_path):
    lease(store, "far", DaemonLease("", "another-machine", 1, "http://10.0.0.2:8087", NOW))
    mine = LeaseKeeper(store, tmp_path, "")
    assert len(mine.others(NOW + RENEW_S)) == 1
    assert mine.others(NOW + 10 * RENEW_S) == [], "it has not renewed it"


def test_one_that_was_killed_is_no_other_though_its_lease_is_fresh(store, tmp_path):
    lease(store, "killed", DaemonLease("", HERE, 2**22 + 1, "", NOW))
    lease(
        store, "me-before", DaemonLease("", HERE, os.getpid(), "", NOW)
    )  # the first process of a container has always the same
    mine = LeaseKeeper(store, tmp_path, "http://127.0.0.1:18621")
    assert mine.others(NOW) == []
    mine.renew(NOW)
    assert [one.name for one in store.daemon_leases.all()] == [mine.name], "what has run out is forgotten"


def test_one_that_ends_takes_back_its_own_lease_and_no_other(store, tmp_path, neighbour):
    lease(store, "first", DaemonLease("", HERE, neighbour, "", NOW))
    mine = LeaseKeeper(store, tmp_path, "http://127.0.0.1:18621")
    mine.renew(NOW)
    mine.end()
    assert [one.name for one in store.daemon_leases.all()] == ["first"]
    assert daemon_url(tmp_path) is None
