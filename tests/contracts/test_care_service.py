"""What care teams say and ask beside the incident, over a store in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from detector.clock import MovingClock
from detector.domain.communication import Communication
from detector.domain.customer import Account, Customers, Membership, Subscriber, SubscriberEvent
from detector.domain.errors import Misconfigured
from detector.domain.experience import Experience
from detector.domain.feedback import Feedback
from detector.domain.identity import InvalidIdentity
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.ports import Operator, Reference
from detector.domain.window import DAY_S, WEEK_S, Window
from detector.reports import Report
from detector.sources.identity import Pseudonymiser
from detector.sources.memory import InMemoryReference
from detector.store import Store
from detector.store.memory import InMemoryStore
from detector.store.protocols import StateStore
from detector.web.service import CareService
from detector.web.store_care_service import StoreCareService
from tests.contracts.conftest import empty_database
from tests.listings import listing_of

pytestmark = pytest.mark.xdist_group("postgres")
NOW, WALL = 1_774_339_200, 1_774_339_260.5  # Tuesday 2026-03-24 08:00 UTC
MIDNIGHT = NOW - 8 * 3600
NAMES = Pseudonymiser(b"0123456789abcdef")
ANN, BOB = (NAMES.subscriber(raw) for raw in ("491700000001", "491700000002"))
OPEN = Incident(
    incident_id="inc_open",
    root_kind="cell",
    root_id="c1",
    kind="outage",
    started_at=NOW - 7200,
    opened_at=NOW - 3600,
    severity="major",
    degradation_ids=(),
    cells=("c1",),
    reason="",
    updated_at=NOW - 3600,
)
OVER = replace(OPEN, incident_id="inc_over", state="resolved", started_at=NOW - DAY_S, resolved_at=NOW - DAY_S + 7200)
CALL = Interaction(interaction_id="k1", at=NOW - DAY_S, kind="contact", channel="call", subscriber=ANN, category="network")
BILL = replace(CALL, interaction_id="k2", at=NOW - 600, category="billing")
SURVEY = replace(CALL, interaction_id="k3", at=NOW - 300, kind="survey", category="", score=3.0)
SAID = Communication(incident_id="inc_over", subscriber=ANN, recipient=ANN, at=NOW - DAY_S, action="call", channel="call")
DAYS = [
    Experience(
        day=day,
        holder_kind="subscriber",
        holder=ANN,
        index=70.0,
        degraded_s=600.0,
        failures=2.0,
        worst=0.5,
        incidents=1,
        by_harm={"drops": 600.0},
    )
    for day in (MIDNIGHT - 9 * DAY_S, MIDNIGHT - DAY_S)
]
REFERENCE = Reference(
    operator=Operator(timezone="UTC", country="DE"),
    customers=Customers(
        {ANN: Subscriber(key=ANN, account="acc_firm", segment="gold"), BOB: Subscriber(key=BOB)},
        {"acc_firm": Account("acc_firm", "enterprise", "gold")},
        (Membership("acc_firm", ANN, "line"),),
    ),
)
MADE = Report("planning", "What incidents cost", (), ())


@dataclass
class Subject:
    """The service, its store, and the reports that were asked of it."""

    service: CareService
    store: StateStore
    reports: list[tuple[Any, ...]] = field(default_factory=list)


def subject_over(store: StateStore) -> Subject:
    with store.begin() as transaction:
        store.incidents.save(transaction, [OVER, OPEN])
        listings = [
            listing_of(name, ANN, listed_at=NOW - DAY_S, decided_at=NOW - DAY_S) for name in ("inc_open", "inc_over")
        ]
        store.listings.relist(transaction, [], listings, NOW - DAY_S)
        store.interactions.add(transaction, [CALL, BILL, SURVEY])
        store.interactions.add_events(transaction, [SubscriberEvent(ANN, NOW - DAY_S, "credit")])
        store.communications.add(transaction, [SAID])
        store.experience.replace(transaction, Window(0, NOW), DAYS)
    reports: list[tuple[Any, ...]] = []

    def make_report(name: str, /, *, now: int, window: Window, step: str) -> Report:
        reports.append((name, now, window, step))
        return MADE

    reference = InMemoryReference("reference", {0.0: REFERENCE})
    return Subject(
        StoreCareService(store, reference, MovingClock(NOW), NAMES, make_report, MovingClock(WALL)), store, reports
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    if request.param == "memory":
        yield subject_over(InMemoryStore())
        return
    with empty_database(request.param, request, tmp_path) as database:
        yield subject_over(Store(tmp_path, database, [], Fernet.generate_key()))


@pytest.fixture
def service(subject: Subject) -> CareService:
    return subject.service


def test_every_question_of_the_protocol_is_in_this_suite() -> None:
    questions = {name for name in vars(CareService) if not name.startswith("_")}
    text = Path(__file__).read_text(encoding="utf-8")
    assert not {name for name in questions if f"service.{name}(" not in text}


def test_feedback_is_kept_in_the_order_in_which_it_came_under_pseudonyms(service: CareService) -> None:
    first = service.give_feedback("inc_open", "confirmed", "desk-1")
    second = service.give_feedback(
        "inc_open", "resolved_for_customer", "desk-2", raw_subscriber="491700000001", outcome="reached"
    )
    assert first == Feedback("inc_open", WALL, "desk-1", "confirmed", "", "")
    assert second == Feedback("inc_open", WALL, "desk-2", "resolved_for_customer", ANN, "reached")
    assert list(service.feedback("inc_open")) == [first, second]
    assert list(service.feedback("inc_over")) == []


def test_a_context_holds_the_past_of_a_person_besides_the_incident(service: CareService) -> None:
    contexts = service.contexts("inc_open", [ANN, BOB], "desk-1")
    ann, bob = contexts[ANN], contexts[BOB]
    assert (ann.person.segment, [one.tier for one in ann.accounts]) == ("gold", ["gold"])
    assert [one.interaction_id for one in ann.contacts] == ["k2", "k1"]
    assert [one.score for one in ann.surveys] == [3.0]
    assert [one.incident_id for one in ann.incidents] == ["inc_over"]
    assert list(ann.said) == [SAID]
    assert [one.kind for one in ann.events] == ["credit"]
    assert (ann.history.incidents, ann.history.contacts, ann.history.degraded_s) == (1, 1, 600.0)
    assert (ann.history.last_contact_at, ann.history.last_notified_at) == (SURVEY.at, SAID.at)
    assert ann.history.index < bob.history.index == 100.0
    assert (list(bob.contacts), list(bob.incidents), bob.history.incidents) == ([], [], 0)


def test_a_callers_context_counts_the_present_incident_too(service: CareService) -> None:
    context = service.context("491700000001", "desk-1")
    assert context.person.key == ANN
    assert {one.incident_id for one in context.incidents} == {"inc_open", "inc_over"}
    assert context.history.incidents == 2
    assert service.context("491799999999", "desk-1").history.incidents == 0


@pytest.mark.parametrize("blank", ["", " ", "null"])
def test_a_blank_name_is_nobody(service: CareService, blank: str) -> None:
    with pytest.raises(InvalidIdentity):
        service.context(blank, "desk-1")
    with pytest.raises(InvalidIdentity):
        service.give_feedback("inc_open", "confirmed", "desk-1", raw_subscriber=blank)
    assert list(service.feedback("inc_open")) == []


def test_lookups_and_feedback_are_in_the_audit_log(subject: Subject) -> None:
    subject.service.give_feedback("inc_open", "confirmed", "desk-1")
    subject.service.contexts("inc_open", [ANN, BOB], "desk-2")
    subject.service.context("491700000001", "desk-3")
    entries = [
        (one["at"], one["actor"], one["action"], one["subject"], one["detail"])
        for one in reversed(subject.store.audit.entries())
    ]
    assert entries == [
        (WALL, "desk-1", "feedback", "inc_open", "inc_open: confirmed"),
        (WALL, "desk-2", "context", "inc_open", "2 people"),
        (WALL, "desk-3", "context", ANN, ""),
    ]


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        (None, None, Window(NOW - 4 * WEEK_S, NOW)),
        (NOW - DAY_S, None, Window(NOW - DAY_S, NOW)),
        (100, 200, Window(100, 200)),
    ],
)
def test_a_report_is_of_the_requested_window(subject: Subject, start: Any, end: Any, window: Window) -> None:
    assert subject.service.report("planning", start=start, end=end, step="month") is MADE
    assert subject.reports == [("planning", NOW, window, "month")]


def test_a_report_that_ends_before_it_begins_is_refused(subject: Subject) -> None:
    with pytest.raises(Misconfigured, match="before it begins"):
        subject.service.report("planning", start=200, end=100, step="week")
    assert subject.reports == []
