"""subscribers, accounts, account_members, consents and contacts of an operator dataset, under pseudonyms."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from detector.domain.customer import (
    EVENTS,
    PURPOSES,
    Account,
    Consent,
    Contact,
    Customers,
    Membership,
    Subscriber,
    SubscriberEvent,
    Survey,
)
from detector.domain.finding import Findings
from detector.sources import plausibility
from detector.sources.identity import Pseudonymiser
from detector.sources.last_good import ReadTable
from detector.sources.records import LONGEST_WORD, Record, table
from detector.sources.timeline import Timeline

STEMS = ("subscribers", "accounts", "account_members", "consents")
PLAIN = ("preferred_channel", "language", "device", "plan", "partner")
KINDS = ("consumer", "family", "enterprise", "government")
ROLES = ("holder", "manager", "executive", "line", "dependant")
CONSENT = ("holder_kind", "holder_id", "purpose", "state", "since")
Known = tuple[Customers, Mapping[str, str]]


def customers(
    root: Path, names: Pseudonymiser, zone: tzinfo, findings: Findings, read: ReadTable = table
) -> Timeline[Known]:
    """(everyone, pseudonym -> raw id); a consent counts from its `since` on."""
    make = CustomerRows(names)
    subscribers = read(root, "subscribers", ("subscriber_id",), make.subscriber, zone, findings)
    accounts = read(root, "accounts", ("account_id", "kind"), make.account, zone, findings)
    members = read(root, "account_members", ("account_id", "subscriber_id", "role"), make.member, zone, findings)
    people, firms = plausibility.people(subscribers, findings), plausibility.firms(accounts, findings)
    rows = read(root, "consents", CONSENT, make.consent, zone, findings)
    consents = sorted(plausibility.consents(rows, people, firms, findings), key=lambda c: c.since)
    everyone = Customers(people, firms, plausibility.members(members, people, firms, findings))
    given = ConsentsSoFar(everyone, consents)
    raw = make.raw
    return Timeline([c.since for c in consents], lambda now: (given.by(now), raw))


@dataclass
class ConsentsSoFar:
    """The same people with the consents (in order of time) that count by some instant; going on from the last one requested
    costs little, however many people there are."""

    everyone: Customers
    consents: Sequence[Consent]
    _last: tuple[int, Customers] | None = None

    def by(self, now: float) -> Customers:
        known, last = self._last or (0, self.everyone)
        count = bisect_right(self.consents, now, key=lambda c: c.since)
        if count < known:
            known, last = 0, self.everyone
        self._last = count, last.given(self.consents[known:count])
        return self._last[1]


def contacts(root: Path, names: Pseudonymiser, zone: tzinfo, findings: Findings, read: ReadTable = table) -> list[Contact]:
    """All contacts in order of time."""
    rows = read(root, "contacts", ("contact_id", "at", "channel"), CustomerRows(names).contact, zone, findings)
    once = plausibility.once(rows, lambda c: c.contact_id, "contacts.csv", findings)
    return sorted(once, key=lambda c: (c.at, c.contact_id))


def surveys(root: Path, names: Pseudonymiser, zone: tzinfo, findings: Findings, read: ReadTable = table) -> list[Survey]:
    """All answers in order of time."""
    rows = read(root, "surveys", ("survey_id", "subscriber_id", "at", "score"), CustomerRows(names).survey, zone, findings)
    once = plausibility.once(rows, lambda s: s.survey_id, "surveys.csv", findings)
    return sorted(once, key=lambda s: (s.at, s.survey_id))


def subscriber_events(
    root: Path, names: Pseudonymiser, zone: tzinfo, findings: Findings, read: ReadTable = table
) -> list[SubscriberEvent]:
    """Departures, offers and credits in order of time."""
    rows = read(root, "subscriber_events", ("subscriber_id", "at", "kind"), CustomerRows(names).event, zone, findings)
    return sorted(rows, key=lambda e: (e.at, e.subscriber, e.kind))


class CustomerRows:
    """Rows to nouns; `raw` keeps what each pseudonym stands for, for the vault alone."""

    def __init__(self, names: Pseudonymiser) -> None:
        self._names = names
        self.raw: dict[str, str] = {}
        self._subscribers: dict[str, str] = {"": ""}
        self._accounts: dict[str, str] = {"": ""}

    def _subscriber(self, raw: str) -> str:
        """Made once, and the same object wherever the person is named: there may be millions."""
        if (known := self._subscribers.get(raw)) is not None:
            return known
        key = self._subscribers[_fit(raw)] = self._names.subscriber(raw)
        if key:
            self.raw[key] = raw
        return key

    def _account(self, raw: str) -> str:
        if (known := self._accounts.get(raw)) is not None:
            return known
        key = self._accounts[_fit(raw)] = self._names.account(raw)
        if key:
            self.raw[key] = raw
        return key

    def _needed_subscriber(self, row: Record, column: str = "subscriber_id") -> str:
        return _somebody(self._subscriber(row.needed(column)), column)

    def _needed_account(self, row: Record, column: str = "account_id") -> str:
        return _somebody(self._account(row.needed(column)), column)

    def subscriber(self, row: Record) -> Subscriber:
        guardian = self._subscriber(row.text("guardian_id"))
        channel, language, device, plan, partner = (row.word(name) for name in PLAIN)
        return Subscriber(
            key=self._needed_subscriber(row),
            account=self._account(row.text("account_id")),
            segment=row.word("segment"),
            vip=row.flag("vip"),
            vulnerable=row.flag("vulnerable"),
            minor=row.flag("minor"),
            guardian=guardian,
            preferred_channel=channel,
            language=language,
            device=device,
            plan=plan,
            partner=partner,
            lifetime_value=row.number("lifetime_value"),
            nps=row.number("nps"),
        )

    def account(self, row: Record) -> Account:
        texts = {name: row.word(name) for name in ("tier", "sla", "care_team")}
        kind = row.one_of("kind", KINDS)
        return Account(self._needed_account(row), kind, parent=self._account(row.text("parent_id")), **texts)

    def member(self, row: Record) -> Membership:
        role = row.one_of("role", ROLES)
        return Membership(self._needed_account(row), self._needed_subscriber(row), role)

    def consent(self, row: Record) -> Consent:
        kind = row.one_of("holder_kind", ("subscriber", "account"))
        purpose, state = row.one_of("purpose", PURPOSES), row.one_of("state", ("granted", "withdrawn"))
        since = row.needed_time("since")
        key = (self._needed_subscriber if kind == "subscriber" else self._needed_account)(row, "holder_id")
        return Consent(
            holder_kind=kind,
            holder=key,
            purpose=purpose,
            channel=row.word("channel") or "any",
            state=state,
            since=since,
            basis=row.word("basis"),
        )

    def contact(self, row: Record) -> Contact:
        return Contact(
            contact_id=row.needed("contact_id"),
            at=row.needed_time("at"),
            channel=row.needed("channel"),
            subscriber=self._subscriber(row.text("subscriber_id")),
            category=row.word("category"),
            cell_id=row.word("cell_id"),
            text=row.text("text"),
            latitude=row.number("latitude"),
            longitude=row.number("longitude"),
            outcome=row.word("outcome"),
            escalated=row.flag("escalated"),
            reopened=row.flag("reopened"),
        )

    def survey(self, row: Record) -> Survey:
        score = row.number("score")
        if score is None or not 0 <= score <= 10:
            raise ValueError("score is not within 0 to 10")
        key = self._needed_subscriber(row)
        return Survey(row.needed("survey_id"), key, row.needed_time("at"), score, row.word("trigger"), row.text("text"))

    def event(self, row: Record) -> SubscriberEvent:
        key = self._needed_subscriber(row)
        return SubscriberEvent(key, row.needed_time("at"), row.one_of("kind", EVENTS))


def _somebody(key: str, column: str) -> str:
    """ValueError for a blank id and for a word like NULL: under it would stand everybody who has none."""
    if not key:
        raise ValueError(f"{column} names nobody")
    return key


def _fit(raw: str) -> str:
    """An id that may be one. ValueError, which does not repeat it, for anything else."""
    if len(raw) > LONGEST_WORD or "\0" in raw or "\ufffd" in raw:
        raise ValueError(f"an id of {len(raw):,} characters, or with some that are none")
    return raw
