"""Impossible values in tables about people: counted, set aside, and never with an identity in the example."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from detector.domain.cell import Topology
from detector.domain.customer import Account, Consent, Contact, Membership, Subscriber, SubscriberEvent, Survey
from detector.domain.finding import Findings

if TYPE_CHECKING:
    from detector.domain.exposure import Presence

People = Mapping[str, Subscriber]
Firms = Mapping[str, Account]
Row = TypeVar("Row")
Made = TypeVar("Made", Contact, Survey, SubscriberEvent)


def people(rows: Sequence[Subscriber], findings: Findings) -> dict[str, Subscriber]:
    """By key. Of two rows of one person the later counts; a guardian who is not known, a minor, or the person is none."""
    known = {row.key: row for row in rows}
    if len(known) < len(rows):
        findings.add(
            "duplicate_row", "subscribers.csv", "a subscriber_id stands twice: the later row", len(rows) - len(known)
        )
    for one in [one for one in known.values() if one.guardian]:
        guardian = known.get(one.guardian)
        if guardian is None or guardian.minor or one.guardian == one.key:
            why = "not in the table" if guardian is None else "the person" if one.guardian == one.key else "a minor"
            findings.add("unfit_guardian", "subscribers.csv", f"a guardian is {why}")
            known[one.key] = replace(one, guardian="")
    return known


def firms(rows: Sequence[Account], findings: Findings) -> dict[str, Account]:
    """By key. Of two rows of one account the later counts; accounts that are above themselves have nobody above them."""
    known = {row.key: row for row in rows}
    if twice := len(rows) - len(known):
        findings.add("duplicate_row", "accounts.csv", "an account_id stands twice: the later row counts", twice)
    circles = [key for key, account in known.items() if account.parent and _above_itself(key, known)]
    if circles:
        findings.add(
            "circular_accounts", "accounts.csv", f"a circle of parent_id over {len(circles)} accounts", len(circles)
        )
    for key in circles:
        known[key] = replace(known[key], parent="")
    return known


def _above_itself(key: str, known: Firms) -> bool:
    seen, above = set[str](), known[key].parent
    while above in known and above not in seen:
        if above == key:
            return True
        seen.add(above)
        above = known[above].parent
    return False


def members(rows: Sequence[Membership], persons: People, accounts: Firms, findings: Findings) -> tuple[Membership, ...]:
    """Those of people and accounts that are known; an absent table excludes nobody."""
    where = "account_members.csv"
    known = _known(rows, lambda row: not accounts or row.account in accounts)
    if len(known) < len(rows):
        findings.add("unknown_account", where, _example(rows, known, "an account"), len(rows) - len(known))
    left = _known(known, lambda row: not persons or row.subscriber in persons)
    if len(left) < len(known):
        findings.add("unknown_subscriber", where, _example(known, left, "a subscriber"), len(known) - len(left))
    return tuple(left)


def consents(rows: Sequence[Consent], persons: People, accounts: Firms, findings: Findings) -> list[Consent]:
    """Those given by somebody."""
    where = "consents.csv"
    known = _known(rows, lambda row: row.holder_kind != "account" or not accounts or row.holder in accounts)
    if len(known) < len(rows):
        findings.add("unknown_account", where, _example(rows, known, "an account"), len(rows) - len(known))
    left = _known(known, lambda row: row.holder_kind == "account" or not persons or row.holder in persons)
    if len(left) < len(known):
        findings.add("unknown_subscriber", where, _example(known, left, "a subscriber"), len(known) - len(left))
    return left


def once(rows: Sequence[Made], name: Callable[[Made], str], where: str, findings: Findings) -> list[Made]:
    """Of rows with one id the later counts."""
    known = {name(row): row for row in rows}
    if len(known) < len(rows):
        findings.add("duplicate_row", where, "an id stands twice: the later row counts", len(rows) - len(known))
    return list(known.values())


def of_known(rows: Sequence[Made], persons: People, where: str, findings: Findings) -> Sequence[Made]:
    """Those of people who are known, or of nobody (a post)."""
    left = _known(rows, lambda row: not persons or not row.subscriber or row.subscriber in persons)
    if len(left) < len(rows):
        findings.add("unknown_subscriber", where, _example(rows, left, "a subscriber"), len(rows) - len(left))
    return left


def presence_of_known(
    presence: "Presence", persons: People, topology: Topology, now: float, findings: Findings
) -> "Presence":
    """Rows of people and cells that are known, of hours that have begun."""
    import numpy as np

    if not len(presence):
        return presence
    where = "attachments"
    stays = np.ones(len(presence), bool)
    if persons:
        stays &= np.array([name in persons for name in presence.subscribers], bool)[presence.subscriber]
        if gone := int((~stays).sum()):
            findings.add("unknown_subscriber", where, "a subscriber_id that is not in subscribers.csv", gone)
    if topology.cells:
        there = np.array([cell in topology.cells for cell in presence.cells], bool)
        if gone := int((stays & ~there[presence.cell]).sum()):
            findings.add("unknown_cell", where, f"cell {presence.cells[int(np.argmin(there))][:40]}", gone)
        stays &= there[presence.cell]
    if gone := int((stays & (presence.start > now)).sum()):
        findings.add("clock_in_future", where, "an hour that has not begun", gone)
    stays &= presence.start <= now
    return presence if stays.all() else presence.take(stays)


def _known(rows: Sequence[Row], knows: Callable[[Row], bool]) -> list[Row]:
    return [row for row in rows if knows(row)]


def _example(rows: Sequence[Row], left: Sequence[Row], what: str) -> str:
    """
    >>> _example("abc", "ac", "a subscriber")
    'about row 2: a subscriber that is in no table'
    """
    first = next((i for i, row in enumerate(left) if row is not rows[i]), len(left))
    return f"about row {first + 1}: {what} that is in no table"
