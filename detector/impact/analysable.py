"""Whose presence may be looked at to know whom an incident touches."""

from collections.abc import Iterable

from detector.domain.customer import Consent, Customers

PURPOSE = "network_care_analysis"


def left_out(customers: Customers, at: int, among: Iterable[str] | None = None) -> frozenset[str]:
    """Keys of people (of those `among`, else of all) who must not appear in any exposure at `at` (s): those who withdrew
    `network_care_analysis`.

    Analysis of the network's own service rests on the operator's legal basis, so no row means allowed (contacting needs a
    granted row; see care). A withdrawal by the person, by an account of theirs or one above it, or by a minor's guardian
    takes them out. The newest row up to `at` counts, and of rows of one moment the withdrawal.
    """
    ever = customers.withdrawn_by.get(PURPOSE, frozenset())
    if not ever:
        return frozenset()
    asked = {*customers.subscribers, *customers.accounts_of, *(key for _, key in ever)} if among is None else among
    return frozenset(
        key for key in asked if any(h in ever and _withdrawn(customers.consents_of[h], at) for h in _holders(key, customers))
    )


def _holders(key: str, customers: Customers) -> list[tuple[str, str]]:
    """Whose word counts for this person."""
    person = customers.subscribers.get(key)
    guardian = [("subscriber", person.guardian)] if person is not None and person.minor else []
    return [("subscriber", key), *(("account", own) for own in customers.every_account_of.get(key, ())), *guardian]


def _withdrawn(rows: tuple[Consent, ...], at: int) -> bool:
    own = [(row.since, row.state == "withdrawn") for row in rows if row.purpose == PURPOSE and row.since <= at]
    return bool(own) and max(own)[1]
