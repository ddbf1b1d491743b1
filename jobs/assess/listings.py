"""Who is on an incident's list from when to when, and what care decided: rows end and begin as what is known moves."""

from dataclasses import replace

from sqlalchemy import Connection

from detector.domain.alert import Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ALL_CLEAR
from detector.domain.customer import Customers
from detector.domain.impact import Affected, Listing
from detector.store import Store

_NOTABLE_CHANGE = 0.05
"""A person's probability that moved by less keeps its row. Chosen: under what anyone acts on."""


def update_listings(connection: Connection, store: Store, one: Assessment, customers: Customers, now: int) -> None:
    """The incident's list as of `now` (s)."""
    decisions = {d.subscriber: d for d in one.decisions}
    listed = store.listings.all(incident_id=one.incident.incident_id, current=True)
    current = {old.subscriber: old for old in listed}
    people = () if one.incident.state == "merged" else one.impact.people  # they are on the older incident's list
    wanted = {p.subscriber: Listing(affected=p, decision=decisions[p.subscriber], listed_at=now) for p in people}
    for decision in decisions.values():  # notified before it was known that they were not there: they get the all-clear
        if decision.action == ALL_CLEAR and decision.subscriber not in wanted:
            wanted[decision.subscriber] = Listing(
                affected=_not_affected(decision, customers), decision=decision, listed_at=now
            )
    begun = [new for key, new in wanted.items() if key not in current or changed_notably(current[key], new)]
    renewed = {new.subscriber for new in begun}
    ended = [old for key, old in current.items() if key in renewed or key not in wanted]
    store.listings.relist(connection, ended, begun, now)


def _not_affected(decision: Decision, customers: Customers) -> Affected:
    person = customers.subscribers.get(decision.subscriber)
    return Affected(
        incident_id=decision.incident_id,
        subscriber=decision.subscriber,
        account=person.account if person else "",
        basis="measured",
        probability=0.0,
        exposure_s=0.0,
    )


def changed_notably(old: Listing, new: Listing) -> bool:
    """Returns whether a change is worth a new row: another basis or decision, or a notably different probability."""
    same_person = (old.affected.account, old.affected.basis) == (new.affected.account, new.affected.basis)
    if not same_person or _undated(old.decision) != _undated(new.decision):
        return True
    return abs(old.probability - new.probability) >= _NOTABLE_CHANGE


def _undated(decision: Decision) -> Decision:
    """The decision without what moves with every assessment: when it was made, and the risk."""
    return replace(decision, decided_at=0, risk=None)
