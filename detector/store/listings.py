"""Rows of the table `listing` to `Listing` and back: the one place that knows which column belongs to which noun."""

from collections.abc import Iterator
from dataclasses import fields
from operator import itemgetter
from typing import Any

from sqlalchemy import CursorResult

from detector.domain.alert import Decision
from detector.domain.impact import Affected, Listing

_OF_AFFECTED = tuple(field.name for field in fields(Affected))
_OF_DECISION = tuple(field.name for field in fields(Decision) if field.name not in ("incident_id", "subscriber"))
_NO_DECISION: dict[str, Any] = {
    "contactable": False,
    "why_not": "",
    "action": "",
    "channel": "",
    "recipient": "",
    "decided_at": None,
    "rule": "",
    "team": "",
    "offer": "",
    "risk": None,
}


def listings_from(result: CursorResult[Any]) -> Iterator[Listing]:
    """All listings of a query over the table; `decided_at` NULL means that nothing was decided."""
    columns = list(result.keys())
    affected_of, decision_of, own_of = (
        itemgetter(*map(columns.index, names))
        for names in (_OF_AFFECTED, _OF_DECISION, ("listed_at", "delisted_at", "row", "decided_at"))
    )
    for row in result:
        affected = Affected(**dict(zip(_OF_AFFECTED, affected_of(row), strict=True)))
        listed_at, delisted_at, number, decided_at = own_of(row)
        decision = None
        if decided_at is not None:
            named = dict(zip(_OF_DECISION, decision_of(row), strict=True))
            decision = Decision(incident_id=affected.incident_id, subscriber=affected.subscriber, **named)
        yield Listing(affected=affected, listed_at=listed_at, delisted_at=delisted_at, decision=decision, row=number)


def columns_of(listing: Listing) -> dict[str, Any]:
    """Column values of a listing that is not stored yet: all but `row`, which the database counts."""
    decided = {name: getattr(listing.decision, name) for name in _OF_DECISION} if listing.decision else _NO_DECISION
    return {
        **{name: getattr(listing.affected, name) for name in _OF_AFFECTED},
        **decided,
        "listed_at": listing.listed_at,
        "delisted_at": listing.delisted_at,
    }
