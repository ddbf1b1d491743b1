"""May this person be approached for this purpose by this channel, at this moment?"""

from collections.abc import Iterator, Mapping

from detector.domain.alert import WHY_NOT
from detector.domain.customer import CHANNELS, PURPOSES, Consent, Customers
from detector.domain.policy import CarePolicy

CONSENT, OBLIGATION = "consent", "legal_obligation"
_ANCESTORS = 8  # deeper account trees do not exist, and a circle must end


def bases(policy: CarePolicy, country: str) -> Mapping[str, str]:
    """Purpose -> the lawful basis on which it rests in this country; what the country itself has goes before `*`.

    >>> from detector.domain.policy import LawfulBasis
    >>> everywhere = LawfulBasis("survey", "*", "legitimate_interest")
    >>> bases(CarePolicy(lawful_basis=(everywhere,)), "DE")["survey"], bases(CarePolicy(), "DE")["survey"]
    ('legitimate_interest', 'consent')
    """
    found = dict.fromkeys(PURPOSES, CONSENT)
    for place in ("*", country.upper() or "*"):
        found |= {one.purpose: one.basis for one in policy.lawful_basis if one.country.upper() == place}
    return found


def permission(
    subscriber_key: str, *, customers: Customers, purpose: str, channel: str, at: int, basis: str = CONSENT
) -> str:  # fmt: skip
    """Empty if allowed at `at` (s), else the first reason of WHY_NOT: no_consent, withdrawn or guardian.

    Rows are append-only. Of the holder's rows for the purpose and the channel (a row for `any` is a row for every channel)
    the newest up to `at` counts; of rows of one moment the withdrawal. The most restrictive wins: the person needs a
    granted row; a withdrawal by any account of theirs, or one above it, blocks, and no row there is neutral; a minor's
    guardian must besides be a known adult with permission of their own. Someone who is not known has not consented.
    On another `basis` than consent a missing row is no obstacle; under a legal obligation a withdrawal is none either.

    >>> from detector.domain.customer import Subscriber
    >>> yes = Consent("subscriber", "s1", "survey", "any", "granted", since=10)
    >>> known = Customers({"s1": Subscriber("s1")}, consents=(yes,))
    >>> [permission("s1", customers=known, purpose="survey", channel="sms", at=at) for at in (9, 10)]
    ['no_consent', '']
    """
    person = customers.subscribers.get(subscriber_key)
    if person is None:
        return "no_consent"
    against = "" if basis == OBLIGATION else _against(subscriber_key, customers, purpose, channel, at, basis)
    if against or not person.minor:
        return against
    guardian = customers.subscribers.get(person.guardian)
    if guardian is None or guardian.minor:
        return "guardian"
    told = permission(guardian.key, customers=customers, purpose=purpose, channel=channel, at=at, basis=basis)
    return "guardian" if told else ""


def _against(key: str, customers: Customers, purpose: str, channel: str, at: int, basis: str) -> str:
    """What the person's own rows, and those of their accounts, have against it."""
    own = _state(customers, "subscriber", key, purpose, channel, at)
    if not own and basis == CONSENT:
        return "no_consent"
    if own == "withdrawn":
        return own
    accounts = (_state(customers, "account", one, purpose, channel, at) for one in accounts_above(customers, key))
    return "withdrawn" if "withdrawn" in accounts else ""


def objected(subscriber_key: str, *, customers: Customers, purpose: str, at: int) -> bool:
    """Withdrawn, by whatever channel, by the person, an account of theirs or one above it, or a minor's guardian. No row is
    no objection."""
    person = customers.subscribers.get(subscriber_key)
    keys = [subscriber_key, *([person.guardian] if person and person.minor and person.guardian else [])]
    holders = [("subscriber", key) for key in keys]
    holders += [("account", account) for key in keys for account in accounts_above(customers, key)]
    return any(_state(customers, *holder, purpose, "", at) == "withdrawn" for holder in holders)


def account_objected(account: str, *, customers: Customers, purpose: str, at: int) -> bool:
    """Withdrawn, by whatever channel, by the account or one above it."""
    return any(_state(customers, "account", key, purpose, "", at) == "withdrawn" for key in _upwards(customers, account))


def permitted_channels(
    subscriber_key: str, *, customers: Customers, purposes: tuple[str, ...], at: int,
    lawful: Mapping[str, str] | None = None, among: tuple[str, ...] = CHANNELS,
) -> tuple[tuple[str, ...], str]:  # fmt: skip
    """The channels `among` these that every purpose allows, and if there are none, why: what stands in the way of a purpose
    that no channel allows (the furthest that any channel got), or no_channel if each purpose has a channel but none has all.
    Without any purpose the consent to be contacted is still asked for. `lawful`: see `bases`."""
    on = lawful or {}
    answers = {
        purpose: [
            permission(
                subscriber_key, customers=customers, purpose=purpose, channel=c, at=at, basis=on.get(purpose, CONSENT)
            )
            for c in among
        ]
        for purpose in purposes or ("proactive_contact",)
    }
    channels = tuple(c for i, c in enumerate(among) if not any(answer[i] for answer in answers.values()))
    blocked = [max(answer, key=WHY_NOT.index) for answer in answers.values() if all(answer)]
    if channels:
        return channels, ""
    return (), min(blocked, key=WHY_NOT.index) if blocked else "no_channel"


def _state(customers: Customers, kind: str, holder: str, purpose: str, channel: str, at: int) -> str:
    """granted, withdrawn, or empty for no row. What is not plainly granted counts as withdrawn."""
    rows = customers.consents_of.get((kind, holder), ())
    newest = max((_rank(row) for row in rows if _speaks_of(row, purpose, channel, at)), default=None)
    if newest is None:
        return ""
    return "withdrawn" if newest[1] else "granted"


def _rank(row: Consent) -> tuple[int, bool]:
    return row.since, row.state != "granted"


def _speaks_of(row: Consent, purpose: str, channel: str, at: int) -> bool:
    """An empty `channel`: any row."""
    return row.purpose == purpose and (not channel or row.channel in (channel, "any", "")) and row.since <= at


def accounts_above(customers: Customers, subscriber_key: str) -> Iterator[str]:
    """The person's accounts and those above them."""
    for account in customers.accounts_of.get(subscriber_key, ()):
        yield from _upwards(customers, account)


def _upwards(customers: Customers, account_key: str) -> Iterator[str]:
    """The account and those above it; a circle ends where it began."""
    key, seen = account_key, set[str]()
    while key and key not in seen and len(seen) < _ANCESTORS:
        yield key
        seen.add(key)
        account = customers.accounts.get(key)
        key = account.parent if account else ""
