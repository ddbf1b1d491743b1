"""What pages and API may ask, over nouns in memory and over the store alike: the same nouns in, the same answers out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from detector.clock import MovingClock
from detector.domain.alert import WHY_NOT, Alert
from detector.domain.communication import RETRACTED, Communication
from detector.domain.customer import CHANNELS, Account, Consent, Customers, Membership, Subscriber
from detector.domain.degradation import Degradation
from detector.domain.identity import InvalidIdentity
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.kpi import Kpi
from detector.domain.notification import NotificationState
from detector.domain.ports import Operator, Reference
from detector.kpis import Catalogue
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.store.database import Database
from detector.web import serializers
from detector.web.in_memory import InMemoryWebService
from detector.web.service import WebService
from detector.web.store_service import StoreService
from tests.contracts.conftest import empty_database
from tests.listings import listing_of

pytestmark = pytest.mark.xdist_group("postgres")
NOW, HOUR = 1_774_339_200, 3600  # Tuesday 2026-03-24 08:00 UTC
NAMES = Pseudonymiser(b"0123456789abcdef")
RAW = {name: f"49170000000{number}" for number, name in enumerate(("ann", "bob", "kid", "gus", "eve"))}
ANN, BOB, KID, GUS, EVE = (NAMES.subscriber(raw) for raw in RAW.values())
FIRM = NAMES.account("firm")
FLOOR = 5
RRC = Kpi(
    id="rrc",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="",
    numerator="a",
    denominator="b",
)
BAD = Degradation(
    degradation_id="deg_1",
    object_id="c1",
    family="accessibility",
    kpi="rrc",
    kind="accessibility",
    started_at=NOW - 2 * HOUR,
    detected_at=NOW - HOUR,
    severity="major",
    neg_log10_p=12.0,
    expected=0.99,
    observed=0.9,
    numerator=900.0,
    denominator=1000.0,
    excess=90.0,
    periods=3,
    duration_s=900,
)
OPEN = Incident(
    incident_id="inc_open",
    root_kind="cell",
    root_id="c1",
    kind="accessibility",
    started_at=NOW - 2 * HOUR,
    opened_at=NOW - HOUR,
    severity="major",
    degradation_ids=("deg_1",),
    cells=("c1",),
    reason="Calls fail.",
    updated_at=NOW - HOUR,
)
OVER = replace(
    OPEN,
    incident_id="inc_over",
    state="resolved",
    opened_at=NOW - 9 * HOUR,
    started_at=NOW - 10 * HOUR,
    resolved_at=NOW - 5 * HOUR,
    ended_at=NOW - 6 * HOUR,
    degradation_ids=(),
)
IMPACT = Impact(
    incident_id="inc_open", assessed_at=NOW - HOUR, exposed=40, affected=20.0, affected_low=15.0, affected_high=26.0
)
LISTINGS = (
    listing_of(
        "inc_open",
        ANN,
        FIRM,
        "measured",
        0.9,
        1200.0,
        NOW - HOUR,
        degraded_s=640.5,
        failures=2.5,
        next_exposure_at=NOW + HOUR,
        contactable=True,
        action="proactive_message",
        channel="sms",
        recipient=ANN,
        decided_at=NOW - HOUR,
        rule="message",
        team="consumer-care",
    ),
    listing_of("inc_open", BOB, listed_at=NOW - HOUR, contactable=True, action="none", recipient=BOB, decided_at=NOW - HOUR),
    listing_of("inc_open", EVE, listed_at=NOW - HOUR, why_not="withdrawn", action="none", decided_at=NOW - HOUR),
    listing_of("inc_open", GUS, listed_at=NOW - HOUR, why_not="quiet_hours", action="none", decided_at=NOW - HOUR),
    listing_of(
        "inc_open",
        KID,
        probability=0.8,
        listed_at=NOW - HOUR,
        contactable=True,
        action="call",
        channel="call",
        recipient=GUS,
        decided_at=NOW - HOUR,
    ),
    listing_of(
        "inc_open", ANN, FIRM, listed_at=NOW - 2 * HOUR, delisted_at=NOW - HOUR, why_not="cap", decided_at=NOW - 2 * HOUR
    ),
)
ASKED = Communication(incident_id="inc_open", subscriber=ANN, recipient=ANN, at=NOW - HOUR, action="proactive_message")
MISSED = replace(ASKED, subscriber=BOB, recipient=BOB)
COMMUNICATIONS = (ASKED, MISSED, replace(MISSED, at=NOW - 60, action=RETRACTED))
COMPLAINT = Interaction(
    interaction_id="k1", at=NOW - 1800, kind="contact", channel="call", subscriber=ANN, category="network"
)
ALERT = Alert(
    key="evt_1",
    incident_id="inc_open",
    type="opened",
    sequence=1,
    severity="major",
    time=NOW - HOUR,
    expires_at=NOW + HOUR,
    data={
        "serviceProblem": {"reason": "Calls fail."},
        "action": {"kind": "proactive_message", "team": "consumer-care"},
        "impact": {"affected": 20},
    },
)


def granted(*holders: str, since: int = NOW - 30 * 24 * HOUR) -> tuple[Consent, ...]:
    return tuple(
        Consent(holder_kind="subscriber", holder=one, purpose=purpose, channel="any", state="granted", since=since)
        for one in holders
        for purpose in ("network_care_analysis", "proactive_contact")
    )


def reference_of(*consents: Consent) -> Reference:
    people = {key: Subscriber(key=key, account=FIRM if key == ANN else "") for key in (ANN, BOB, GUS, EVE)}
    people[KID] = Subscriber(key=KID, minor=True, guardian=GUS)
    firm = Account(FIRM, "enterprise", "gold")
    customers = Customers(people, {FIRM: firm}, (Membership(FIRM, ANN, "line"),), consents)
    keys = (ANN, BOB, KID, GUS, EVE)
    raw_ids = dict(zip(keys, RAW.values(), strict=True)) | {FIRM: "firm"}
    return Reference(operator=Operator(timezone="UTC", country="DE"), customers=customers, raw_ids=raw_ids)


EVERYBODY = reference_of(*granted(ANN, BOB, KID, GUS, EVE))


@dataclass
class Subject:
    """A service, the reference that it sees, and what it has written to its audit log: (actor, action, subject)."""

    service: WebService
    see: Any
    audited: Any
    problems: list[str] = field(default_factory=list)


def in_memory() -> Subject:
    service = InMemoryWebService(
        at=float(NOW),
        known=[OVER, OPEN],
        evidence=[BAD],
        impacts={"inc_open": IMPACT},
        alerts=[ALERT],
        notified={"inc_open": {"affected": 20}},
        listings=list(LISTINGS),
        communications=list(COMMUNICATIONS),
        interactions=[COMPLAINT],
        kpis=[RRC],
        reference=EVERYBODY,
        metrics_text="precall_ticks_total 3\n",
        key_of=lambda raw: NAMES.account(raw) if raw == "firm" else NAMES.subscriber(raw),
    )

    def see(reference: Reference) -> None:
        service.reference = reference

    return Subject(service, see, lambda: service.audit, service.problems)


def over_the_store(root: Path, database: Database) -> Subject:
    store = Store(root, database, [RRC], Fernet.generate_key())
    with store.begin() as connection:
        store.incidents.save(connection, [OVER, OPEN])
        store.degradations.save(connection, [BAD])
        store.impacts.save(connection, IMPACT)
        store.listings.relist(connection, [], LISTINGS, NOW)
        store.communications.add(connection, COMMUNICATIONS)
        store.interactions.add(connection, [COMPLAINT])
        store.outbox.add(connection, ALERT, (), NOW)
        store.notifications.save(
            connection, NotificationState("inc_open", "opened", 1, 20.0, said={"impact": {"affected": 20}})
        )
    store.vault.seal(EVERYBODY.raw_ids)
    seen, problems = [EVERYBODY], []
    service = StoreService(
        store=store,
        source=lambda: pytest.fail("reads the feeds"),
        catalogue=lambda: Catalogue((RRC,)),
        settings=Settings(),
        clock=MovingClock(NOW),
        pseudonymiser=NAMES,
        metrics_text=lambda: "precall_ticks_total 3\n",
        problems=lambda: problems,
        reference=lambda: seen[0],
    )

    def see(reference: Reference) -> None:
        seen[0] = reference

    def audited() -> list[tuple[str, str, str]]:
        return [(one["actor"], one["action"], one["subject"]) for one in reversed(store.audit.entries(100_000))]

    return Subject(service, see, audited, problems)


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject | None]:
    """The service over a store; None = a new one in memory for each test."""
    if request.param == "memory":
        yield None
        return
    root = tmp_path_factory.mktemp("web")
    with empty_database(request.param, request, root) as database:
        yield over_the_store(root, database)


@pytest.fixture
def subject(kept: Subject | None) -> Subject:
    found = kept or in_memory()
    found.see(EVERYBODY)
    found.problems.clear()
    return found


@pytest.fixture
def service(subject: Subject) -> WebService:
    return subject.service


def test_every_question_of_the_protocol_is_in_this_suite() -> None:
    questions = {name for name in vars(WebService) if not name.startswith("_")}
    text = Path(__file__).read_text(encoding="utf-8")
    assert not {name for name in questions if f"service.{name}(" not in text}


def test_now_is_the_event_time(service: WebService) -> None:
    assert service.now() == NOW


def test_ready_lists_what_keeps_the_service_from_its_work(subject: Subject) -> None:
    assert list(subject.service.ready()) == []
    subject.problems.append("detect is two ticks behind")
    assert list(subject.service.ready()) == ["detect is two ticks behind"]


def test_people_are_known_once_a_table_of_them_is(subject: Subject) -> None:
    assert subject.service.knows_people()
    subject.see(Reference())
    assert not subject.service.knows_people()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ((None, 10, 0), ["inc_open", "inc_over"]),
        (("open", 10, 0), ["inc_open"]),
        (("resolved", 10, 0), ["inc_over"]),
        ((None, 1, 1), ["inc_over"]),
        ((None, 5, 2), []),
    ],
)
def test_incidents_come_newest_first_by_state_and_page(service: WebService, asked: Any, ids: list[str]) -> None:
    assert [one.incident_id for one in service.incidents(*asked)] == ids


def test_an_incident_its_evidence_and_its_impact_are_found_by_id(service: WebService) -> None:
    assert service.incident("inc_open") == OPEN
    assert list(service.degradations("inc_open")) == [BAD]
    assert service.impact("inc_open") == IMPACT
    assert service.notified_impact("inc_open") == {"affected": 20}


def test_what_is_not_known_is_empty(service: WebService) -> None:
    assert service.incident("inc_none") is None
    assert list(service.degradations("inc_none")) == []
    assert service.impact("inc_none") is None
    assert service.notified_impact("inc_none") == {}
    assert service.care("inc_none") is None
    assert service.affected("inc_none", 10, 0, "api").total == 0
    assert list(service.bands("inc_none")) == []
    assert list(service.timeline("inc_none")) == []
    assert service.kpi("none") is None


def test_care_counts_each_listed_person_once_by_the_words_of_the_alert(service: WebService) -> None:
    """contactable: may be contacted. proposed: a rule proposes an action for the person, too."""
    care = service.care("inc_open")
    assert care is not None
    assert (care.listed, care.contactable, care.proposed, care.withheld) == (5, 3, 2, {"withdrawn": 1, "quiet_hours": 1})
    assert (care.action, care.team, care.held) == ("proactive_message", "consumer-care", "")
    assert care.first_complaint_at == COMPLAINT.at
    assert set(care.say) == {"en"}
    assert care.outlook is None


def test_the_list_carries_what_was_assessed_and_decided_whole(service: WebService) -> None:
    page = service.affected("inc_open", 10, 0, "api")
    by_person = {one.listing.subscriber: one for one in page.people}
    assert page.total == len(by_person) == 5
    assert replace(by_person[ANN].listing, row=None) == LISTINGS[0]
    shown = serializers.affected_person(by_person[ANN])
    assert (shown["degraded_s"], shown["failures"], shown["next_exposure_at"]) == (640.5, 2.5, "2026-03-24T09:00:00Z")
    assert [row["action"] for row in shown["asked"]] == ["proactive_message"]
    assert serializers.affected_person(by_person[GUS])["decision"]["why_not"] == "quiet_hours"
    assert list(by_person[BOB].communications) == [], "what was taken back was not said"


def test_the_list_is_paged_without_gaps(service: WebService) -> None:
    pages = [service.affected("inc_open", 2, offset, "api").people for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert len({one.listing.subscriber for page in pages for one in page}) == 5


def test_only_whom_care_is_to_approach_is_named_and_only_on_request(service: WebService) -> None:
    named = {one.listing.subscriber: one.contact for one in service.affected("inc_open", 10, 0, "api", identify=True).people}
    assert named == {ANN: RAW["ann"], KID: RAW["gus"], BOB: None, GUS: None, EVE: None}
    assert {one.contact for one in service.affected("inc_open", 10, 0, "api").people} == {None}


def test_a_caller_is_answered_by_the_own_listings(service: WebService) -> None:
    answer = service.lookup(RAW["ann"], "api")
    assert (answer.affected, answer.going_on, answer.incident_id, answer.probability) == ("yes", True, "inc_open", 0.9)
    assert answer.next_exposure_at == NOW + HOUR
    assert [row.at for row in answer.said] == [ASKED.at]
    assert service.lookup("491799999999", "api").affected == "unknown"
    private = service.lookup(RAW["kid"], "api", "guardian")
    assert (private.private, private.said, private.next_exposure_at) == (True, (), None)


def test_an_account_is_answered_by_its_lines(service: WebService) -> None:
    answer = service.account("firm", "api")
    assert (answer.affected, answer.lines, answer.tier) == ("yes", 1, "gold")
    assert service.account("nobody", "api").affected == "unknown"


@pytest.mark.parametrize("blank", ["", " ", "null"])
def test_a_blank_name_is_nobody(service: WebService, blank: str) -> None:
    with pytest.raises(InvalidIdentity):
        service.lookup(blank, "api")
    with pytest.raises(InvalidIdentity):
        service.account(blank, "api")


def test_every_question_about_people_is_audited(subject: Subject) -> None:
    before = len(subject.audited())
    subject.service.affected("inc_open", 10, 0, "desk-1")
    subject.service.lookup(RAW["ann"], "desk-2")
    subject.service.account("firm", "desk-3")
    assert subject.audited()[before:] == [
        ("desk-1", "affected", "inc_open"),
        ("desk-2", "lookup", ANN),
        ("desk-3", "account", FIRM),
    ]


def test_the_timeline_shows_each_alert_once(service: WebService) -> None:
    assert [(one.at, one.kind, one.text, one.severity) for one in service.timeline("inc_open")] == [
        (NOW - HOUR, "opened", "Calls fail.", "major")
    ]


def test_kpis_metrics_and_coverage(service: WebService) -> None:
    assert service.kpi("rrc") == RRC
    assert service.metrics() == "precall_ticks_total 3\n"
    assert (service.coverage().measured, service.coverage().until) == (0, None)


HOLDERS = [("subscriber", key) for key in (ANN, BOB, KID, GUS, EVE)] + [("account", FIRM)]
consent_rows = st.builds(
    lambda holder, purpose, channel, state, ago: Consent(
        holder_kind=holder[0], holder=holder[1], purpose=purpose, channel=channel, state=state, since=NOW - ago
    ),
    st.sampled_from(HOLDERS),
    st.sampled_from(["network_care_analysis", "proactive_contact"]),
    st.sampled_from(["any", *CHANNELS]),
    st.sampled_from(["granted", "withdrawn"]),
    st.integers(0, 4 * HOUR),
)


def withdrawn(key: str, rows: list[Consent]) -> bool:
    """A plain reading of the rows: the newest of some purpose, whatever its channel, withdraws it for all channels."""
    for purpose in ("network_care_analysis", "proactive_contact"):
        own = [row for row in rows if (row.holder, row.purpose, row.channel) == (key, purpose, "any")]
        newest = max((row.since for row in own), default=None)
        later = [row for row in rows if row.holder == key and row.purpose == purpose and row.state == "granted"]
        ends = [row for row in own if row.since == newest and row.state == "withdrawn"]
        if ends and not any(row.since > ends[0].since for row in later):
            return True
    return False


@pytest.mark.parametrize("kept", ["sqlite", "postgres"], indirect=True, scope="module")
@given(st.lists(consent_rows, max_size=6))
def test_whoever_withdrew_is_never_contactable_and_both_services_agree(kept: Subject, rows: list[Consent]) -> None:
    """Decided when everybody had consented; what was withdrawn since then holds at once, whatever stands in the list."""
    consents = sorted([*granted(ANN, BOB, KID, GUS, EVE), *rows], key=lambda row: row.since)
    seen = []
    for subject in (in_memory(), kept):
        subject.see(reference_of(*consents))
        page = subject.service.affected("inc_open", 10, 0, "api", identify=True)
        for one in page.people:
            key, recipient = one.listing.subscriber, GUS if one.listing.subscriber == KID else one.listing.subscriber
            if withdrawn(key, consents) or withdrawn(recipient, consents):
                assert not one.listing.contactable
                assert one.contact is None
                assert one.listing.why_not in WHY_NOT
        care = subject.service.care("inc_open")
        assert care is not None
        assert care.contactable == sum(one.listing.contactable for one in page.people)
        assert care.proposed == sum(one.listing.proposed for one in page.people)
        seen.append((care, [(replace(one.listing, row=None), one.contact) for one in page.people]))
    assert seen[0] == seen[1]
