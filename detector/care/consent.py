"""May this person be approached for this purpose by this channel, at this moment?"""

from collections.abc import Iterator

from detector.domain.alert import WHY_NOT
from detector.domain.customer import CHANNELS, Consent, Customers

_ANCESTORS = 8  # deeper account trees do not exist, and a circle must end


def permission(subscriber_key: str, *, customers: Customers, purpose: str, channel: str, at: int) -> str:
    """Empty if allowed at `at` (s), else the first reason of WHY_NOT: no_consent, withdrawn or guardian.

    Rows are append-only. Of the holder's rows for the purpose and the channel (a row for `any` is a row for every channel)
    the newest up to `at` counts; of rows of one moment the withdrawal. The most restrictive wins: the person needs a
    granted row; a withdrawal by any account of theirs, or one above it, blocks, and no row there is neutral; a minor's
    guardian must besides be a known adult with permission of their own. Someone who is not known has not consented.

    >>> from detector.domain.customer import Subscriber
    >>> yes = Consent("subscriber", "s1", "survey", "any", "granted", since=10)
    >>> known = Customers({"s1": Subscriber("s1")}, consents=(yes,))
    >>> [permission("s1", customers=known, purpose="survey", channel="sms", at=at) for at in (9, 10)]
    ['no_consent', '']
    """
    person = customers.subscribers.get(subscriber_key)
    own = _state(customers, "subscriber", subscriber_key, purpose, channel, at)
    if person is None or not own:
        return "no_consent"
    accounts = (_state(customers, "account", key, purpose, channel, at) for key in _accounts(customers, subscriber_key))
    if own == "withdrawn" or "withdrawn" in accounts:
        return "withdrawn"
    if not person.minor:
        return ""
    guardian = customers.subscribers.get(person.guardian)
    if guardian is None or guardian.minor:
        return "guardian"
    told = permission(guardian.key, customers=customers, purpose=purpose, channel=channel, at=at)
    return "guardian" if told else ""


def permitted_channels(
    subscriber_key: str, *, customers: Customers, purposes: tuple[str, ...], at: int
) -> tuple[tuple[str, ...], str]:
    """The channels that every purpose allows, and if there are none, why: what stands in the way of a purpose that no
    channel allows (the furthest that any channel got), or no_channel if each purpose has a channel but none has all. Without
    any purpose the consent to be contacted is still asked for."""
    answers = {
        purpose: [permission(subscriber_key, customers=customers, purpose=purpose, channel=c, at=at) for c in CHANNELS]
        for purpose in purposes or ("proactive_contact",)
    }
    channels = tuple(c for i, c in enumerate(CHANNELS) if not any(answer[i] for answer in answers.values()))
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
    return row.purpose == purpose and row.channel in (channel, "any", "") and row.since <= at


def _accounts(customers: Customers, subscriber_key: str) -> Iterator[str]:
    """The person's accounts and those above them."""
    for account_key in customers.accounts_of.get(subscriber_key, ()):
        key = account_key
        for _ in range(_ANCESTORS):
            yield key
            account = customers.accounts.get(key)
            if account is None or not account.parent:
                break
            key = account.parent
