"""One suite over both databases: what the store promises holds on SQLite and on a real PostgreSQL alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import inspect, text

from detector.domain.alert import Alert
from detector.domain.communication import Communication
from detector.domain.degradation import Degradation, Part
from detector.domain.detection import DetectionDecision, DetectionState
from detector.domain.exposure import Presence
from detector.domain.finding import Finding
from detector.domain.frame import KpiFrame
from detector.domain.impact import AccountImpact, Impact, Listing
from detector.domain.incident import Incident, RootCandidate
from detector.domain.interaction import Interaction
from detector.domain.kpi import Kpi
from detector.domain.people_seen import PeopleSeen
from detector.domain.ports import SourceFile
from detector.domain.window import Tick, Window
from detector.store import PendingTick, Store
from detector.store.database import Database
from detector.store.migrate import migrate
from detector.store.repair import drop_unreferenced, reindex
from detector.store.tables import metadata, outbox
from detector.store.vault import Vault
from detector.store.verify import Verification
from tests.contracts.conftest import empty_database
from tests.listings import listing_of

KPI = Kpi(
    id="rrc_sr",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="",
    numerator="s",
    denominator="a",
)
pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with empty_database(request.param, request, tmp_path) as database:
        yield database


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(tmp_path, database, [KPI], Fernet.generate_key())


def frame(starts: list[int], succ: float, objects: tuple[str, ...] = ("c1", "c2")) -> KpiFrame:
    shape = (len(starts), len(objects), 1)
    num, den = np.full(shape, succ), np.full(shape, 100.0)
    return KpiFrame(
        starts=np.array(starts, np.int64),
        duration_s=900,
        objects=objects,
        kpis=(KPI,),
        numerator=num,
        denominator=den,
        suspect=np.zeros(shape[:2], bool),
    )


def keep(store: Store, one: KpiFrame, version: int = 1) -> None:
    paths = store.history.write(one, {Tick(int(s), 900): version for s in one.starts})
    with store.begin() as connection:
        for tick, path in paths.items():
            store.history.record(connection, tick, version, path, len(one.objects))


def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    there = inspect(database.engine)
    for table in metadata.sorted_tables:
        assert {c["name"] for c in there.get_columns(table.name)} == {c.name for c in table.columns}


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)


def test_a_transaction_commits_whole_or_not_at_all(store: Store) -> None:
    def power_cut() -> None:
        with store.begin() as connection:
            store.progress.save(connection, "a", 1)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        power_cut()
    assert store.progress.until("a") is None


def test_history_reads_back_what_was_written_one_tick_or_a_day(store: Store) -> None:
    keep(store, frame([0], 90.0))
    keep(store, frame([900, 1800], 80.0, ("c2", "c3")))
    found = store.history.read(900, Window(0, 2700))
    assert found.starts.tolist() == [0, 900, 1800]
    assert found.objects == ("c1", "c2", "c3")
    np.testing.assert_array_equal(found.numerator[:, :, 0], [[90, 90, np.nan], [np.nan, 80, 80], [np.nan, 80, 80]])


def test_a_new_version_of_a_tick_replaces_it(store: Store) -> None:
    keep(store, frame([0], 90.0))
    store.history.read(900, Window(0, 900))
    keep(store, frame([0], 70.0), version=2)
    assert store.history.read(900, Window(0, 900)).numerator[0, 0, 0] == 70.0


def test_compaction_joins_a_day_and_changes_no_value(store: Store) -> None:
    for start in range(0, 86_400, 21_600):
        keep(store, frame([start], float(start)))
    before = store.history.read(900, Window(0, 86_400))
    assert store.history.compact(before=86_400) == 3
    after = store.history.read(900, Window(0, 86_400))
    np.testing.assert_array_equal(before.numerator, after.numerator)
    assert store.history.prune(before=0) == 0
    assert store.history.prune(before=86_400) == 1


def test_the_same_bytes_twice_are_one_file(store: Store) -> None:
    source_file = SourceFile("drop", "a.xml", "00ff", 10.0, 100)
    assert store.source_files.unread([source_file, source_file]) == [source_file]
    with store.begin() as connection:
        store.source_files.record(connection, [(source_file, [Tick(0, 900)])])
    store.source_files.learned([source_file])
    renewed = SourceFile("drop", "a.xml", "11ee", 20.0, 100)
    assert store.source_files.unread([source_file, renewed]) == [renewed]


def test_new_bytes_of_a_name_replace_the_old_among_those_that_feed_a_tick(store: Store) -> None:
    old, new = SourceFile("drop", "a.xml", "00ff", 10.0, 100), SourceFile("drop", "a.xml", "11ee", 20.0, 100)
    with store.begin() as connection:
        for source_file in (old, new):
            store.source_files.record(connection, [(source_file, [Tick(0, 900)])])
        assert store.source_files.feeding(connection, [Tick(0, 900)]) == [new]


def test_a_step_stays_pending_until_this_version_of_it_is_settled(store: Store) -> None:
    tick = Tick(0, 900)
    with store.begin() as connection:
        store.ticks.add_pending(connection, "score", tick, 1)
    (pending_step,) = store.ticks.pending("score")
    with store.begin() as connection:
        store.ticks.add_pending(connection, "score", tick, 2)  # late data came while version 1 was worked on
        store.ticks.complete(connection, pending_step, 5.0)
    assert [d.version for d in store.ticks.pending("score")] == [2]
    assert store.ticks.newest_done("score", 900) == 0


def degradation(name: str = "deg_1", cleared_at: int | None = None) -> Degradation:
    parts = (Part("rrc_sr", 1, 12.0, 0.8, 0.99), Part("erab_sr", 3, 4.0, 0.9, 0.99))
    return Degradation(
        degradation_id=name,
        object_id="c1",
        family="accessibility",
        kpi="rrc_sr",
        kind="accessibility",
        started_at=0,
        detected_at=1200,
        severity="major",
        neg_log10_p=12.0,
        expected=0.99,
        observed=0.8,
        numerator=80,
        denominator=100,
        excess=19,
        periods=1,
        duration_s=900,
        cleared_at=cleared_at,
        parts=parts,
        siblings=2,
        siblings_alike=1,
    )


INCIDENT = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c1",
    kind="accessibility",
    started_at=0,
    opened_at=1200,
    severity="major",
    degradation_ids=("deg_1",),
    cells=("c1",),
    reason="RRC setup success 80 %",
    updated_at=1200,
    root_candidates=(RootCandidate("cell", "c1", 1, 1, 1e-4, 1.0), RootCandidate("site", "s1", 1, 3, 0.02, 1.0)),
)


def test_nouns_come_back_as_they_went(store: Store) -> None:
    impact = Impact(
        incident_id="inc_1",
        assessed_at=1200,
        exposed=10,
        affected=4.5,
        affected_low=2.0,
        affected_high=7.0,
        people=(),
        accounts=(AccountImpact(account="acc_1", kind="family", tier="", affected_lines=2, lines=3),),
    )
    with store.begin() as connection:
        store.degradations.save(connection, [degradation()])
        store.incidents.save(connection, [INCIDENT])
        store.degradations.save(connection, [degradation()])
        store.incidents.save(connection, [INCIDENT])
        store.impacts.save(connection, impact)
    assert store.degradations.open() == [degradation()]
    assert store.incidents.all(state="open") == [INCIDENT]
    assert store.impacts.latest("inc_1") == impact
    assert store.incidents.get("inc_2") is None


def listing(subscriber: str = "sub_1", probability: float = 0.5, contactable: bool = True) -> Listing:
    return listing_of(
        incident_id="inc_1",
        subscriber=subscriber,
        account="acc_1",
        basis="expected",
        probability=probability,
        exposure_s=900.0,
        listed_at=1200,
        contactable=contactable,
        action="proactive_message",
        channel="sms",
        recipient=subscriber,
        decided_at=1200,
    )


def test_a_list_remembers_what_was_known_when(store: Store) -> None:
    with store.begin() as connection:
        store.listings.relist(connection, [], [listing()], 1200)
    (old,) = store.listings.all(incident_id="inc_1", current=True)
    with store.begin() as connection:
        store.listings.relist(connection, [old], [listing(probability=0.9)], 2100)
    rows = store.listings.all(incident_id="inc_1")
    assert [(r.probability, r.delisted_at) for r in rows] == [(0.5, 2100), (0.9, None)]


def test_communications_are_kept_row_by_row(store: Store) -> None:
    said = Communication(
        incident_id="inc_1",
        subscriber="sub_1",
        recipient="sub_2",
        at=1200,
        action="call",
        channel="call",
        offer="",
        rule="vip",
        severity="major",
        service="slow",
    )
    later = replace(said, incident_id="inc_2", at=2100, offer="gb-1")
    with store.begin() as connection:
        store.communications.add(connection, [said, later])
        store.communications.add(connection, [])
    assert store.communications.since(0) == [said, later]
    assert store.communications.since(1201) == [later]
    assert store.communications.of(["inc_1"]) == [said]
    assert store.communications.to("sub_2") == store.communications.about("sub_1") == [said, later]


def alert(sequence: int = 1, type_: str = "opened") -> Alert:
    return Alert(
        key=f"evt_{sequence}",
        incident_id="inc_1",
        type=type_,
        sequence=sequence,
        severity="major",
        time=1200,
        expires_at=9000,
        data={"say": {"en": "Hello"}},
    )


def test_an_alert_is_claimed_once_and_its_meaning_frozen(store: Store) -> None:
    with store.begin() as connection:
        store.outbox.add(connection, alert(), ["desk"], 100.0)
        store.outbox.add(connection, alert(), ["desk"], 100.0)
    (message,) = store.outbox.claim(100.0)
    assert store.outbox.claim(101.0) == []
    store.outbox.freeze(message, message.data, b"one")
    store.outbox.freeze(message, message.data, b"two")
    (again,) = store.outbox.claim(100.0 + 3600)
    assert again.body == b"one"


def test_no_alert_overtakes_an_earlier_one_of_its_incident(store: Store) -> None:
    with store.begin() as connection:
        store.outbox.add(connection, alert(1), ["desk"], 100.0)
        store.outbox.add(connection, alert(2, "resolved"), ["desk"], 50.0)
    (first,) = store.outbox.claim(200.0)
    assert first.sequence == 1
    store.outbox.finish(first, state="sent", at=200.0)
    assert [m.sequence for m in store.outbox.claim(200.0)] == [2]


def test_a_dead_alert_can_be_redriven(store: Store) -> None:
    with store.begin() as connection:
        store.outbox.add(connection, alert(), ["desk"], 100.0)
    (message,) = store.outbox.claim(100.0)
    store.outbox.finish(message, state="dead", at=100.0, error="400")
    assert store.outbox.claim(9e9) == []
    assert store.outbox.redrive(200.0, "other") == 0
    assert store.outbox.redrive(200.0) == 1
    assert len(store.outbox.claim(200.0)) == 1


def test_findings_add_up_and_keep_their_first_example(store: Store) -> None:
    for example in ("-4", "-9"):
        with store.begin() as connection:
            store.findings.add(connection, [Finding("negative_counter", "c1", example, 2)], 1.0)
    assert store.findings.all() == [Finding("negative_counter", "c1", "-4", 4)]


def presence(*people: str) -> Presence:
    n = len(people)
    who, zero = np.arange(n, dtype=np.int32), np.zeros(n, np.int64)
    unknown = np.full(n, np.nan)
    hour = np.full(n, 3600, np.int32)
    return Presence(
        subscribers=people,
        cells=("c1",),
        subscriber=who,
        cell=zero.astype(np.int32),
        start=zero,
        duration_s=hour,
        seconds=hour.astype(float),
        attempts=unknown,
        failures=unknown,
    )


def test_a_forgotten_person_is_nowhere(store: Store) -> None:
    with store.begin() as connection:
        store.presence.write(presence("sub_1", "sub_2"), 7.0, connection, 8.0)
    store.vault.seal({"sub_1": "491700000001", "sub_2": "491700000002"})
    with store.begin() as connection:
        said = [
            Interaction(interaction_id=f"k{n}", at=5, kind="contact", channel="call", subscriber=f"sub_{n}") for n in (1, 2)
        ]
        store.interactions.add(connection, said)
        store.listings.relist(connection, [], [listing("sub_1"), listing("sub_2")], 1200)
    one, other = (store.erasure.person([name]) for name in ("sub_1", "sub_2"))
    assert store.erasure.mentions(one) == ["interaction", "listing", "vault", "presence/19700101/7.parquet"]
    store.erasure.erase(one)
    assert store.erasure.mentions(one) == []
    assert len(store.erasure.mentions(other)) == 4
    assert store.vault.open("sub_2") == "491700000002"


def test_attachments_are_read_by_their_hours_in_any_order(store: Store) -> None:
    hours = np.array([5, 2, 9, 2])
    rows = presence("sub_1").take(np.zeros(4, np.intp))
    with store.begin() as connection:
        store.presence.write(replace(rows, start=3600 * hours), 7.0, connection, 8.0)

    def read(first: int, last: int) -> list[int]:
        return (store.presence.read(Window(3600 * first, 3600 * last)).start // 3600).tolist()

    assert read(5, 9) == [5]
    assert read(9, 10) == [9]
    assert read(0, 10) == [2, 2, 5, 9], "earlier ones than were read before"
    with store.begin() as connection:
        store.presence.write(replace(rows.take(np.arange(1)), start=np.array([3600])), 7.0, connection, 8.0)
    assert read(0, 10) == [1], "the arrival was written anew"
    assert [len(part) for part in store.presence.parts(Window(0, 86_400))] == [1]


def test_the_vault_holds_no_raw_identity_in_clear(store: Store, database: Database) -> None:
    store.vault.seal({"sub_1": "491700000001"})
    with database.begin() as connection:
        (sealed,) = connection.execute(text("SELECT sealed FROM vault")).scalars()
    assert b"491700000001" not in bytes(sealed)


@pytest.mark.parametrize("in_place", [False, True])
def test_state_made_from_something_else_or_damaged_is_not_there(store: Store, in_place: bool) -> None:
    kept = {
        "mean": np.arange(3.0),
        "table": np.arange(6).reshape(2, 3).T,
        "names": np.array(["a", "\u00e9"]),
        "none": np.empty(0, np.int32),
        "keys": np.array([b"x", b"yy"]),
    }
    store.arrays.save("baseline", kept, "catalogue 1")
    assert store.arrays.load("baseline", "catalogue 2", in_place=in_place) is None
    found = store.arrays.load("baseline", "catalogue 1", in_place=in_place)
    assert found is not None
    assert {name: array.tolist() for name, array in found.items()} == {name: a.tolist() for name, a in kept.items()}
    path = store.root / "state" / "baseline.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert store.arrays.load("baseline", "catalogue 1", in_place=in_place) is None
    at = whole.index(np.arange(3.0).tobytes())
    path.write_bytes(whole[:at] + b"\x01" + whole[at + 1 :])
    assert store.arrays.load("baseline", "catalogue 1", in_place=in_place) is None, "one byte is another"


def test_the_log_of_decisions_is_replaced_from_any_point_and_forgotten_from_the_front(store: Store) -> None:
    episode = Degradation(
        degradation_id="deg_1",
        object_id="c1",
        family="f",
        kpi="rrc_sr",
        kind="drift",
        started_at=0,
        detected_at=1200,
        severity="minor",
        neg_log10_p=float("inf"),
        expected=1,
        observed=1,
        numerator=1,
        denominator=1,
        excess=1,
        periods=1,
        duration_s=900,
    )
    incident = Incident(
        incident_id="inc_1",
        root_kind="cell",
        root_id="c1",
        kind="drift",
        started_at=0,
        opened_at=1200,
        severity="minor",
        degradation_ids=("deg_1",),
        cells=("c1",),
        reason="why",
    )
    seen = PeopleSeen(object_id="c1", start=0, end=3600, present=True, share=0.9)
    begun = [
        DetectionDecision(
            Tick(900 * n, 900), 900 * n + 1200, DetectionState((episode,) * n, (incident,) * n, {"c1": n}, (seen,) * n)
        )
        for n in range(3)
    ]
    with store.begin() as connection:
        store.decisions.add(connection, begun)
        assert store.decisions.newest(connection) == 3
    assert store.decisions.since(1) == begun
    again = [replace(one, decided_at=9999) for one in begun[1:]]
    with store.begin() as connection:
        store.decisions.replace(connection, 2, again)
    assert [number for number, _ in store.decisions.ticks()] == [1, 4, 5], "so that others see that it is another log"
    assert store.decisions.since(0) == [begun[0], *again]
    with store.begin() as connection:
        store.decisions.forget(connection, 1800)
    assert [tick.start for _, tick in store.decisions.ticks()] == [900, 1800]
    with store.begin() as connection:
        store.decisions.forget(connection, 9999)
    assert len(store.decisions.ticks()) == 2, "the last ones stay until there are newer ones"


def test_what_was_withdrawn_is_sent_to_nobody_who_was_not_notified(store: Store) -> None:
    alert = Alert(
        key="evt_1", incident_id="inc_1", type="opened", sequence=1, severity="major", time=0, expires_at=9999, data={"n": 1}
    )
    with store.begin() as connection:
        store.outbox.add(connection, alert, ["heard", "trying", "waiting"], 0.0)
    claimed = {message.receiver: message for message in store.outbox.claim(1.0)}
    assert (
        store.outbox.freeze(claimed["heard"], {"n": 1}, b"1")
        == store.outbox.freeze(claimed["trying"], {"n": 1}, b"1")
        == b"1"
    )
    store.outbox.finish(claimed["heard"], state="sent", at=1.0)
    with store.begin() as connection:
        assert store.outbox.withdraw(connection, "inc_1", 2.0) == ["heard", "trying"]
        assert store.outbox.withdraw(connection, "inc_other", 2.0) == []
    assert store.outbox.freeze(claimed["waiting"], {"n": 1}, b"1") is None, "the push that had it in its hands lets go of it"
    assert {m.receiver: m.state for m in store.outbox.messages()} == {
        "heard": "sent",
        "trying": "pending",
        "waiting": "withdrawn",
    }
    assert store.outbox.redrive(3.0) == 0


def test_what_was_done_for_a_tick_is_known_by_its_version(store: Store) -> None:
    ticks = [Tick(900 * n, 900) for n in range(4)]
    with store.begin() as connection:
        for version, tick in enumerate(ticks[:3], 1):
            store.ticks.complete(connection, PendingTick("score", tick, version), 0.0)
        assert [store.ticks.done_version(connection, "score", tick) for tick in ticks] == [1, 2, 3, 0]
        assert store.ticks.done_within(connection, "score", 900, Window(900, 9999)) == ticks[1:3]
        assert store.ticks.done_within(connection, "decide", 900, Window(0, 9999)) == []


def test_what_is_withdrawn_stays_in_the_book_and_is_no_part_of_the_past(store: Store) -> None:
    stands = Degradation(
        degradation_id="deg_1",
        object_id="c1",
        family="f",
        kpi="rrc_sr",
        kind="drift",
        started_at=900,
        detected_at=1800,
        severity="minor",
        neg_log10_p=5,
        expected=1,
        observed=1,
        numerator=1,
        denominator=1,
        excess=1,
        periods=1,
        duration_s=900,
        cleared_at=2700,
    )
    gone = replace(stands, degradation_id="deg_2", cleared_at=900, withdrawn_at=3600, superseded_by="deg_1")
    false = Incident(
        incident_id="inc_1",
        root_kind="cell",
        root_id="c1",
        kind="drift",
        started_at=0,
        opened_at=1200,
        severity="minor",
        degradation_ids=("deg_2",),
        cells=("c1",),
        reason="why",
        state="resolved",
        resolved_at=3600,
        withdrawn_at=3600,
    )
    with store.begin() as connection:
        store.degradations.save(connection, [stands, gone])
        store.incidents.save(connection, [false])
    assert store.degradations.named(["deg_1", "deg_2", "deg_3"]) == [stands, gone]
    assert store.incidents.named(["inc_1", "inc_2"]) == [false]
    assert store.degradations.since(0) == [stands]
    assert store.incidents.since(0) == []


def test_a_store_is_verified_and_what_is_wrong_with_its_rows_and_files_is_reported(store: Store) -> None:
    keep(store, frame([0, 900], 90.0))
    store.vault.seal({"sub_1": "491700000001"})
    store.mend_folders()
    assert list(Verification(store, at_work=False).everything()) == []
    (path,) = (store.root / "kpi").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])
    store.vault = Vault(store.database, Fernet.generate_key())
    with store.begin() as connection:
        store.ticks.add_pending(connection, "score", Tick(9000, 900), 1)
        row = {"key": "evt_1", "receiver": "desk", "incident_id": "", "type": "", "sequence": 1, "severity": "", "time": 1}
        row |= {"expires_at": 1, "data": {}, "state": "sent", "attempts": 1, "next_at": 0.0, "body": b"{"}
        connection.execute(outbox.insert().values(**row))
    found = {one.kind: one.where for one in Verification(store, at_work=False).everything()}
    name = path.relative_to(store.root).as_posix()
    assert found == {"history": name, "vault": "table vault", "reference": "table pending_step", "body": "table outbox"}
    drop_unreferenced(store)
    reindex(store)
    assert "reference" not in {one.kind for one in Verification(store, at_work=False).everything()}
