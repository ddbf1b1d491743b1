"""A drill: a kind of feed that no module of the project knows, in one class of this file and one entry in the registry.

Its counters and contacts are rows of one SQLite database; it passes the suites of feeds, and runs in an installation
beside a folder, through `precall job pull`.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from detector.domain.counters import CounterBatch
from detector.domain.customer import Contact
from detector.domain.errors import Permanent, Transient
from detector.domain.finding import Findings
from detector.domain.ports import Arrivals, Cursor, SourceFile
from detector.domain.window import Window
from detector.sources import registry
from detector.sources.feed import Feed, FeedContext, FeedSettings, What
from tests.contracts.feed_suite import QUARTER, T0, ContactFeedSuite, CounterFeedSuite, Material
from tests.contracts.test_feeds import write_dataset
from tests.folder_feeds import NAMES, context


class Ledger(FeedSettings):
    """Counters and contacts in tables of an SQLite database."""

    gives: ClassVar[tuple[What, ...]] = ("counters", "contacts")
    kind: Literal["ledger"] = "ledger"
    database: Path

    def open(self, context: FeedContext) -> Feed:
        tables = LedgerFeed(self.name, self.database, context)
        return Feed(
            name=self.name,
            counters=tables if "counters" in self.wanted else None,
            contacts=tables if "contacts" in self.wanted else None,
            every_s=self.every_s,
            silent_after_s=self.silent_after_s,
        )


@dataclass
class LedgerFeed:
    """A `CounterFeed` and an `EventFeed` in one; its position is the last row that was given."""

    name: str
    database: Path
    context: FeedContext
    where: str = "calls"

    def _rows(self, query: str, *values: object) -> list[tuple]:
        if not self.database.exists():
            raise Transient("the database is away", where=self.name, mend="start it")
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query, values).fetchall()

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        found = self._rows("select name, at, body from files where at > ? and at <= ? order by at, name", after, now)
        return [SourceFile(self.name, name, sha256(body.encode()).hexdigest(), at, len(body)) for name, at, body in found]

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        try:
            ((body,),) = self._rows("select body from files where name = ?", file.name)
            blocks = json.loads(body)
        except ValueError as error:
            raise Permanent("it is no JSON", where=file.name, mend="write it again") from error
        for start, objects, counters, values in blocks:
            if window is None or window.contains(start):
                yield CounterBatch(
                    file=file.name,
                    start=start,
                    duration_s=QUARTER,
                    objects=tuple(objects),
                    counters=tuple(counters),
                    values=np.array(values, float),
                    suspect=np.zeros(len(objects), bool),
                )

    def newest_periods(self, now: float) -> Sequence[Window]:
        bodies = [body for (body,) in self._rows("select body from files") if body.startswith("[")]
        starts = [start for body in bodies for start, *_ in json.loads(body)]
        return [Window(max(starts), max(starts) + QUARTER)] if starts else []

    def set_aside(self, file: SourceFile, reason: str) -> None:
        self._rows("select 1")

    def passed_over(self, findings: Findings) -> None:
        pass

    def new(self, cursor: Cursor, now: float, findings: Findings) -> Arrivals[Sequence[Contact]]:
        last, since = int(cursor.position or 0), 0 if cursor.position else cursor.until
        rows = self._rows(
            "select rowid, * from calls where rowid > ? and at > ? and at <= ? order by rowid", last, since, now
        )
        subscriber = self.context.pseudonymiser.subscriber
        contacts = [Contact(contact_id=name, at=at, channel="call", subscriber=subscriber(raw)) for _, name, at, raw in rows]
        return Arrivals(contacts, (), Cursor(now, str(max((row[0] for row in rows), default=last))))


def write_ledger(material: Material, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table files (name, at real, body)")
        connection.execute("create table calls (name, at integer, subscriber)")
        for name, (at, batches) in material.files.items():
            blocks = [[b.start, b.objects, b.counters, b.values.tolist()] for b in batches]
            connection.execute("insert into files values (?, ?, ?)", (name, at, json.dumps(blocks)))
        first = min(at for at, _ in material.files.values())
        connection.execute("insert into files values (?, ?, 'nothing')", (material.broken, first))
        connection.executemany("insert into calls values (?, ?, ?)", material.contacts)
    return path


@pytest.fixture
def feed(tmp_path) -> Feed:
    settings = Ledger(name="calls", database=write_ledger(Material(), tmp_path / "calls.db"))
    return settings.open(context(tmp_path / "quarantine"))


class TestCounters(CounterFeedSuite):
    """The suite, over the new kind."""


class TestContacts(ContactFeedSuite):
    """The suite, over the new kind."""


CONFIG = """
[[feeds]]
name = "north"
kind = "folder"
path = "{root}/north"
what = ["counters", "reference"]
settle_s = 0

[[feeds]]
name = "exchange"
kind = "ledger"
database = "{root}/exchange.db"
silent_after = "2 h"

[web]
port = 0
[storage]
path = "{root}/var"
"""
SOUTH = Material(contacts=(("k9", T0 + 300, "009"),))


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """A configuration of a folder and a ledger side by side, both of them filled."""
    monkeypatch.setitem(registry.KINDS, "ledger", Ledger)  # the one line
    write_dataset(Material(), tmp_path / "north")
    write_ledger(SOUTH, tmp_path / "exchange.db")
    config = tmp_path / "my.toml"
    config.write_text(CONFIG.format(root=tmp_path))
    return config


def pull(config: Path, monkeypatch, capsys) -> tuple[int, str]:
    """`precall job pull`, in this process, which alone knows the kind."""
    from jobs.cli import main

    monkeypatch.setattr("detector.telemetry.configure_logs", lambda **_: None)
    monkeypatch.setattr("sys.argv", ["precall", "job", "pull", "--config", str(config)])
    with pytest.raises(SystemExit) as done:
        main()
    printed = capsys.readouterr()
    return int(done.value.code or 0), printed.out + printed.err


def store_of(config: Path):
    from detector.app import wire
    from detector.settings import load

    return wire(load(config))


def test_a_new_kind_runs_beside_a_folder(installation, monkeypatch, capsys):
    code, said = pull(installation, monkeypatch, capsys)
    assert (code, "6 files, 2 ticks, 2 set aside" in said) == (0, True), said
    app = store_of(installation)
    try:
        history = app.store.history.read(QUARTER, Window(T0, T0 + 2 * QUARTER))
        assert set(history.objects) == {"c1", "c2"}
        who = {one.subscriber for one in app.store.interactions.between(T0, T0 + QUARTER)}
        assert who == {app.pseudonymiser.subscriber("009")}
        found = {(f.code, f.where) for f in app.store.findings.all()}
        assert {("file_set_aside", f"{name}: counters/broken.csv") for name in ("north", "exchange")} <= found
    finally:
        app.close()
    code, said = pull(installation, monkeypatch, capsys)
    assert (code, "0 files, 0 ticks" in said) == (0, True), said


def test_a_broken_feed_keeps_no_other_from_being_read(installation, monkeypatch, capsys):
    (installation.parent / "exchange.db").rename(installation.parent / "away.db")
    code, said = pull(installation, monkeypatch, capsys)
    assert (code, "3 files, 2 ticks, 1 set aside" in said) == (0, True), said
    app = store_of(installation)
    try:
        found = {f.where for f in app.store.findings.all() if f.code == "feed_unreachable"}
        assert found == {"exchange", "exchange: calls"}
    finally:
        app.close()
    (installation.parent / "away.db").rename(installation.parent / "exchange.db")
    code, said = pull(installation, monkeypatch, capsys)
    assert (code, "3 files, 2 ticks, 1 set aside" in said) == (0, True), said


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (('what = ["counters", "reference"]', 'what = "alarm"'), "feeds.0.what.0: "),
        (('silent_after = "2 h"', 'what = "tickets"'), "feeds.1.what: Value error, this kind gives no tickets"),
        (('silent_after = "2 h"', 'silent_after = "soon"'), "feeds.1.silent_after: Value error, no length of time"),
        (
            ('kind = "ledger"', 'kind = "ledgr"'),
            "feeds.1: Value error, no kind of feed 'ledgr'; kind is one of folder, ledger",
        ),
        (('database = "', 'databse = "'), "feeds.1.databse: unknown key; did you mean 'database'?"),
        (('name = "exchange"', 'name = "north"'), "feeds: two feeds are called 'north'"),
        (('name = "exchange"', 'name = "a b"'), "feeds.1.name: "),
    ],
)
def test_a_wrong_key_is_one_line(installation, change, line, monkeypatch, capsys):
    installation.write_text(installation.read_text().replace(*change))
    code, said = pull(installation, monkeypatch, capsys)
    assert (code, len(said.strip().splitlines())) == (2, 1), said
    assert line in said


def test_the_names_of_the_drill_are_pseudonyms(feed):
    (first, *_) = feed.contacts.new(Cursor(), T0 + QUARTER, Findings()).rows
    assert first.subscriber == NAMES.subscriber("001")
