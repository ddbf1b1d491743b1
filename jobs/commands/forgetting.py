"""`precall forget`: erase a person everywhere, and look again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from detector.app import House
from detector.clock import WallClock
from detector.domain.customer import Customers
from detector.domain.finding import Findings
from detector.domain.identity import SubscriberId
from detector.store.people import KEPT
from detector.store.traces import SHORTEST_RAW
from jobs.experience import do_again_without


@dataclass(frozen=True)
class Forgotten:
    """What became of one person. `erased`: rows by place; `left`: where a second search still found it; `kept`: rows that
    stay on purpose; `returns`: tables of the inbox in which it still stands, so that the next pull brings it back."""

    pseudonyms: Sequence[str]
    erased: Mapping[str, int]
    left: Sequence[str]
    kept: Mapping[str, int]
    returns: Sequence[str]
    notes: Sequence[str]

    def shown(self, as_json: bool) -> str:
        if as_json:
            return json.dumps(asdict(self), indent=2)
        gone = ", ".join(f"{count} {what}" for what, count in self.erased.items() if count) or "nothing was kept"
        lines = [f"{', '.join(self.pseudonyms)}: {gone}", *self.notes]
        lines += [f"kept: {count} rows in {name} ({KEPT[name]})" for name, count in self.kept.items()]
        if self.returns:
            lines.append(
                f"still in your {', '.join(self.returns)}: the next pull brings it back; take it out, and run this again"
            )
        proof = "nothing of it is left" if not self.left else f"still found in {', '.join(self.left)}"
        return "\n".join([*lines, f"a second search through every table and file: {proof}"])


def forget(house: House, raw_subscriber: str) -> Forgotten:
    """Every row about the person, presence, habits, waiting notes and the sealed identity, under every pseudonym that it
    had; accounts that are this person's alone go with it. The audit log keeps that it was done."""
    raw = SubscriberId(raw_subscriber)
    names = [*dict.fromkeys(house.pseudonymiser.subscribers(raw))]
    customers = house.source.reference(house.clock.now()).customers
    everything = [*names, *own_accounts(house, customers, names)]
    for name in names:
        house.store.audit.note(WallClock().now(), "cli", "forget", name)
    with house.store.begin() as connection:
        house.store.erased.add(connection, names, house.clock.now())
        do_again_without(house.store, connection, names, customers, house.settings.impact.privacy_floor)
    gone = house.store.erasure.erase(everything, raw)
    left = house.store.erasure.mentions(everything, raw, [house.settings.sources.path])
    return Forgotten(
        names, gone, left, house.store.erasure.kept(names), _still_in(house, customers, names[0]), _notes(raw)
    )  # fmt: skip


def own_accounts(house: House, customers: Customers, names: Sequence[str]) -> list[str]:
    """Accounts of this person to which nobody else belongs."""
    mine = {account for name in names for account in customers.accounts_of.get(name, ())}
    mine |= {one.account for name in names for one in house.store.book.listings(subscriber=name) if one.account}
    others = {account for who, accounts in customers.accounts_of.items() if who not in names for account in accounts}
    left = mine - others
    return sorted(left - house.store.erasure.shared(left, names)) if left else []


def _still_in(house: House, customers: Customers, name: str) -> list[str]:
    """Tables of the inbox that name the person."""
    now, nothing = house.clock.now(), Findings()
    said: Mapping[str, Any] = {
        "subscribers.csv": name in customers.subscribers or any(s.guardian == name for s in customers.subscribers.values()),
        "account_members.csv": any(member.subscriber == name for member in customers.memberships),
        "consents.csv": ("subscriber", name) in customers.consents_of,
        "contacts.csv": any(one.subscriber == name for one in house.source.contacts(0.0, now, nothing)),
        "surveys.csv": any(one.subscriber == name for one in house.source.surveys(0.0, now, nothing)),
        "subscriber_events.csv": any(one.subscriber == name for one in house.source.subscriber_events(0.0, now, nothing)),
    }
    return [table for table, still in said.items() if still]


def _notes(raw: str) -> list[str]:
    if len(raw) >= SHORTEST_RAW:
        return []
    few = f"an id of fewer than {SHORTEST_RAW} characters is in any file by chance"
    return [f"{few}: it was looked for in columns only"]
