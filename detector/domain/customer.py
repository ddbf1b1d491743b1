"""Subscribers and accounts by opaque keys only: no stage ever sees a raw identity."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

CHANNELS = ("sms", "email", "push", "call")
EVENTS = ("left", "offer_made", "offer_taken", "credit")
ANALYSIS = "network_care_analysis"
PURPOSES = (ANALYSIS, "profiling", "proactive_contact", "survey")
_OF_PEOPLE = ("accounts_of", "above", "every_account_of", "lines", "people_of", "roles_of")
"""Of `Customers`: what no consent changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One person or line; `key`, `account` and `guardian` are pseudonyms, empty = not known."""

    key: str
    account: str = ""
    segment: str = ""
    vip: bool = False
    vulnerable: bool = False
    minor: bool = False
    guardian: str = ""
    preferred_channel: str = ""
    language: str = ""
    device: str = ""
    plan: str = ""
    partner: str = ""
    lifetime_value: float | None = None
    nps: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """consumer, family, enterprise or government; `key` and `parent` are pseudonyms."""

    key: str
    kind: str
    tier: str = ""
    sla: str = ""
    care_team: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """role: holder, manager, executive, line or dependant."""

    account: str
    subscriber: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One append-only row: `state` (granted, withdrawn) holds from `since` (s) for this purpose and channel (or `any`)."""

    holder_kind: str
    holder: str
    purpose: str
    channel: str
    state: str
    since: int
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A complaint or another touchpoint as it came in; `subscriber` may be empty (a social post). `text` is sorted and let
    go: no store, file or log ever sees it. Latitude and longitude in degrees."""

    contact_id: str
    at: int
    channel: str
    subscriber: str = ""
    category: str = ""
    cell_id: str = ""
    text: str = field(default="", repr=False)
    latitude: float | None = None
    longitude: float | None = None
    outcome: str = ""
    escalated: bool = False
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """An answer to a survey: `score` 0 to 10; `trigger`: the event after which it was sent. `text` is sorted and let go like
    a contact's."""

    survey_id: str
    subscriber: str
    at: int
    score: float
    trigger: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SubscriberEvent:
    """What the effect of care is measured on; `kind` is one of EVENTS."""

    subscriber: str
    at: int
    kind: str


@dataclass(frozen=True)
class Customers:
    """Everyone, as known at one moment."""

    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    consents: tuple[Consent, ...] = ()

    @cached_property
    def consents_of(self) -> Mapping[tuple[str, str], tuple[Consent, ...]]:
        """(holder kind, holder key) -> its rows in order of time."""
        rows: dict[tuple[str, str], list[Consent]] = {}
        for consent in sorted(self.consents, key=lambda c: c.since):
            rows.setdefault((consent.holder_kind, consent.holder), []).append(consent)
        return {holder: tuple(own) for holder, own in rows.items()}

    @cached_property
    def withdrawn_by(self) -> Mapping[str, frozenset[tuple[str, str]]]:
        """Purpose -> the (holder kind, holder key) that have ever withdrawn it: a few of many, to look at first."""
        found: dict[str, set[tuple[str, str]]] = {}
        for row in self.consents:
            if row.state == "withdrawn":
                found.setdefault(row.purpose, set()).add((row.holder_kind, row.holder))
        return {purpose: frozenset(holders) for purpose, holders in found.items()}

    def given(self, more: Iterable[Consent]) -> "Customers":
        """The same people after these rows, which are newer than all before: what depends on people alone is not made
        anew, and what depends on consents is only added to."""
        fresh = tuple(sorted(more, key=lambda c: c.since))
        later = replace(self, consents=(*self.consents, *fresh))
        known = vars(self)
        vars(later).update({name: known[name] for name in _OF_PEOPLE if name in known})
        if "consents_of" in known:
            rows = dict(self.consents_of)
            for row in fresh:
                holder = row.holder_kind, row.holder
                rows[holder] = (*rows.get(holder, ()), row)
            vars(later)["consents_of"] = rows
        if "withdrawn_by" in known:
            new = Customers(consents=fresh).withdrawn_by
            purposes = {*self.withdrawn_by, *new}
            vars(later)["withdrawn_by"] = {
                p: self.withdrawn_by.get(p, frozenset()) | new.get(p, frozenset()) for p in purposes
            }
        return later

    @cached_property
    def accounts_of(self) -> Mapping[str, tuple[str, ...]]:
        """Subscriber key -> keys of the accounts it belongs to."""
        rows: dict[str, dict[str, None]] = {}
        for subscriber in self.subscribers.values():
            if subscriber.account:
                rows.setdefault(subscriber.key, {})[subscriber.account] = None
        for member in self.memberships:
            rows.setdefault(member.subscriber, {})[member.account] = None
        return {key: tuple(own) for key, own in rows.items()}

    @cached_property
    def above(self) -> Mapping[str, tuple[str, ...]]:
        """Account key -> those above it, the nearest first, for accounts that have a parent; a circle ends."""
        return {key: tuple(self._ancestors(key)) for key, account in self.accounts.items() if account.parent}

    def _ancestors(self, account: str) -> list[str]:
        found: dict[str, None] = {}
        key = self.accounts[account].parent
        while key and key != account and key not in found:
            found[key] = None
            known = self.accounts.get(key)
            key = known.parent if known else ""
        return list(found)

    @cached_property
    def every_account_of(self) -> Mapping[str, tuple[str, ...]]:
        """Subscriber key -> the accounts that it is a line of: its own and those above them, each once."""
        if not self.above:
            return self.accounts_of
        return {key: self._with_above(own) for key, own in self.accounts_of.items()}

    def _with_above(self, own: tuple[str, ...]) -> tuple[str, ...]:
        over = tuple(key for account in own for key in self.above.get(account, ()))
        return tuple(dict.fromkeys((*own, *over))) if over else own

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """Account key -> how many different people are lines of it or of an account below it."""
        return Counter(chain.from_iterable(self.every_account_of.values()))

    @cached_property
    def people_of(self) -> Mapping[str, tuple[str, ...]]:
        """Account key -> the people who are lines of it or of an account below it."""
        found: dict[str, list[str]] = {}
        for person, accounts in self.every_account_of.items():
            for account in accounts:
                found.setdefault(account, []).append(person)
        return {account: tuple(people) for account, people in found.items()}

    @cached_property
    def roles_of(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Subscriber key -> (account, role) of each role that it has, there and above; plain lines have none."""
        rows: dict[str, dict[tuple[str, str], None]] = {}
        for member in self.memberships:
            if member.role not in ("", "line"):
                for account in (member.account, *self.above.get(member.account, ())):
                    rows.setdefault(member.subscriber, {})[account, member.role] = None
        return {key: tuple(own) for key, own in rows.items()}


def excluded_from_analysis(customers: Customers, at: int, among: Iterable[str] | None = None) -> frozenset[str]:
    """Keys of people (of those `among`, else of all) who must not appear in any exposure at `at` (s): those who withdrew
    `network_care_analysis`.

    Analysis of the network's own service rests on the operator's legal basis, so no row means allowed (contacting needs a
    granted row; see care). A withdrawal by the person, by an account of theirs or one above it, or by a minor's guardian
    takes them out. The newest row up to `at` counts, and of rows of one instant the withdrawal.
    """
    ever = customers.withdrawn_by.get(ANALYSIS, frozenset())
    if not ever:
        return frozenset()
    keys = {*customers.subscribers, *customers.accounts_of, *(key for _, key in ever)} if among is None else among
    return frozenset(
        key for key in keys if any(h in ever and _withdrawn(customers.consents_of[h], at) for h in _holders(key, customers))
    )


def _holders(key: str, customers: Customers) -> list[tuple[str, str]]:
    """Those whose consent decides for this person: the person, their accounts, a minor's guardian."""
    person = customers.subscribers.get(key)
    guardian = [("subscriber", person.guardian)] if person is not None and person.minor else []
    return [("subscriber", key), *(("account", own) for own in customers.every_account_of.get(key, ())), *guardian]


def _withdrawn(rows: tuple[Consent, ...], at: int) -> bool:
    own = [(row.since, row.state == "withdrawn") for row in rows if row.purpose == ANALYSIS and row.since <= at]
    return bool(own) and max(own)[1]
