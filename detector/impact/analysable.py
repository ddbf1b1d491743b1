"""Whose presence may be looked at to know whom an incident touches."""

from detector.domain.customer import Consent, Customers

PURPOSE = "network_care_analysis"


def left_out(customers: Customers, at: int) -> frozenset[str]:
    """Keys of people who must not appear in any exposure at `at` (s): those who withdrew `network_care_analysis`.

    Analysis of the network's own service rests on the operator's legal basis, so no row means allowed (contacting needs a
    granted row; see care). A withdrawal by the person, by an account of theirs, or by a minor's guardian takes them out.
    The newest row up to `at` counts, and of rows of one moment the withdrawal.
    """
    out = {holder for holder, rows in customers.consents_of.items() if _withdrawn(rows, at)}
    people = {key for kind, key in out if kind == "subscriber"}
    accounts = {key for kind, key in out if kind == "account"}
    of_accounts = {key for key, own in customers.accounts_of.items() if not accounts.isdisjoint(own)} if accounts else set()
    wards = {s.key for s in customers.subscribers.values() if s.minor and s.guardian in people} if people else set()
    return frozenset(people | of_accounts | wards)


def analysable(customers: Customers, at: int) -> frozenset[str]:
    """Keys of the known people whose exposure may be computed at `at`."""
    return frozenset(customers.subscribers) - left_out(customers, at)


def _withdrawn(rows: tuple[Consent, ...], at: int) -> bool:
    own = [(row.since, row.state == "withdrawn") for row in rows if row.purpose == PURPOSE and row.since <= at]
    return bool(own) and max(own)[1]
