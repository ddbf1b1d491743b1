"""One suite over every store of rows: in memory, on SQLite and on PostgreSQL, what its protocol promises holds alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from detector.domain.alert import Alert
from detector.domain.communication import Communication
from detector.domain.coverage import SeenCounters
from detector.domain.customer import SubscriberEvent
from detector.domain.degradation import Degradation
from detector.domain.experience import Experience, Touch
from detector.domain.feed import FeedPart, FeedState, FeedStop
from detector.domain.feedback import Feedback
from detector.domain.finding import Finding
from detector.domain.identity import InvalidIdentity
from detector.domain.impact import Impact
from detector.domain.incident import IllegalTransition, Incident
from detector.domain.interaction import Interaction
from detector.domain.learned_models import AdoptedLevel, LearnedExtent
from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.outlook import Breach, Outlook
from detector.domain.ports import Cursor
from detector.domain.window import Tick, Window
from detector.store import Store
from detector.store.memory import InMemoryStore
from detector.store.protocols import StateStore
from tests.contracts.conftest import empty_database
from tests.listings import listing_of

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    if request.param == "memory":
        yield InMemoryStore()
        return
    with empty_database(request.param, request, tmp_path) as database:
        yield Store(tmp_path, database, [], Fernet.generate_key())


INCIDENT = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c1",
    kind="outage",
    started_at=0,
    opened_at=1200,
    severity="major",
    degradation_ids=("deg_1", "deg_2"),
    cells=("c1",),
    reason="RRC setup success 80 %",
    updated_at=1200,
)


def degradation(name: str, kind: str = "outage", cleared_at: int | None = None, neg_log10_p: float = 12.0) -> Degradation:
    return Degradation(
        degradation_id=name,
        object_id="c1",
        family="accessibility",
        kpi="rrc_sr",
        kind=kind,
        started_at=0,
        detected_at=1200,
        severity="major",
        neg_log10_p=neg_log10_p,
        expected=0.99,
        observed=0.8,
        numerator=80,
        denominator=100,
        excess=19,
        periods=1,
        duration_s=900,
        cleared_at=cleared_at,
    )


def test_a_transaction_commits_whole_or_not_at_all(store: StateStore) -> None:
    def power_cut() -> None:
        with store.begin() as transaction:
            store.incidents.save(transaction, [INCIDENT])
            store.progress.save(transaction, "assess", 100)
            store.cursors.put(transaction, "ems", "counters", Cursor(5.0))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        power_cut()
    assert store.incidents.all() == []
    assert store.progress.until("assess") is None
    assert store.cursors.all() == {}


def test_what_is_not_committed_is_not_read(store: StateStore) -> None:
    with store.begin() as transaction:
        store.progress.save(transaction, "assess", 100)
        assert store.progress.until("assess") is None
    assert store.progress.until("assess") == 100


def test_incidents_are_found_by_id_state_and_time(store: StateStore) -> None:
    over = replace(INCIDENT, incident_id="inc_0", opened_at=600, state="resolved", resolved_at=900, updated_at=900)
    with store.begin() as transaction:
        store.incidents.save(transaction, [over, INCIDENT])
    assert store.incidents.get("inc_1") == INCIDENT
    assert store.incidents.get("inc_2") is None
    assert store.incidents.all() == [INCIDENT, over]
    assert store.incidents.all(state="open") == [INCIDENT]
    assert store.incidents.all(limit=1, offset=1) == [over]
    assert store.incidents.named(["inc_0", "inc_9"]) == [over]
    assert store.incidents.since(900) == [INCIDENT]
    assert store.incidents.since(899) == store.incidents.within(Window(899, 1000)) == [over, INCIDENT]
    assert store.incidents.changed_since(900) == [over, INCIDENT]
    assert store.incidents.changed_since(901) == [INCIDENT]
    with pytest.raises(InvalidIdentity):
        store.incidents.all(state=" ")


def test_an_incident_that_is_over_goes_on_only_by_corrected_data(store: StateStore) -> None:
    over = replace(INCIDENT, state="resolved", resolved_at=1800)
    for one in (INCIDENT, over):
        with store.begin() as transaction:
            store.incidents.save(transaction, [one])
    with pytest.raises(IllegalTransition), store.begin() as transaction:
        store.incidents.save(transaction, [replace(INCIDENT, incident_id="inc_2"), INCIDENT])
    assert store.incidents.all() == [over]
    with store.begin() as transaction:
        store.incidents.save(transaction, [INCIDENT], corrected=True)
    assert store.incidents.get("inc_1") == INCIDENT


def test_degradations_are_found_by_id_incident_and_time(store: StateStore) -> None:
    first, second, third = (
        degradation("deg_1"),
        degradation("deg_2", "drift", neg_log10_p=20.0),
        degradation("deg_3", cleared_at=900),
    )
    with store.begin() as transaction:
        store.degradations.save(transaction, [second, first, third])
    assert store.degradations.all() == [first, second, third]
    assert store.degradations.open() == store.degradations.of(INCIDENT) == [first, second]
    assert store.degradations.named(["deg_3"]) == [third]
    assert store.degradations.since(900) == [first, second]
    assert store.degradations.leading(INCIDENT) == first
    assert store.degradations.leading(replace(INCIDENT, degradation_ids=())) is None
    assert store.degradations.leading_drift(INCIDENT) is None
    assert store.degradations.leading_drift(replace(INCIDENT, kind="drift")) == second
    assert set(store.degradations.wanted(1800, [INCIDENT])) >= {first, second}


def test_what_missing_data_proved_to_be_is_counted(store: StateStore) -> None:
    kinds = {
        "still missing": degradation("deg_1", "no_data"),
        "came again": degradation("deg_2", "no_data", 1800),
        "an outage, confirmed": degradation("deg_3"),
        "an outage that is over": degradation("deg_4", cleared_at=1800),
        "long ago": degradation("deg_5", cleared_at=900),
        "withdrawn": replace(degradation("deg_6", cleared_at=1800), withdrawn_at=1900),
    }
    missing = [replace(one, family="data") for one in kinds.values()]
    with store.begin() as transaction:
        store.degradations.save(transaction, [*missing, degradation("deg_7", cleared_at=1800)])
    assert store.degradations.missing_data_outcomes(900) == (3, 2)
    assert store.degradations.missing_data_outcomes(9_000) == (1, 1)


def test_the_newest_impact_stands_and_listings_remember_what_was_known_when(store: StateStore) -> None:
    older = Impact(incident_id="inc_1", assessed_at=900, exposed=1, affected=1.0, affected_low=0.0, affected_high=2.0)
    newer = replace(older, assessed_at=1800, exposed=2)
    row = listing_of(
        incident_id="inc_1",
        subscriber="sub_1",
        account="",
        basis="expected",
        probability=0.5,
        exposure_s=900.0,
        listed_at=900,
        decided_at=900,
    )
    with store.begin() as transaction:
        for impact in (newer, older):
            store.impacts.save(transaction, impact)
        store.listings.relist(transaction, [], [row], 900)
    assert store.impacts.latest("inc_1") == newer
    (kept,) = store.listings.all(incident_id="inc_1", current=True)
    with store.begin() as transaction:
        store.listings.relist(transaction, [kept], [row], 1800)
    assert [one.delisted_at for one in store.listings.all()] == [1800, None]
    assert len(store.listings.of(["inc_1"])) == len(store.listings.about(["sub_1"])) == 1
    assert store.listings.all(subscriber="sub_2") == store.listings.all(limit=1, offset=2) == []
    with pytest.raises(InvalidIdentity):
        store.listings.all(subscriber=" ")


def test_cursors_and_progress_stand_where_they_were_put(store: StateStore) -> None:
    assert store.cursors.get("ems", "counters") == Cursor()
    with store.begin() as transaction:
        store.cursors.put(transaction, "ems", "counters", Cursor(5.5, "key 7"))
        store.progress.save_made_for(transaction, "learn", "settings")
        store.progress.save(transaction, "learn", 100.5)
    assert store.cursors.all() == {("ems", "counters"): Cursor(5.5, "key 7")}
    assert (store.progress.until("learn"), store.progress.made_for("learn")) == (100.5, "settings")
    with store.begin() as transaction:
        store.progress.save(transaction, "learn", None)
    assert (store.progress.until("learn"), store.progress.made_for("learn")) == (None, "settings")
    with store.begin() as transaction:
        store.progress.drop(transaction, "learn")
    assert store.progress.made_for("learn") == ""


def test_findings_add_up_and_keep_their_first_example(store: StateStore) -> None:
    for example in ("-4", "-9"):
        with store.begin() as transaction:
            store.findings.add(transaction, [Finding("negative_counter", "c1", example, 2)], 1.0)
            store.findings.add(transaction, [Finding("late_data", "900 s", "x" * 501)], 1.0)
    assert store.findings.all() == [Finding("negative_counter", "c1", "-4", 4), Finding("late_data", "900 s", "x" * 500, 2)]


def test_what_is_kept_beside_an_incident_is_read_back_and_dropped(store: StateStore) -> None:
    notified = NotificationState("inc_1", "opened", 2, 4.5, said={"impact": {"affected": 4}})
    waiting = WaitingIncident("inc_1", "unsure", 900, "major", "care", {"en": "Slow."})
    breach = Breach(object_id="c1", kpi="k", severity="major", limit=0.5, made_at=90, at=99, low=95, high=None)
    outlook = Outlook(
        incident_id="inc_1", made_at=90, clear_at=120, clear_low=100, clear_high=200, past=5, breaches=(breach,)
    )
    with store.begin() as transaction:
        store.notifications.save(transaction, notified)
        store.waiting.save(transaction, waiting)
        store.outlooks.save(transaction, outlook)
    assert store.notifications.get("inc_1") == notified
    assert store.waiting.get("inc_1") == waiting
    assert store.outlooks.get("inc_1") == outlook
    assert store.outlooks.get("inc_2") is None
    with store.begin() as transaction:
        store.notifications.drop(transaction, "inc_1")
        store.waiting.drop(transaction, "inc_1")
    assert store.notifications.get("inc_1") is store.waiting.get("inc_1") is None


def test_what_is_known_of_a_feed_is_replaced_whole(store: StateStore) -> None:
    parts = [FeedPart(feed="ems", part=name, advanced_at=1.5, gaps=(900.0,), starts=(0, 900)) for name in ("b", "a")]
    stop = FeedStop("ems", "", None, 0, 4, 900)
    assert store.feeds.get("ems") == FeedState("ems")
    with store.begin() as transaction:
        store.feeds.save(transaction, FeedState("ems", 9.5, backlog=True))
        store.feeds.replace_parts(transaction, "ems", parts)
        store.feeds.replace_stops(transaction, "ems", [stop])
        store.counter_names.replace(transaction, SeenCounters(("A", "B"), {"X": "A"}))
    assert store.feeds.all() == [FeedState("ems", 9.5, backlog=True)]
    assert store.feeds.parts("ems") == parts
    assert store.feeds.stops("ems") == [stop]
    assert store.counter_names.get() == SeenCounters(("A", "B"), {"X": "A"})
    with store.begin() as transaction:
        store.feeds.replace_stops(transaction, "ems", [])
    assert store.feeds.stops("ems") == []


def test_what_was_learned_and_what_is_missing_is_replaced_whole(store: StateStore) -> None:
    with store.begin() as transaction:
        store.models.replace(transaction, [LearnedExtent(900, 5.0, 4, 3, 60)], [AdoptedLevel("c1", "k1", 40)])
        store.missing_data.save(transaction, 900, {"c1": 2})
    assert store.models.extents() == [LearnedExtent(900, 5.0, 4, 3, 60)]
    assert store.models.adopted() == [AdoptedLevel("c1", "k1", 40)]
    assert store.missing_data.get(900) == {"c1": 2}
    with store.begin() as transaction:
        store.models.replace(transaction, [], [])
        store.missing_data.save(transaction, 900, {})
    assert store.models.extents() == store.models.adopted() == []
    assert store.missing_data.get(900) == store.missing_data.get(3600) == {}


def test_communications_are_kept_row_by_row(store: StateStore) -> None:
    said = Communication(incident_id="inc_1", subscriber="sub_1", recipient="sub_2", at=1200, action="call")
    later = replace(said, incident_id="inc_2", at=2100)
    feedback = Feedback(incident_id="inc_1", at=5.0, actor="desk", verdict="confirmed")
    with store.begin() as transaction:
        store.communications.add(transaction, [said, later])
        store.feedback.add(transaction, feedback)
    assert store.communications.since(1201) == store.communications.to("sub_2", 1201) == [later]
    assert store.communications.of(["inc_1"]) == [said]
    assert store.communications.about("sub_1") == [said, later]
    assert store.feedback.of("inc_1") == [feedback]
    assert store.feedback.of("inc_2") == []


def test_interactions_and_events_are_found_by_person_and_time(store: StateStore) -> None:
    rows = [
        Interaction(interaction_id=f"k{n}", at=10 * n, kind="contact", channel="call", subscriber=f"sub_{n % 2}")
        for n in range(3)
    ]
    event = SubscriberEvent("sub_1", 15, "credit")
    with store.begin() as transaction:
        store.interactions.add(transaction, rows)
        store.interactions.add(transaction, rows[:1])
        store.interactions.add_events(transaction, [event, event])
    assert store.interactions.between(0, 20) == rows[:2]
    assert store.interactions.recent(["sub_0", ""], 1) == rows[2:]
    assert store.interactions.of("sub_0") == [rows[2], rows[0]]
    assert store.interactions.events_between(0, 16) == store.interactions.events_of("sub_1") == [event]
    with pytest.raises(InvalidIdentity):
        store.interactions.of(" ")


def test_a_step_stays_pending_until_this_version_of_it_is_completed(store: StateStore) -> None:
    tick = Tick(0, 900)
    with store.begin() as transaction:
        store.ticks.add_pending(transaction, "score", tick, 1)
    (one,) = store.ticks.pending("score")
    with store.begin() as transaction:
        assert store.ticks.still_pending(transaction, one)
        store.ticks.add_pending(transaction, "score", tick, 2)  # late data came while version 1 was worked on
        assert not store.ticks.still_pending(transaction, one)
        store.ticks.complete(transaction, one, 5.0)
    assert [two.version for two in store.ticks.pending("score")] == [2]
    assert store.ticks.newest_done("score", 900) == 0
    assert [done.version for done in store.ticks.completed("score")] == [1]
    with store.begin() as transaction:
        store.ticks.complete(transaction, store.ticks.pending("score")[0], 6.0)
    assert store.ticks.pending("score") == []
    assert store.ticks.newest_done("decide", 900) is None


def alert(sequence: int = 1, type_: str = "opened", incident_id: str = "inc_1") -> Alert:
    return Alert(
        key=f"evt_{incident_id}_{sequence}",
        incident_id=incident_id,
        type=type_,
        sequence=sequence,
        severity="major",
        time=1200 + sequence,
        expires_at=9000,
        data={"action": {"team": "care"}},
    )


def queued(store: StateStore, *alerts: Alert, receivers: tuple[str, ...] = ("desk",), due_at: float = 100.0) -> None:
    with store.begin() as transaction:
        for one in alerts:
            store.outbox.add(transaction, one, receivers, due_at)


def states(store: StateStore) -> list[tuple[int, str, str]]:
    return sorted((one.sequence, one.receiver, one.state) for one in store.outbox.by_state())


def test_an_alert_is_added_once_for_each_receiver_and_kept_for_the_record_without_one(store: StateStore) -> None:
    queued(store, alert(), receivers=("desk", "app"))
    queued(store, alert(), receivers=("desk",), due_at=50.0)
    queued(store, alert(2, "updated"), receivers=())
    assert [(one.receiver, one.next_at) for one in store.outbox.messages_of(alert().key)] == [
        ("app", 100.0),
        ("desk", 100.0),
    ]
    assert [one.sequence for one in store.outbox.alerts_of("inc_1")] == [1, 1, 2]
    assert store.outbox.messages_of(alert().key)[0].alert == alert()
    assert (store.outbox.by_state("sent")[0].receiver, store.outbox.receivers()) == ("-", {"desk", "app"})
    assert store.outbox.alerts_of("inc_2") == []
    with pytest.raises(InvalidIdentity):
        store.outbox.by_state(" ")
    with store.begin() as transaction:
        assert [store.outbox.sequence(transaction, name) for name in ("inc_1", "inc_2")] == [2, 0]
        assert store.outbox.opened_since(transaction, 1200) == {"care": 1}
        assert store.outbox.opened_since(transaction, 1201) == {}


def test_due_alerts_are_leased_in_the_order_of_their_incident(store: StateStore) -> None:
    queued(store, alert(1), alert(2, "resolved"))
    queued(store, alert(1, incident_id="inc_2"), receivers=("app",), due_at=90.0)
    assert store.outbox.claim(89.0) == []
    assert [(one.incident_id, one.sequence) for one in store.outbox.claim(100.0, besides=["desk"])] == [("inc_2", 1)]
    (first,) = store.outbox.claim(100.0, receiver="desk", lease_s=60.0)
    assert (first.sequence, store.outbox.claim(159.0)) == (1, [])
    store.outbox.release([first], at=120.0)
    assert [one.key for one in store.outbox.claim(120.0)] == [first.key]
    store.outbox.finish(first, state="sent", at=121.0)
    assert [one.sequence for one in store.outbox.claim(130.0, receiver="desk")] == [2]
    assert states(store) == [(1, "app", "pending"), (1, "desk", "sent"), (2, "desk", "pending")]


def test_the_meaning_of_a_key_is_frozen_and_what_no_receiver_has_is_withdrawn(store: StateStore) -> None:
    queued(store, alert(), receivers=("desk", "app"))
    claimed = {one.receiver: one for one in store.outbox.claim(100.0)}
    assert store.outbox.freeze(claimed["desk"], {"n": 1}, b"one") == b"one"
    assert store.outbox.freeze(claimed["desk"], {"n": 2}, b"two") == b"one"
    with store.begin() as transaction:
        assert store.outbox.withdraw(transaction, "inc_1", 101.0) == ["desk"]
        assert store.outbox.withdraw(transaction, "inc_2", 101.0) == []
    assert store.outbox.freeze(claimed["app"], {"n": 1}, b"one") is None
    store.outbox.finish(claimed["app"], state="dead", at=102.0)
    assert states(store) == [(1, "app", "withdrawn"), (1, "desk", "pending")]
    with store.begin() as transaction:
        assert store.outbox.opened_since(transaction, 0) == {"": 1}, "by the data that were frozen"
    assert store.outbox.messages_of(alert().key)[1].data == {"n": 1}


def test_attempts_are_counted_and_due_again_when_the_wait_is_over(store: StateStore) -> None:
    queued(store, alert())
    (one,) = store.outbox.claim(100.0)
    store.outbox.retry(one, at=500.0, error="busy", counted=False)
    store.outbox.retry(one, at=700.0, error="busy")
    (kept,) = store.outbox.by_state("pending")
    assert (kept.attempts, kept.next_at, kept.last_error) == (1, 700.0, "busy")
    assert (store.outbox.claim(699.0), len(store.outbox.claim(700.0))) == ([], 1)


def test_what_lies_further_ahead_than_any_wait_is_due(store: StateStore) -> None:
    queued(store, alert(), due_at=100_000.0)
    assert len(store.outbox.claim(100.0)) == 1, "never tried, and no first wait is so long"
    (one,) = store.outbox.by_state()
    store.outbox.retry(one, at=100_000.0, error="busy")
    assert store.outbox.claim(100.0) == []
    store.outbox.retry(one, at=200_000.0, error="busy")
    assert len(store.outbox.claim(100.0)) == 1


def test_waiting_alerts_follow_a_clock_that_is_set(store: StateStore) -> None:
    queued(store, alert(1), alert(1, incident_id="inc_2"))
    tried = store.outbox.alerts_of("inc_2")[0]
    store.outbox.retry(tried, at=900.0, error="busy")
    assert store.outbox.follow_clock("machine", 1000.0, 60.0) == 0.0
    assert store.outbox.follow_clock("machine", 1050.0, 60.0) == 0.0
    assert store.outbox.follow_clock("machine", 1600.0, 60.0) == 600.0
    due = {one.incident_id: one.next_at for one in store.outbox.by_state()}
    assert due == {"inc_1": 100.0, "inc_2": 1500.0}, "an alert that was never tried stays due"
    assert store.outbox.follow_clock("machine", 1300.0, 60.0) == -300.0
    store.outbox.bring_forward(50.0)
    assert {one.incident_id: one.next_at for one in store.outbox.by_state()} == {"inc_1": -250.0, "inc_2": 1150.0}


def test_a_receiver_that_is_gone_is_off_until_its_address_changes_or_a_redrive(store: StateStore) -> None:
    assert not store.outbox.is_off("desk", "https://a")
    store.outbox.switch_off("desk", "https://a")
    store.outbox.switch_off("desk", "https://b")
    assert [store.outbox.is_off("desk", url) for url in ("https://a", "https://b")] == [False, True]
    store.outbox.redrive(1.0, "app")
    assert store.outbox.is_off("desk", "https://b")
    store.outbox.redrive(1.0)
    assert not store.outbox.is_off("desk", "https://b")


def test_a_redrive_sends_what_is_true_now(store: StateStore) -> None:
    with store.begin() as transaction:
        store.incidents.save(transaction, [INCIDENT])
    queued(store, alert(1), alert(2, "updated"), receivers=("desk", "app"))
    for name in ("desk", "app"):
        for _ in range(2):
            (one,) = store.outbox.claim(200.0, receiver=name)
            store.outbox.freeze(one, {}, b"one")
            store.outbox.finish(one, state="sent" if name == "app" else "dead", at=200.0, error="400")
    with pytest.raises(InvalidIdentity):
        store.outbox.redrive(300.0, " ")
    assert store.outbox.redrive(300.0, "app") == 0
    assert store.outbox.redrive(300.0, "desk", event_now=5000.0) == 1
    assert states(store) == [(1, "app", "sent"), (1, "desk", "superseded"), (2, "app", "sent"), (2, "desk", "pending")]
    (again,) = store.outbox.claim(300.0)
    assert (again.sequence, again.attempts, again.body) == (2, 0, b"one")
    store.outbox.finish(again, state="expired", at=301.0)
    assert store.outbox.redrive(400.0, event_now=9500.0) == 1, "it is too old, and composed anew"
    renewed = store.outbox.claim(400.0)[0]
    assert (renewed.sequence, renewed.type, renewed.time, renewed.body) == (3, "updated", 9500, None)


def test_the_audit_log_is_read_newest_first_and_by_subject(store: StateStore) -> None:
    store.audit.note(1.0, "desk-1", "lookup", "sub_1")
    store.audit.note(2.0, "desk-2", "affected", "inc_1", "12 people")
    store.audit.note(3.0, "desk-1", "context", "sub_1")
    assert [(one["at"], one["detail"]) for one in store.audit.entries(2)] == [(3.0, ""), (2.0, "12 people")]
    assert [one["action"] for one in store.audit.about(["sub_1"])] == ["lookup", "context"]
    assert [one["actor"] for one in store.audit.about(["sub_1", "inc_1"], "affected")] == ["desk-2"]
    assert store.audit.about(["sub_2"]) == []
    with pytest.raises(InvalidIdentity):
        store.audit.about(["sub_1"], " ")


def test_experience_is_replaced_by_day_and_read_by_holder(store: StateStore) -> None:
    def row(day: int, holder: str) -> Experience:
        return Experience(
            day=day,
            holder_kind="subscriber",
            holder=holder,
            index=80.0,
            degraded_s=6.0,
            failures=1.0,
            worst=0.5,
            incidents=1,
        )

    with store.begin() as transaction:
        store.experience.replace(transaction, Window(0, 2), [row(1, "sub_2"), row(1, "sub_1"), row(0, "sub_1")])
    assert store.experience.between(Window(0, 9)) == [row(0, "sub_1"), row(1, "sub_1"), row(1, "sub_2")]
    assert store.experience.of(["sub_1"], Window(0, 9)) == {("subscriber", "sub_1"): [row(0, "sub_1"), row(1, "sub_1")]}
    with store.begin() as transaction:
        store.experience.replace(transaction, Window(1, 2), [row(1, "sub_3")])
    assert [one.holder for one in store.experience.between(Window(0, 9))] == ["sub_1", "sub_3"]


def test_the_past_of_people_is_read_for_many_at_once(store: StateStore) -> None:
    call = Interaction(interaction_id="k1", at=10, kind="contact", channel="call", subscriber="sub_1", category="network")
    calls = [
        call,
        replace(call, interaction_id="k2", at=20, category=""),
        replace(call, interaction_id="k3", at=30, category="billing"),
        replace(call, interaction_id="k4", at=40, kind="survey"),
        replace(call, interaction_id="k5", subscriber="sub_2", category="device"),
    ]
    said = Communication(incident_id="inc_1", subscriber="sub_1", recipient="sub_2", at=1200, action="call")
    listings = [
        listing_of("inc_1", "sub_1", probability=0.5, listed_at=900, decided_at=900),
        listing_of("inc_2", "sub_1", probability=0.4, listed_at=900, decided_at=900),
        listing_of("inc_3", "sub_1", probability=0.9, listed_at=800, decided_at=900),
    ]
    with store.begin() as transaction:
        store.interactions.add(transaction, calls)
        store.communications.add(transaction, [said, replace(said, at=1100)])
        store.listings.relist(transaction, [], listings, 900)
    people = ["sub_1", "sub_2", "sub_3"]
    assert store.experience.contacts_of(people, 10) == {"sub_1": Touch(2, 40), "sub_2": Touch(0, 10)}
    assert store.experience.contacts_of(people, 11) == {"sub_1": Touch(1, 40)}
    assert store.experience.last_notified_of(people) == {"sub_1": 1200}
    assert store.experience.incidents_of(people, 900) == {"sub_1": frozenset({"inc_1"})}


def test_the_risk_model_is_replaced_with_the_reason_why_there_is_none(store: StateStore) -> None:
    assert (store.models.risk(), store.models.risk_why_not()) == (None, "")
    with store.begin() as transaction:
        store.models.save_risk(transaction, None, "too few contacts")
    assert (store.models.risk(), store.models.risk_why_not()) == (None, "too few contacts")
