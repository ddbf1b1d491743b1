"""Who stands on an incident's list from when to when, and what care decided: rows end and begin as what is known moves."""

from dataclasses import replace

from sqlalchemy import Connection

from detector.domain.alert import Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ALL_CLEAR
from detector.domain.customer import Customers
from detector.domain.impact import Affected, Listing
from detector.store import Store

_NOTABLE_CHANGE = 0.05
"""A person's probability that moved by less keeps its row: the list is to be read, not to flicker."""


def relist(connection: Connection, store: Store, one: Assessment, customers: Customers, now: int) -> None:
    """The incident's list as of `now` (s)."""
    decisions = {d.subscriber: d for d in one.decisions}
    listed = store.listings.all(incident_id=one.incident.incident_id, current=True)
    current = {old.subscriber: old for old in listed}
    people = () if one.incident.state == "merged" else one.impact.people  # they are on the older incident's list
    wanted = {p.subscriber: _listing(p, decisions.get(p.subscriber), now) for p in people}
    for decision in decisions.values():  # told before it was known that they were not there: they hear that it is over
        if decision.action == ALL_CLEAR and decision.subscriber not in wanted:
            wanted[decision.subscriber] = _listing(_gone(decision, customers), decision, now)
    begun = [new for key, new in wanted.items() if key not in current or _moved(current[key], new)]
    renewed = {new.subscriber for new in begun}
    ended = [old for key, old in current.items() if key in renewed or key not in wanted]
    store.listings.relist(connection, ended, begun, now)


def _gone(decision: Decision, customers: Customers) -> Affected:
    person = customers.subscribers.get(decision.subscriber)
    return Affected(
        incident_id=decision.incident_id,
        subscriber=decision.subscriber,
        account=person.account if person else "",
        basis="measured",
        probability=0.0,
        exposure_s=0.0,
    )


def _listing(person: Affected, decision: Decision | None, at: int) -> Listing:
    listed = Listing(
        incident_id=person.incident_id,
        subscriber=person.subscriber,
        account=person.account,
        basis=person.basis,
        probability=person.probability,
        exposure_s=person.exposure_s,
        listed_at=at,
        degraded_s=person.degraded_s,
        failures=person.failures,
        next_exposure_at=person.next_exposure_at,
    )
    if decision is None:
        return listed
    return replace(
        listed,
        contactable=decision.contactable,
        why_not=decision.why_not,
        action=decision.action,
        channel=decision.channel,
        recipient=decision.recipient,
        decided_at=decision.decided_at,
        risk=decision.risk,
        rule=decision.rule,
        team=decision.team,
        offer=decision.offer,
    )


def person_of(one: Listing) -> Affected:
    """What the list says of a person."""
    return Affected(
        incident_id=one.incident_id,
        subscriber=one.subscriber,
        account=one.account,
        basis=one.basis,
        probability=one.probability,
        exposure_s=one.exposure_s,
        degraded_s=one.degraded_s,
        failures=one.failures,
        next_exposure_at=one.next_exposure_at,
    )


def _moved(old: Listing, new: Listing) -> bool:
    """A change worth a new row: another basis or decision, or a notably different probability."""
    same = replace(
        old,
        probability=new.probability,
        exposure_s=new.exposure_s,
        listed_at=new.listed_at,
        decided_at=new.decided_at,
        degraded_s=new.degraded_s,
        failures=new.failures,
        next_exposure_at=new.next_exposure_at,
        risk=new.risk,
        row=None,
    )
    return same != new or abs(old.probability - new.probability) >= _NOTABLE_CHANGE
