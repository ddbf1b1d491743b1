"""Erasing follows what each column is declared to hold: all of a person, and nothing of anybody or anything else."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, LargeBinary, MetaData, String, Table, select

from detector.domain.exposure import Presence
from detector.sources.identity import Pseudonymiser
from detector.store.arrays import ArrayStore
from detector.store.damage import Damage
from detector.store.database import Database
from detector.store.erasure import Erasure
from detector.store.person_match import unmistakable
from detector.store.pii_columns import FREE, KEPT, KEYED, KINDS, NAMED, OBJECT, SEALED, SUBJECT, TEXT, of_kind
from detector.store.presence import PresenceStore
from detector.store.stored_files import StoredFiles
from detector.store.tables import metadata
from tests.lengths import examples

NAMES = Pseudonymiser(b"0123456789abcdef")
ME, OTHER = "491701234567", "491701234568"
HARD = (
    "1",
    "7",
    "49171",
    "4917100",
    "202603",
    "20260324",
    "2026-03-24",
    "20260324120000",
    "1774353600",
    "1774353600000",
    "resolved",
    "open",
    "en",
    "sms",
    "network",
    "erased",
    "sub_1",
    "acc",
    "c11",
    "s1",
    "inc_7730492836697cd0",
    "%",
    "_",
    "%%",
    "a_b",
    "'",
    '"',
    "o'brien",
    "' OR 1=1 --",
    "Ünal",
    "ünal",
    "é",
    "名前",
    "(erased)",
    "\\",
    "[a-z]",
    ".*",
    "0.4",
    "26019017",
    "68719476735",
    "EUtranCellFDD=101234",
    "A20260324.1200+0000.xml",
    "0" * 12,
)
"""Identities that are something else, too: numbers, dates, words, ids of cells and incidents, patterns of SQL, regexes."""


def columns() -> list[Column[Any]]:
    return [c for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, String | JSON | LargeBinary)]


NAMED_COLUMNS = {f"{c.table.name}.{c.name}": c for c in columns()}


def undeclared(tables: MetaData) -> list[str]:
    """Columns that could hold an identity, and of which nobody has said whether they do."""
    found = [c for t in tables.sorted_tables for c in t.columns if isinstance(c.type, String | JSON | LargeBinary)]
    return [f"{c.table.name}.{c.name}" for c in found if c.info.get("pii") not in KINDS]


def test_of_every_column_it_is_declared_whether_it_holds_identities() -> None:
    assert undeclared(metadata) == []
    new = MetaData()
    Table("letter", new, Column("recipient", String), Column("pages", Boolean))
    assert undeclared(new) == ["letter.recipient"]


def test_rows_about_people_go_and_the_others_stay() -> None:
    """A change of kind is a decision about people: it is made here as well."""
    kinds = {kind: [name for name, c in NAMED_COLUMNS.items() if c.info["pii"] == kind] for kind in KINDS - {FREE}}
    assert kinds == {
        SUBJECT: [
            "communication.subscriber",
            "experience.holder",
            "feedback.subscriber",
            "interaction.subscriber",
            "listing.subscriber",
            "subscriber_event.subscriber",
            "vault.pseudonym",
        ],
        NAMED: ["communication.recipient", "listing.account", "listing.recipient"],
        KEYED: ["impact.accounts", "notification.said", "outbox.data", "waiting_incident.say"],
        TEXT: [
            "feed_part.part",
            "feed_part.series",
            "feed_stop.part",
            "finding.where",
            "finding.example",
            "outbox.last_error",
            "source_file.reason",
        ],
        KEPT: ["audit.subject", "audit.detail"],
        SEALED: ["vault.sealed"],
        OBJECT: [
            "adopted_level.object_id",
            "contact_burst.place_id",
            "degradation.object_id",
            "incident.root_id",
            "incident.cells",
            "interaction.cell_id",
        ],
    }


class World:
    """A store with a row in every table, written as a test asks for."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root, self.database, self._number = root, database, 0
        stored, damage = StoredFiles(root, self.database), Damage(root, self.database)
        self.presence = PresenceStore(root / "presence", self.database, stored, damage)
        self.arrays = ArrayStore(root / "state", damage)
        self.erasure = Erasure(self.database, stored, self.arrays)

    def add(self, table: Table, **values: Any) -> None:
        self._number += 1
        row = {c.name: self._plain(c) for c in table.columns if not c.nullable or c.primary_key}
        with self.database.begin() as connection:
            connection.execute(table.insert().values(row | values))

    def _plain(self, column: Column[Any]) -> Any:
        if isinstance(column.type, JSON):
            return {"n": self._number}
        if isinstance(column.type, LargeBinary):
            return b"-"
        if isinstance(column.type, String):
            return f"x{self._number}" if column.primary_key else "x"
        return self._number if column.primary_key else 1

    def rows(self) -> dict[str, list[str]]:
        """Every row as text, the log of audits left out."""
        with self.database.read() as connection:
            found = {t.name: connection.execute(select(t)).fetchall() for t in metadata.sorted_tables if t.name != "audit"}
        own = "('presence/"  # checksums of the files of attachments, which are written anew
        return {
            name: sorted(r for row in rows if not (r := repr(tuple(row))).startswith(own)) for name, rows in found.items()
        }

    def was_there(self, *people: str) -> None:
        n = len(people)
        who, zero, unknown = np.arange(n, dtype=np.int32), np.zeros(n, np.int64), np.full(n, np.nan)
        hour = np.full(n, 3600, np.int32)
        rows = Presence(
            subscribers=people,
            cells=("c11",),
            subscriber=who,
            cell=zero.astype(np.int32),
            start=zero,
            duration_s=hour,
            seconds=hour.astype(float),
            attempts=unknown,
            failures=unknown,
        )
        with self.database.begin() as connection:
            self.presence.write(rows, 7.0, connection, 8.0)

    def forget(self, raw: str) -> list[str]:
        """Erase, and where the second search still finds the person."""
        person = self.erasure.person([NAMES.subscriber(raw)], raw)
        self.erasure.erase(person)
        return self.erasure.mentions(person)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def database(root: Path) -> Iterator[Database]:
    """One for all: to make its tables and to compile its queries takes longer than any of these tests."""
    database = Database(f"sqlite:///{root}/precall.db")
    database.create()
    yield database
    database.close()


def emptied(root: Path, database: Database) -> World:
    """A store that holds nothing, whatever the one before it held."""
    with database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    for folder in [path for path in root.iterdir() if path.is_dir()]:
        rmtree(folder)
    return World(root, database)


@pytest.fixture
def world(root: Path, database: Database) -> World:
    return emptied(root, database)


def holding(column: Column[Any], text: str) -> Any:
    """This text as a value of the column, as it might stand there."""
    if isinstance(column.type, JSON):
        return {"why": text, "of": [text, "x"], "by": {text: 1}, "deep": [{"who": text}, {"who": "x"}], "say": f"a {text} b"}
    if isinstance(column.type, LargeBinary):
        return zlib.compress(f'{{"of": "{text}"}}'.encode())
    return text if column.info["pii"] in (SUBJECT, NAMED) else f"2026/{text}.x of {text}, {text}0 and x{text}"


def plain(column: Column[Any], text: str) -> Any:
    """The same where the text is the name of an object, a state or a path and no person."""
    if column.info["pii"] == OBJECT:
        return [text] if isinstance(column.type, JSON) else text
    return (
        text if column.name in ("state", "path", "action") and not isinstance(column.type, JSON) else holding(column, text)
    )


@pytest.mark.parametrize("name", NAMED_COLUMNS)
def test_a_pseudonym_in_a_column_goes_where_it_is_declared_and_is_reported_where_it_is_not(world: World, name: str) -> None:
    column, key = NAMED_COLUMNS[name], NAMES.subscriber(ME)
    kind, held = column.info["pii"], holding(column, key)
    world.add(column.table, **{column.name: held})
    world.add(column.table, **{column.name: holding(column, NAMES.subscriber(OTHER))})
    before = world.rows().get(column.table.name)
    left = world.forget(ME)
    with world.database.read() as connection:
        found = [row[0] for row in connection.execute(select(column))]
    if kind == SUBJECT:
        assert len(found) == 1
    elif kind == NAMED:
        assert sorted(found) == ["", NAMES.subscriber(OTHER)]
    elif kind == KEYED:
        gone = {"why": "(erased)", "of": ["x"], "by": {}, "deep": [{"who": "x"}], "say": "a (erased) b"}
        assert gone in found
    elif kind == TEXT:
        assert f"2026/(erased).x of (erased), {key}0 and x{key}" in found
    else:
        assert world.rows().get(column.table.name) == before
    proven = {SUBJECT, NAMED, KEYED, TEXT, KEPT, SEALED}
    assert bool(left) == (kind not in proven and column.table.name != "audit"), "a name in the wrong place is found and told"


@pytest.mark.parametrize("raw", HARD)
def test_an_identity_that_is_also_something_else_changes_nothing_but_the_person(world: World, raw: str) -> None:
    """In every column: the identity itself, and pieces of text with it. Of the person: a row in every table of people."""
    for column in NAMED_COLUMNS.values():
        world.add(column.table, **{column.name: plain(column, raw)})
    others = world.rows()
    me, she = NAMES.subscriber(raw), NAMES.subscriber(OTHER)
    for table in metadata.sorted_tables:
        for column in of_kind(table, SUBJECT):
            world.add(table, **{column.name: me})
    world.was_there(me, she)
    assert world.forget(raw) == []
    assert world.rows() == others
    assert sum(len(part) for part in world.presence.parts(_ALWAYS)) == 1


class _Always:
    start, end = 0, 86_400


_ALWAYS: Any = _Always()


@pytest.mark.parametrize("raw", ["491701234567", "+49 (171) 555-01 23", "o'brien@example.com", "Ünal/Çelik;4917100777"])
def test_an_identity_that_can_be_nothing_else_goes_from_texts_as_a_word_of_its_own(world: World, raw: str) -> None:
    finding = metadata.tables["finding"]
    world.add(finding, example=f"a call of {raw}, not of {raw}9 or x{raw}")
    world.add(metadata.tables["notification"], said={"who": [raw, OTHER], "why": f"{raw} called"})
    world.add(metadata.tables["tick"], path=f"{raw}.parquet")
    person = world.erasure.person([NAMES.subscriber(raw)], raw)
    world.erasure.erase(person)
    with world.database.read() as connection:
        (example,) = connection.execute(select(finding.c.example)).scalars()
        noted = connection.execute(select(metadata.tables["notification"].c.said)).scalar()
    assert example == f"a call of (erased), not of {raw}9 or x{raw}"
    assert noted == {"who": [OTHER], "why": "(erased) called"}
    assert world.erasure.mentions(person)[0] == "tick", "never changed, but told: a real proof"


def test_the_name_of_a_cell_means_the_cell_even_if_it_looks_like_a_telephone_number(world: World) -> None:
    cell = "68719476735"
    world.add(metadata.tables["degradation"], object_id=cell)
    world.add(metadata.tables["finding"], example=f"{cell}: no counters")
    before = world.rows()
    assert unmistakable(cell)
    assert world.forget(cell) == []
    assert world.rows() == before


@pytest.mark.parametrize(
    ("name", "text", "raw", "found"),
    [
        ("x.csv", "subscriber_id,cell_id\n7,c11\n", "7", True),
        ("x.csv", "cell_id,subscriber_id\n7,c11\n", "7", False),
        ("x.csv", "subscriber_id,cell_id\n71,7\n", "7", False),
        ("x.csv", "a 491701234567 b", ME, True),
        ("x.xml", "<a>4917012345678</a>", ME, False),
        ("x.xml", f"<a>{'x' * 3_000_000}</a><b>491701234567</b>", ME, True),
        ("x.bin", "p\u00e9, 491701234567".encode("utf-16-le"), ME, True),
        ("damaged.parquet", "PAR1 491701234567 broken", ME, True),
        ("damaged.parquet", "PAR1 202603 broken", "202603", False),
        ("x.npz", "no archive, 491701234567", ME, True),
    ],
)
def test_files_that_were_set_aside_are_searched_by_their_columns_or_by_whole_words(
    world: World, name: str, text: str | bytes, raw: str, found: bool
) -> None:
    path = world.root / "quarantine" / name
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert world.forget(raw) == ([f"quarantine/{name}"] if found else [])


def test_a_name_on_the_border_of_two_chunks_of_a_file_is_found(world: World) -> None:
    path = world.root / "quarantine" / "large.log"
    path.parent.mkdir()
    for shift in (0, 3, 11, 12, 4096):
        path.write_bytes(b"-" * ((1 << 20) - shift) + ME.encode() + b"-" * 100)
        assert world.forget(ME) == ["quarantine/large.log"], shift
        path.write_bytes(b"-" * ((1 << 20) - shift) + ME.encode() + b"0" + b"-" * 100)
        assert world.forget(ME) == [], "a longer number"


# --- property ------------------------------------------------------------------------------------------------------------

IDENTITIES = st.one_of(
    st.sampled_from(HARD), st.from_regex(r"\A49[0-9]{1,13}\Z"), st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
).filter(lambda raw: bool(NAMES.subscriber(raw)) and "\0" not in raw)
TABLES = [t for t in metadata.sorted_tables if t.name != "audit"]


SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=examples(6, 60), deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), raw=IDENTITIES, others=st.lists(IDENTITIES, min_size=1, max_size=3))
def test_erasing_one_person_changes_no_row_about_anybody_else(
    data: st.DataObject, raw: str, others: list[str], root: Path, database: Database
) -> None:
    world = emptied(root, database)
    me = NAMES.subscriber(raw)
    keys = sorted({NAMES.subscriber(one) for one in others} - {me})
    words = st.sampled_from([*others, *keys, f"{raw}0", f"0{raw}", "x", *([] if unmistakable(raw) else [raw])])
    for table in TABLES:
        free = [c for c in table.columns if isinstance(c.type, String) and not c.primary_key]
        who = {c.name: data.draw(st.sampled_from([*keys, ""])) for c in of_kind(table, SUBJECT, NAMED)}
        world.add(table, **{c.name: data.draw(words) for c in free if c.name not in who} | who)
    rest = world.rows()
    for table in TABLES:
        for column in of_kind(table, SUBJECT):
            world.add(table, **{column.name: me})
    world.was_there(me, *keys)
    assert world.forget(raw) == []
    assert world.rows() == rest
    assert sum(len(part) for part in world.presence.parts(_ALWAYS)) == len(keys)
