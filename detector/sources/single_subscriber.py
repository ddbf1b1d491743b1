"""The rows of one person in the customer tables, for a command about one person: reading everybody takes long."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from detector.domain.customer import Customers
from detector.domain.finding import Findings
from detector.domain.ports import Reference
from detector.sources import plausibility
from detector.sources.customer_tables import CONSENT, ConsentsSoFar, CustomerRows
from detector.sources.identity import Pseudonymiser
from detector.sources.records import Record, table
from detector.sources.reference import read_operator

Noun = TypeVar("Noun")


def reference_of(root: Path, names: Pseudonymiser, raw: str, now: float) -> Reference:
    """The operator, and of the customers that person, a guardian, their accounts and what they allowed, as known at `now`;
    network and operations are left out. Of this person the answer to any question is the same as with all customers.

    Raises Misconfigured for a table that cannot be read. Findings are left to the daemon, which reads everything.
    """
    operator = read_operator(root / "operator.toml")
    return Reference(operator=operator, customers=_SubscriberTables(root, names, operator.timezone).customers(raw, now))


class _SubscriberTables:
    """Rows are chosen by their raw ids, before anything is made of them."""

    def __init__(self, root: Path, names: Pseudonymiser, timezone: str) -> None:
        self._root, self._zone, self._make, self._found = root, ZoneInfo(timezone), CustomerRows(names), Findings()

    def customers(self, raw: str, now: float) -> Customers:
        make, found = self._make, self._found
        subscribers = self._with_those_above("subscribers", ("subscriber_id",), "guardian_id", {raw}, make.subscriber)
        people = {row.text("subscriber_id") for row, _ in subscribers} | {raw}
        members = self._rows("account_members", MEMBER, lambda row: row.text("subscriber_id") in people, make.member)
        own = {row.text("account_id") for row, _ in [*subscribers, *members]} - {""}
        firms = self._with_those_above("accounts", ACCOUNT, "parent_id", own, make.account)
        accounts = own | {row.text("account_id") for row, _ in firms}
        consents = self._rows("consents", CONSENT, lambda row: _holder_in(row, people, accounts), make.consent)
        known = plausibility.people([one for _, one in subscribers], found)
        known_firms = plausibility.firms([one for _, one in firms], found)
        everyone = Customers(
            known, known_firms, plausibility.members([one for _, one in members], known, known_firms, found)
        )
        given = plausibility.consents([one for _, one in consents], known, known_firms, found)
        return ConsentsSoFar(everyone, sorted(given, key=lambda c: c.since)).by(now)

    def _with_those_above(
        self, stem: str, required: tuple[str, ...], above: str, begin: Collection[str], make: Callable[[Record], Noun]
    ) -> list[tuple[Record, Noun]]:
        """The rows of these ids and of those above them: guardians of subscribers, parents of accounts. The table is read
        once more for each step up, which most have none of."""
        found: list[tuple[Record, Noun]] = []
        seen, wanted = set[str](), {*begin}
        while wanted:
            ids = frozenset(wanted)
            rows = self._rows(stem, required, lambda row, ids=ids: row.text(required[0]) in ids, make)  # type: ignore[misc]
            found += rows
            seen |= wanted
            wanted = {row.text(above) for row, _ in rows} - seen - {""}
        return found

    def _rows(
        self, stem: str, required: tuple[str, ...], wanted: Callable[[Record], bool], make: Callable[[Record], Noun]
    ) -> list[tuple[Record, Noun]]:
        """The requested rows, and what is made of each."""

        def one(row: Record) -> tuple[Record, Noun] | None:
            return (row, make(row)) if wanted(row) else None

        return [pair for pair in table(self._root, stem, required, one, self._zone, self._found) if pair is not None]


MEMBER, ACCOUNT = ("account_id", "subscriber_id", "role"), ("account_id", "kind")


def _holder_in(row: Record, people: Collection[str], accounts: Collection[str]) -> bool:
    return row.text("holder_id") in (people if row.text("holder_kind") == "subscriber" else accounts)
