"""What is done to the service in a moment: each a function of the run, the quarter and a seeded random source, with its name
in the registry below."""

import os
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from random import Random

from tests.faults.chaos.operator import Drop, arrival_time
from tests.faults.chaos.receivers import MOODS
from tests.faults.chaos.run import Run
from tests.faults.power_cut import environment

Disturbance = Callable[[Run, int, Random], str]
"""Does it, and says in a few words what it did."""
DAY, YEAR = 86_400, 366 * 86_400


def kill(run: Run, quarter: int, random: Random) -> str:
    """One process is killed at any moment, and started again."""
    time.sleep(random.uniform(0, 1.5))
    run.end(random.choice(run.running), signal.SIGKILL)
    run.start()
    return "killed a daemon"


def terminate(run: Run, quarter: int, random: Random) -> str:
    """One process is asked to stop."""
    time.sleep(random.uniform(0, 1.0))
    began = time.monotonic()
    code = run.end(random.choice(run.running), signal.SIGTERM)
    run.start()
    return f"stopped a daemon: exit code {code} after {time.monotonic() - began:.1f} s"


def freeze(run: Run, quarter: int, random: Random) -> str:
    """One process stands still for a while, as a machine does that is moved."""
    one = random.choice(run.running)
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(random.uniform(0.5, 3.0))
    one.process.send_signal(signal.SIGCONT)
    return "stopped and continued a daemon"


def moods(run: Run, quarter: int, random: Random) -> str:
    """A receiver behaves in one way after another."""
    receiver, shown = run.receivers["care-moody"], random.sample(MOODS[1:], 2)
    for mood in shown:
        receiver.mood = mood
        time.sleep(random.uniform(0.5, 2.5))
    receiver.mood = "well"
    return f"a receiver that {', then '.join(shown)}"


def wall_clock(run: Run, quarter: int, random: Random) -> str:
    """The wall clock is set, and set right again."""
    ahead = random.choice([-3600, -DAY, 3600, DAY, YEAR])
    run.set_wall(float(ahead))
    time.sleep(random.uniform(0.3, 1.5))
    run.set_wall(0.0)
    return f"wall clock {ahead:+d} s and back"


def event_clock(run: Run, quarter: int, random: Random) -> str:
    """Rounds with a clock that is wrong, and right again."""
    ahead = random.choice([-3600, -DAY, DAY, YEAR])
    for at in (arrival_time(quarter) + ahead, arrival_time(quarter)):
        with run.held():
            run.set_time(float(at))
        time.sleep(random.uniform(0.5, 1.5))
    return f"event clock {ahead:+d} s and back"


def strangers(run: Run, quarter: int, random: Random) -> str:
    """Connections that say nothing or half of something, and bodies without a token."""
    pages = [path.read_text() for path in (run.root / "urls").glob("*")]
    with ExitStack() as open_:
        for url in pages:
            port = int(url.rsplit(":", 1)[1])
            for _ in range(60):
                try:
                    one = open_.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
                    one.sendall(random.choice([b"", b"GET / HT", b"\x16\x03\x01", b"POST /v1/x HTTP/1.1\r\nhost: a\r\n"]))
                except OSError:
                    break
        time.sleep(random.uniform(0.3, 1.0))
    return "half-open connections"


def poison(run: Run, quarter: int, random: Random) -> str:
    """Files that nobody can read, of all kinds."""
    name, data = random.choice(POISON)
    (run.inbox / "counters" / os.fsdecode(name)).write_bytes(data)
    return f"a file {name!a} of {len(data)} bytes"


POISON: tuple[tuple[bytes, bytes], ...] = (
    (b"caf\xe9.csv", b"nothing\n"),
    (b"n" * 248 + b".csv", b"object_id\nx\n"),
    (b"nul.csv", b"object_id,start\n\0,\0\n"),
    (b"cut.csv.gz", b"\x1f\x8b\x08\x00"),
    (b"other.parquet", b"PAR1nonsensePAR1"),
    (b"half.xml", b"<measCollecFile><"),
    (b"line\nbreak.csv", b"a\nb\n"),
    (b"empty.csv", b""),
    (b"utf16.csv", "object_id,start".encode("utf-16")),
)


def busy_database(run: Run, quarter: int, random: Random) -> str:
    """Somebody else holds the database for a while."""
    if run.database:
        return "nothing"
    held = sqlite3.connect(run.root / "var/precall.db", timeout=20, isolation_level=None)
    try:
        held.execute("BEGIN IMMEDIATE")
        time.sleep(random.uniform(0.5, 2.0))
        held.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return "the database was held by others"
    finally:
        held.close()
    return "held the database"


def restarted_database(run: Run, quarter: int, random: Random) -> str:
    """The database server ends in the middle of what it does."""
    time.sleep(random.uniform(0, 1.0))
    return run.databases.restart() or "nothing"


def damaged_history(run: Run, quarter: int, random: Random) -> str:
    """A file of the KPI history is cut or taken away."""
    files = sorted((run.root / "var/kpi").rglob("[!.]*.parquet"))
    if not files:
        return "nothing"
    path = random.choice(files)
    if random.random() < 0.5:
        path.unlink(missing_ok=True)
        return "removed a file of the history"
    with path.open("r+b") as file:
        file.truncate(random.randrange(path.stat().st_size))
    return "cut a file of the history"


def failing_disk(run: Run, quarter: int, random: Random) -> str:
    """A daemon whose writes fail for a while, or whose disk is full from some moment on; it is ended and started again."""
    if run.recorder is None:
        return "nothing"
    error, times = random.choice(["EIO", "ENOSPC"]), random.choice([1, 3, 0])
    calls, at = random.choice(["write", "sync", "write,sync,name"]), random.randrange(20, 400)
    ill = run.start(environment(run.recorder, run.root / "var", error=error, calls=calls, at=at, times=times))
    time.sleep(random.uniform(2.0, 4.0))
    if ill.process.poll() is None:
        run.end(ill, signal.SIGKILL)
    else:
        run.running.remove(ill)
    return f"a daemon whose disk answers {error} to {calls}"


def lost_state(run: Run, quarter: int, random: Random) -> str:
    """The detector's arrays are gone or damaged."""
    files = sorted((run.root / "var/state").rglob("[!.]*.npz"))
    if not files:
        return "nothing"
    path = random.choice(files)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return f"cut {path.name}"


BEFORE = frozenset({"event clock"})
"""What is done before the files of the moment arrive: work at a wrong clock goes on at the time that is believed, which
moves, while the story's clock stands."""
DISTURBANCES: Mapping[str, Disturbance] = {
    "kill": kill,
    "terminate": terminate,
    "freeze": freeze,
    "moods": moods,
    "wall clock": wall_clock,
    "event clock": event_clock,
    "strangers": strangers,
    "poison": poison,
    "busy database": busy_database,
    "restarted database": restarted_database,
    "damaged history": damaged_history,
    "lost state": lost_state,
    "failing disk": failing_disk,
}


def torn(run: Run, drop: Drop, random: Random) -> None:
    """Written in pieces under its own name, with pauses longer than a file needs to settle."""
    path = run.inbox / drop.name
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = random.randrange(1, len(drop.data))
    with path.open("wb") as file:
        file.write(drop.data[:cut])
        file.flush()
        time.sleep(random.uniform(0.1, 1.2))
        file.write(drop.data[cut:])


def twice(run: Run, drop: Drop, random: Random) -> None:
    """The same file again, after it was read or before."""
    run.put(drop)
    time.sleep(random.uniform(0, 0.6))
    run.put(drop)


def whole(run: Run, drop: Drop, random: Random) -> None:
    """As it should come."""
    run.put(drop)


ARRIVALS: Mapping[str, Callable[[Run, Drop, Random], None]] = {"whole": whole, "torn": torn, "twice": twice}


def clear_marks(run: Run) -> None:
    """Addresses of processes that are gone."""
    shutil.rmtree(run.root / "urls", ignore_errors=True)
