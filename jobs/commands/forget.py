"""`precall forget`: erase a person everywhere, and look again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from detector.app import App
from detector.clock import WallClock
from detector.domain.customer import Customers
from detector.domain.finding import Findings
from detector.domain.identity import SubscriberId
from detector.domain.ports import Reference
from detector.store.erasure import KEPT_TABLES
from detector.store.person_match import unmistakable
from jobs.experience import do_again_without


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What became of one person. `held`: rows that named it, by "table.column"; `erased`: rows gone by place, empty for a
    person of whom nothing was held and in a dry run; `left`: where a second search found it; `kept`: rows that stay on
    purpose; `returns`: tables of the inbox in which it still stands, so that the next pull brings it back."""

    pseudonyms: Sequence[str]
    held: Mapping[str, int]
    erased: Mapping[str, int]
    left: Sequence[str]
    kept: Mapping[str, int]
    returns: Sequence[str]
    notes: Sequence[str]
    dry_run: bool = False

    def shown(self, as_json: bool) -> str:
        if as_json:
            return json.dumps(asdict(self), indent=2)
        lines = [f"{', '.join(self.pseudonyms)}: {self._what_went()}", *self.notes]
        if self.dry_run:
            lines += [f"would change: {count} rows by {place}" for place, count in self.held.items()]
        lines += [f"kept: {count} rows in {name} ({KEPT_TABLES[name]})" for name, count in self.kept.items()]
        if self.returns:
            lines.append(
                f"still in your {', '.join(self.returns)}: the next pull brings it back; take it out, and run this again"
            )
        if not self.dry_run:
            proof = "nothing of it is left" if not self.left else f"still found in {', '.join(self.left)}"
            lines.append(f"a second search through every table and file: {proof}")
        return "\n".join(lines)

    def _what_went(self) -> str:
        if not self.held:
            return "nothing was held"
        if self.dry_run:
            return "a dry run, nothing was changed"
        return ", ".join(f"{count} {what}" for what, count in self.erased.items() if count)


def forget(app: App, raw_subscriber: str, *, dry_run: bool = False) -> Forgotten:
    """Every row about the person, presence, mobility profile, waiting notes and the sealed identity, under every pseudonym
    that it had; accounts that are this person's alone go with it. The audit log keeps that it was done. Of a person of whom
    nothing is held nothing else changes, nor in a dry run. Raises InvalidIdentity if nobody is named."""
    raw = SubscriberId(raw_subscriber)
    names = [*dict.fromkeys(app.pseudonymiser.subscribers(raw))]
    reference = app.feeds.reference(app.clock.now())
    customers, erasure = reference.customers, app.store.erasure
    for name in names:
        app.store.audit.note(WallClock().now(), "cli", "forget", name, "dry run" if dry_run else "")
    person = erasure.person([*names, *own_accounts(app, customers, names)], raw, _objects(reference))
    held, returns = erasure.holds(person), _still_in(app, customers, names[0])
    erased: Mapping[str, int] = {}
    if (held or returns) and not dry_run:
        with app.store.begin() as connection:
            app.store.tombstones.add(connection, names, app.clock.now())
            do_again_without(app.store, connection, names, customers, app.settings.impact.privacy_floor)
        erased = erasure.erase(person)
    left = [] if dry_run else erasure.mentions(person, app.settings.inboxes.values())
    return Forgotten(
        pseudonyms=names,
        held=held,
        erased=erased,
        left=left,
        kept=erasure.kept(names),
        returns=returns,
        notes=_notes(raw),
        dry_run=dry_run,
    )


def own_accounts(app: App, customers: Customers, names: Sequence[str]) -> list[str]:
    """Accounts of this person to which nobody else belongs."""
    mine = {account for name in names for account in customers.accounts_of.get(name, ())}
    listed = (one.affected for name in names for one in app.store.listings.all(subscriber=name))
    mine |= {one.account for one in listed if one.account}
    others = {account for who, accounts in customers.accounts_of.items() if who not in names for account in accounts}
    left = mine - others
    return sorted(left - app.store.erasure.shared(left, names)) if left else []


def _objects(reference: Reference) -> set[str]:
    """Names of cells and of the places that they belong to."""
    cells = reference.topology.cells
    return {*cells, *(name for _, name in reference.topology.groups), *(cell.node_id for cell in cells.values())}


def _still_in(app: App, customers: Customers, name: str) -> list[str]:
    """Tables of the inbox that name the person."""
    feeds, now, nothing = app.feeds, app.clock.now(), Findings()
    said: Mapping[str, Any] = {
        "subscribers.csv": name in customers.subscribers or any(s.guardian == name for s in customers.subscribers.values()),
        "account_members.csv": any(member.subscriber == name for member in customers.memberships),
        "consents.csv": ("subscriber", name) in customers.consents_of,
        "contacts.csv": any(one.subscriber == name for one in feeds.everything(feeds.contacts, now, nothing)),
        "surveys.csv": any(one.subscriber == name for one in feeds.everything(feeds.surveys, now, nothing)),
        "subscriber_events.csv": any(one.subscriber == name for one in feeds.everything(feeds.events, now, nothing)),
    }
    return [table for table, still in said.items() if still]


def _notes(raw: str) -> list[str]:
    if unmistakable(raw):
        return []
    return ["this identity could be a number, a date or a word as well: it was looked for in columns of identities only"]
