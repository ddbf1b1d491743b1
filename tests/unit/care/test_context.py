"""What an agent sees of one customer: the newest of each, nothing of when and where for those whose matter it is not."""

from dataclasses import replace

import pytest

from detector.care.context import MOST, RECENT_S, CustomerRecord, context_of
from detector.domain.communication import RETRACTED, Communication
from detector.domain.customer import Account, Customers, Membership, Subscriber, SubscriberEvent
from detector.domain.experience import UNKNOWN_HISTORY, CustomerHistory
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction

NOW, HOUR = 1_774_339_200, 3600
KNOWN = Customers(
    {
        "ann": Subscriber(key="ann", account="firm", segment="business"),
        "kid": Subscriber(key="kid", minor=True, guardian="ann"),
    },
    {"firm": Account("firm", "enterprise", "gold", "99.9", "firm-care")},
    (Membership("firm", "ann", "executive"), Membership("family", "ann", "holder")),
)
ON = Incident(
    incident_id="inc_1",
    root_kind="site",
    root_id="s1",
    kind="outage",
    started_at=NOW - HOUR,
    opened_at=NOW - HOUR,
    severity="major",
    degradation_ids=(),
    cells=("c1",),
    reason="",
    ticket_id="T-1",
    expected_clear_at=NOW + HOUR,
)


def context(key, *, left_out=False, **record):
    return context_of(key, KNOWN, CustomerRecord(**record), now=NOW, left_out=left_out)


def interaction(at, name="k", kind="contact", **more):
    return Interaction(interaction_id=f"{name}{at}", at=NOW + at, kind=kind, channel="call", subscriber="ann", **more)


def test_the_newest_of_each_stand_first_and_what_is_old_or_still_to_come_does_not():
    contacts = [interaction(-n * HOUR) for n in range(9)]
    known = context(
        "ann", interactions=[*contacts, interaction(-RECENT_S - 1), interaction(1), interaction(-1, "v", "survey")]
    )
    assert list(known.contacts) == contacts[:MOST]
    assert [one.kind for one in known.surveys] == ["survey"]


def test_accounts_come_with_the_roles_there():
    firm, family = context("ann").accounts
    assert (firm.account, firm.tier, firm.sla, firm.care_team, firm.roles) == (
        "firm",
        "gold",
        "99.9",
        "firm-care",
        ("executive",),
    )
    assert (family.account, family.kind, family.roles) == ("family", "", ("holder",))


@pytest.mark.parametrize(
    ("change", "clear"),
    [({}, NOW + HOUR), ({"expected_clear_at": NOW - 1}, None), ({"state": "resolved", "resolved_at": NOW - 60}, None)],
    ids=["promised", "the promise has passed", "over"],
)
def test_past_incidents_come_with_ticket_and_promise(change, clear):
    (past,) = context("ann", incidents=[replace(ON, **change)]).incidents
    assert (past.ticket_id, past.clear_at) == ("T-1", clear)


def test_false_alarms_and_merged_incidents_are_no_past():
    gone = [replace(ON, withdrawn_at=NOW), replace(ON, state="merged", merged_into="inc_0")]
    assert context("ann", incidents=gone).incidents == ()


def test_what_reached_nobody_was_not_communicated():
    asked = Communication(
        incident_id="inc_1", subscriber="ann", recipient="ann", at=NOW - HOUR, action="call", channel="call", offer="boost"
    )
    said = [
        asked,
        replace(asked, incident_id="inc_2"),
        Communication(incident_id="inc_2", subscriber="ann", recipient="ann", at=NOW - 60, action=RETRACTED),
    ]
    assert context("ann", communications=said).said == (asked,)


@pytest.mark.parametrize(("who", "left_out"), [("kid", False), ("ann", True)], ids=["a minor", "who withdrew"])
def test_where_and_when_the_network_failed_some_people_is_shown_to_nobody(who, left_out):
    event = SubscriberEvent(who, NOW - HOUR, "credit")
    known = context(
        who,
        incidents=[ON],
        history=CustomerHistory(incidents=3, degraded_s=60.0, index=40.0),
        events=[event],
        left_out=left_out,
    )
    assert (known.private, known.incidents, known.history, known.events) == (True, (), UNKNOWN_HISTORY, (event,))


def test_of_a_stranger_there_is_nothing_to_show():
    known = context("who")
    assert (known.person, known.accounts, known.private) == (Subscriber(key="who"), (), False)


def test_a_past_incident_shows_its_estimated_end_beside_the_clock_of_the_decision():
    over = replace(ON, state="resolved", ended_at=NOW - 3 * HOUR, resolved_at=NOW - 2 * HOUR)
    (past,) = context("ann", incidents=[over]).incidents
    assert (past.ended_at, past.resolved_at) == (NOW - 3 * HOUR, NOW - 2 * HOUR)
