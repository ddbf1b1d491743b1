"""A run of the operator's story with daemons, receivers and a clock that the run moves; and what came of it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.faults.chaos.databases import Databases
from tests.faults.chaos.operator import LIVE, Drop, arrival_time, drops, write_past
from tests.faults.chaos.receivers import MoodyReceiver, receiving
from tests.faults.power_cut import library
from tests.faults.service import CLOCK, PATIENCE_S, ROOT, TOKEN

RECEIVERS = ("care-steady", "care-moody")
SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True)
class Outcome:
    """What must be the same, disturbed or not.

    alerts: receiver -> webhook-id -> body; order: receiver -> incident -> webhook-ids as they were first taken;
    troubles: what no run may show, one line each.
    """

    alerts: dict[str, dict[str, bytes]]
    order: dict[str, dict[str, list[str]]]
    troubles: tuple[str, ...]

    def differences(self, other: "Outcome") -> list[str]:
        """One line for each difference."""
        lines = []
        for name in self.alerts:
            mine, theirs = self.alerts[name], other.alerts[name]
            lines += [f"{name}: {key} is missing" for key in mine.keys() - theirs.keys()]
            lines += [f"{name}: {key} is too many: {summary(theirs[key])}" for key in theirs.keys() - mine.keys()]
            changed = [key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
            lines += [f"{name}: {key} has another body: {changes(mine[key], theirs[key])}" for key in changed]
            if self.order[name] != other.order[name]:
                lines.append(f"{name}: another order of an incident's alerts")
        return lines


def summary(body: bytes) -> str:
    """Type, incident and time of an alert."""
    event = json.loads(body)
    return f"{event['type']} {event.get('subject')} {event['time']}"


def changes(one: bytes, other: bytes) -> str:
    """The fields that differ, with both values."""
    mine, theirs = dict(_flat(json.loads(one))), dict(_flat(json.loads(other)))
    keys = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
    return "; ".join(f"{key}: {mine.get(key)!r} -> {theirs.get(key)!r}" for key in keys)[:600]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(one, f"{name}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _flat(one, f"{name}[{number}]")
    else:
        yield name, value


@dataclass
class Daemon:
    """One process over the run's folder."""

    process: subprocess.Popen[bytes]
    frozen: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(kw_only=True)
class Run:
    """Moves through the story. `disturb(run, quarter)` is called once in every moment, after its files were dropped."""

    root: Path
    databases: Databases
    daemons: int
    quarters: int
    disturb: Callable[["Run", int], None] = lambda _run, _quarter: None
    arrange: Callable[["Run", int, Sequence[Drop]], None] | None = None
    """Delivers the files of a moment; by default each appears whole."""
    receivers: dict[str, MoodyReceiver] = field(default_factory=dict)
    running: list[Daemon] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    """What was done to it, one line each."""
    started: int = 0
    database: str = ""
    recorder: Path | None = None
    """The library that makes writes fail; None where there is no compiler for it."""

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    def play(self) -> Outcome:
        """The whole story."""
        with ExitStack() as stack:
            self.recorder = stack.enter_context(library())
            for name in RECEIVERS:
                self.receivers[name] = stack.enter_context(receiving(name))
            stack.callback(self._end)
            self._prepare()
            for _ in range(self.daemons):
                self.start()
            self._wait(self._round_done, "the past to be read")
            for quarter in range(self.quarters):
                self._advance(quarter)
            troubles = self._troubles()
            return self._outcome(troubles)

    def _prepare(self) -> None:
        for name in ("rounds", "urls", "scratch"):
            (self.root / name).mkdir(parents=True)
        self.database = self.databases.new()
        write_past(self.inbox)
        hooks = "".join(
            f'[[receivers]]\nname = "{r.name}"\nurl = "{r.url}"\nsecrets = ["{SECRET}"]\n' for r in self.receivers.values()
        )
        (self.root / "my.toml").write_text(
            f'[sources]\npath = "inbox"\nsettle_s = 0.3\nkpis = "kpis.toml"\nincomplete_after = "2 s"\n'
            f'[storage]\npath = "var"\ndatabase = "{self.database}"\n'
            f'[schedule]\npull_s = 0.4\npush_s = 0.4\n[daemon]\nstop_within = "8 s"\n'
            f"[delivery]\nmax_attempts = 1000\ntimeout_s = 2\n[detection]\nhistory_days = 7\n"
            f'[web]\nport = 0\ntoken = "{TOKEN}"\n{hooks}'
        )
        self.set_wall(0.0)
        self.set_time(LIVE)

    def start(self, env: dict[str, str] | None = None) -> Daemon:
        """One more daemon."""
        log = (self.root / f"console-{self.started}.txt").open("wb")
        self.started += 1
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.chaos.process", str(self.root)],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT), CLOCK: str(self.root / "clock")} | (env or {}),
            )
        self.running.append(Daemon(process))
        return self.running[-1]

    def end(self, daemon: Daemon, number: int) -> int:
        """End one by a signal; its exit code."""
        daemon.process.send_signal(signal.SIGCONT)
        daemon.process.send_signal(number)
        code = daemon.process.wait(timeout=PATIENCE_S)
        self.running.remove(daemon)
        (self.root / "rounds" / str(daemon.pid)).unlink(missing_ok=True)
        return code

    def set_time(self, at: float) -> None:
        self._write("moment", repr(float(at)))

    def set_wall(self, ahead_s: float) -> None:
        self._write("clock", repr(ahead_s))

    def _write(self, name: str, content: str) -> None:
        part = self.root / f"{name}.part"
        part.write_text(content)
        part.replace(self.root / name)

    def _advance(self, quarter: int) -> None:
        """The next moment: its files, what is done to the service meanwhile, and everything worked through."""
        with self.held():
            self.set_time(arrival_time(quarter))
        if self.arrange is None:
            for drop in drops(quarter, self.root / "scratch"):
                self.put(drop)
        else:
            self.arrange(self, quarter, drops(quarter, self.root / "scratch"))
        self.disturb(self, quarter)
        while len(self.running) < self.daemons:
            self.start()
        for receiver in self.receivers.values():
            receiver.mood = "well"
        since = time.monotonic()
        files = [drop for drop in drops(quarter, self.root / "scratch") if drop.name.startswith("counters/")]
        self._wait(lambda: self._all_read(files), f"the files of quarter {quarter} to be read")
        since = time.monotonic()
        self._wait(lambda: self._round_done(since), f"a round at quarter {quarter}")
        self._wait(self._nothing_waits, f"the alerts of quarter {quarter} to be taken")

    def put(self, drop: Drop) -> None:
        """A file that appears whole."""
        path = self.inbox / drop.name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(drop.data)
        part.replace(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No round is under way, and none begins, while in the `with`."""
        (self.root / "hold").touch()
        self._wait(lambda: all(self._state(one).get("state") == "held" for one in self.running), "rounds to pause")
        yield
        (self.root / "hold").unlink()

    def _state(self, daemon: Daemon) -> dict[str, object]:
        try:
            found = json.loads((self.root / "rounds" / str(daemon.pid)).read_text())
        except (OSError, ValueError):
            return {}
        return dict(found)

    def _round_done(self, since: float = 0.0) -> bool:
        """Some daemon began a round after `since` and went through it at the present moment."""
        at = float((self.root / "moment").read_text())
        states = [self._state(one) for one in self.running]
        return any(s.get("good") and s["moment"] == at and s["began"] > since for s in states)  # type: ignore[operator]

    def _all_read(self, files: Sequence[Drop]) -> bool:
        read = set(self.query("SELECT name, sha256 FROM source_file WHERE state = 'read'"))
        return all((drop.name, sha256(drop.data).hexdigest()) in read for drop in files)

    def _nothing_waits(self) -> bool:
        return not self.query("SELECT 1 FROM outbox WHERE state = 'pending'")

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Rows, read beside the daemons; empty while the database cannot be read."""
        url = self.database.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{self.root}/var/precall.db"
        engine = create_engine(url, connect_args={"connect_timeout": 5} if "postgresql" in url else {"timeout": 5})
        try:
            with contextlib.suppress(Exception), engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(statement))] or []
            return [("unreadable",)]
        finally:
            engine.dispose()

    def _wait(self, come: Callable[[], object], what: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not come():
            for daemon in [d for d in self.running if d.process.poll() is not None]:
                self.done.append(f"process {daemon.pid} ended by itself with {daemon.process.returncode}")
                self.running.remove(daemon)
                self.start()
            assert time.monotonic() < until, f"waited in vain for {what}\n{self.evidence()}"
            time.sleep(0.1)

    def evidence(self) -> str:
        """The ends of the daemons' logs, and what was done."""
        logs = sorted(self.root.glob("console-*.txt"), key=lambda path: path.stat().st_mtime)[-3:]
        ends = [f"{path.name}:\n{path.read_text(errors='replace')[-3000:]}" for path in logs]
        return "\n".join(["\n".join(self.done), *ends])

    def _troubles(self) -> tuple[str, ...]:
        found = []
        for name, receiver in self.receivers.items():
            found += [f"{name}: {key} was sent with {len(b)} bodies" for key, b in receiver.bodies().items() if len(b) > 1]
        lying = {str(path.relative_to(self.inbox)) for path in (self.inbox / "counters").rglob("*") if path.is_file()}
        known = {row[0] for row in self.query("SELECT name FROM source_file")}
        reasons = " ".join(str(row) for row in self.query('SELECT code, "where", example FROM finding'))
        unread = [name for name in sorted(lying) if name not in known and ascii(name).strip("'") not in reasons]
        found += [f"{name!a} was left unread without a reason" for name in unread]
        for path in self.root.glob("console-*.txt"):
            if "Traceback" in path.read_text(errors="replace"):
                found.append(f"{path.name} shows a traceback")
        return tuple(found)

    def _outcome(self, troubles: tuple[str, ...]) -> Outcome:
        alerts, order = {}, {}
        for name, receiver in self.receivers.items():
            alerts[name] = dict(receiver.taken)
            order[name] = {}
            for key in receiver.first_taken():
                incident = json.loads(alerts[name][key])["subject"]
                order[name].setdefault(incident, []).append(key)
        return Outcome(alerts, order, troubles)

    def _end(self) -> None:
        for daemon in list(self.running):
            daemon.process.send_signal(signal.SIGCONT)
            daemon.process.kill()
            daemon.process.wait(timeout=PATIENCE_S)

    def clear(self) -> None:
        """Its folder goes."""
        shutil.rmtree(self.root, ignore_errors=True)
