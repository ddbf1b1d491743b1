"""A day of experience is kept once, whole, and done again when late data change it; who withdrew has none."""

from dataclasses import replace

import pytest

from detector.domain.case import CONDITIONS, INCIDENT, Case
from detector.domain.customer import Account, Consent, Customers, Subscriber
from detector.domain.experience import UNKNOWN_HISTORY, CustomerHistory
from detector.domain.impact import AccountImpact
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.ports import Operator, Reference
from detector.domain.window import Window
from detector.store import Store
from detector.store.cursors import EXPERIENCE
from detector.store.database import Database
from jobs.experience import do_again_without, due, keep_experience
from jobs.people_facts import OF_THE_PAST, PeopleFacts
from tests.listings import listing_of

DAY, HOUR = 86_400, 3600
MIDNIGHT = 1_774_224_000  # 2026-03-23T00:00Z
NOON = MIDNIGHT + 12 * HOUR
OUTAGE = Incident(
    incident_id="inc_1",
    root_kind="site",
    root_id="s1",
    kind="outage",
    started_at=MIDNIGHT + 8 * HOUR,
    opened_at=MIDNIGHT + 8 * HOUR,
    severity="major",
    degradation_ids=(),
    cells=("c1",),
    reason="",
    state="resolved",
    resolved_at=MIDNIGHT + 10 * HOUR,
    updated_at=MIDNIGHT + 10 * HOUR,
)
PEOPLE = {key: Subscriber(key=key, account="home") for key in ("ann", "bob")}


class People:
    """A source that knows only people."""

    def __init__(self, timezone="UTC"):
        self.customers, self.timezone = Customers(PEOPLE, {"home": Account("home", "family")}), timezone

    def withdraw(self, key, since):
        row = Consent(
            holder_kind="subscriber",
            holder=key,
            purpose="network_care_analysis",
            channel="any",
            state="withdrawn",
            since=since,
        )
        self.customers = replace(self.customers, consents=(*self.customers.consents, row))

    def reference(self, _now, _findings=None):
        return Reference(Operator(timezone=self.timezone), customers=self.customers)


@pytest.fixture
def source():
    return People()


@pytest.fixture
def store(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/precall.db")
    database.create()
    yield Store(tmp_path, database, (), b"9" * 43 + b"=")
    database.close()


def listed(who, name="inc_1", **more):
    return listing_of(
        incident_id=name,
        subscriber=who,
        account="home",
        basis="present",
        **({"probability": 0.9, "exposure_s": HOUR, "listed_at": NOON, "decided_at": NOON} | more),
    )


def know(store, *listings, incident=OUTAGE, ended=()):
    with store.begin() as connection:
        store.incidents.save(connection, [incident], corrected=True)
        store.listings.relist(connection, ended, listings, NOON)


def rows(store):
    days = store.experience.between(Window(0, MIDNIGHT + 30 * DAY))
    return {(row.day, row.holder): row for row in days}


def test_a_day_is_kept_for_people_and_accounts_and_doing_it_again_changes_nothing(store, source):
    know(store, listed("ann", degraded_s=1200.0, failures=2.0), listed("bob"))
    assert keep_experience(source, store, now=NOON) == 3
    first = rows(store)
    assert set(first) == {(MIDNIGHT, "ann"), (MIDNIGHT, "bob"), (MIDNIGHT, "home")}
    assert first[MIDNIGHT, "home"].degraded_s == 1200 + 0.9 * HOUR
    keep_experience(source, store, now=NOON)
    assert rows(store) == first


def test_late_data_change_the_day_that_they_are_about_and_what_followed(store, source):
    know(store, listed("ann", degraded_s=1200.0))
    keep_experience(source, store, now=MIDNIGHT + DAY + HOUR)
    later = MIDNIGHT + 2 * DAY
    again = replace(OUTAGE, incident_id="inc_2", started_at=later, resolved_at=later + HOUR, updated_at=later + HOUR)
    know(store, listed("ann", "inc_2", degraded_s=600.0), incident=again)
    keep_experience(source, store, now=MIDNIGHT + 2 * DAY + 2 * HOUR)
    before = rows(store)
    (old,) = store.listings.all(incident_id="inc_1", current=True)
    late = MIDNIGHT + 3 * DAY
    know(
        store, listed("ann", degraded_s=7000.0), incident=replace(OUTAGE, severity="critical", updated_at=late), ended=[old]
    )
    keep_experience(source, store, now=late)
    after = rows(store)
    assert after[MIDNIGHT, "ann"].degraded_s == 7000
    assert after[MIDNIGHT + 2 * DAY, "ann"].index < before[MIDNIGHT + 2 * DAY, "ann"].index


@pytest.mark.parametrize(
    "change", [{"state": "merged", "merged_into": "inc_0"}, {"state": "resolved", "withdrawn_at": NOON}]
)
def test_what_turned_out_not_to_be_an_incident_of_its_own_leaves_nothing(store, source, change):
    know(store, listed("ann"))
    keep_experience(source, store, now=NOON)
    know(store, incident=replace(OUTAGE, updated_at=NOON + HOUR, **change))
    keep_experience(source, store, now=NOON + HOUR)
    assert rows(store) == {}


def test_who_withdraws_loses_what_was_kept_and_gets_no_more(store, source):
    know(store, listed("ann"), listed("bob"))
    keep_experience(source, store, now=NOON)
    source.withdraw("ann", NOON + 60)
    keep_experience(source, store, now=NOON + 2 * DAY)
    assert {holder for _, holder in rows(store)} == {"bob", "home"}
    assert rows(store)[MIDNIGHT, "home"].degraded_s == rows(store)[MIDNIGHT, "bob"].degraded_s


def test_an_erased_person_is_in_no_sum_of_a_small_account(store, source):
    know(store, listed("ann"), listed("bob"))
    keep_experience(source, store, now=NOON)
    (gone,) = store.listings.all(subscriber="ann")
    with store.begin() as connection:
        do_again_without(store, connection, ["ann"], source.customers, few=5)
        store.listings.relist(connection, [gone], [], NOON)
        store.experience.forget(connection, ["ann"])
    assert {holder for _, holder in rows(store)} == {"bob"}
    keep_experience(source, store, now=NOON + 60)
    assert rows(store)[MIDNIGHT, "home"].degraded_s == rows(store)[MIDNIGHT, "bob"].degraded_s


def test_days_are_the_operators_own(store):
    know(store, listed("ann"), incident=replace(OUTAGE, started_at=MIDNIGHT - HOUR // 2, resolved_at=MIDNIGHT + HOUR // 2))
    keep_experience(People("Europe/Zurich"), store, now=NOON)
    assert {day for day, _ in rows(store)} == {MIDNIGHT - HOUR}


def test_it_is_due_once_an_hour(store, source):
    assert due(store, NOON)
    keep_experience(source, store, now=NOON)
    assert store.progress.until(EXPERIENCE) == NOON
    assert [due(store, NOON + late) for late in (0, HOUR - 1, HOUR)] == [False, False, True]


def test_the_history_of_all_listed_people_at_once(store, source):
    know(store, listed("ann", degraded_s=1200.0))
    keep_experience(source, store, now=NOON)
    interactions = [
        Interaction(
            interaction_id="k1", at=NOON - HOUR, kind="contact", channel="call", subscriber="ann", category="network"
        ),
        Interaction(
            interaction_id="k2", at=NOON - HOUR // 2, kind="contact", channel="call", subscriber="ann", category="billing"
        ),
        Interaction(
            interaction_id="k3", at=NOON - 40 * DAY, kind="contact", channel="call", subscriber="bob", category="network"
        ),
        Interaction(interaction_id="k4", at=NOON - DAY, kind="survey", channel="sms", subscriber="bob", score=3.0),
    ]
    with store.begin() as connection:
        store.interactions.add(connection, interactions)
    found = PeopleFacts(store, Reference(), NOON).histories(["ann", "bob", "eve"])
    index = rows(store)[MIDNIGHT, "ann"].index
    assert found["ann"] == CustomerHistory(
        incidents=1,
        degraded_s=1200.0,
        index=index,
        trend=round(index - 100, 1),
        contacts=1,
        last_contact_at=NOON - HOUR // 2,
        last_notified_at=None,
    )
    assert found["bob"] == CustomerHistory(last_contact_at=NOON - DAY)
    assert found["eve"] == UNKNOWN_HISTORY
    assert PeopleFacts(store, Reference(), NOON).histories(["ann"], besides="inc_1")["ann"].incidents == 0


def test_histories_are_read_for_every_condition_that_needs_one():
    """Whatever a rule could see of a different past is named; else its rules would see none."""
    plain = Case(incident=INCIDENT, service="slow")
    lived = replace(
        plain,
        history=CustomerHistory(
            incidents=2, degraded_s=600.0, index=40.0, trend=-9.0, contacts=3, last_contact_at=5, last_notified_at=7
        ),
    )
    assert {name for name, one in CONDITIONS.items() if one.read(plain) != one.read(lived)} == OF_THE_PAST


def test_a_service_levels_month_is_what_all_its_incidents_took(store, source):
    know(store, listed("ann", degraded_s=1200.0), listed("bob", degraded_s=600.0))
    keep_experience(source, store, now=NOON)
    firm, home = (
        AccountImpact(account="home", kind="enterprise", tier="gold", affected_lines=2, lines=2, sla="99.9"),
        AccountImpact(account="other", kind="family", tier="", affected_lines=1, lines=4),
    )
    level, none = PeopleFacts(store, Reference(), NOON).with_service_levels([firm, home])
    assert (level.sla_minutes_month, level.sla_minutes_allowed) == (15.0, 44.64)
    assert none == home
    (april,) = PeopleFacts(store, Reference(), MIDNIGHT + 9 * DAY).with_service_levels([firm])
    assert (april.sla_minutes_month, april.sla_minutes_allowed) == (0.0, 43.2)
