"""May this person be approached for this purpose by this channel, at this moment?"""

from collections.abc import Iterable, Mapping, Sequence

from detector.domain.alert import WHY_NOT
from detector.domain.customer import CHANNELS, PURPOSES, Consent, Customers
from detector.domain.policy import CarePolicy

CONSENT, OBLIGATION = "consent", "legal_obligation"
GRANTED, WITHDRAWN = "granted", "withdrawn"
EVERY = ("any", "")
"""A row for every channel."""


def bases(care_policy: CarePolicy, country: str) -> Mapping[str, str]:
    """Purpose -> the lawful basis on which it rests in this country; what the country itself has goes before `*`.

    >>> from detector.domain.policy import LawfulBasis
    >>> everywhere = LawfulBasis("survey", "*", "legitimate_interest")
    >>> bases(CarePolicy(lawful_basis=(everywhere,)), "DE")["survey"], bases(CarePolicy(), "DE")["survey"]
    ('legitimate_interest', 'consent')
    """
    found = dict.fromkeys(PURPOSES, CONSENT)
    for place in ("*", country.upper() or "*"):
        found |= {one.purpose: one.basis for one in care_policy.lawful_basis if one.country.upper() == place}
    return found


def permission(
    subscriber_key: str, *, customers: Customers, purpose: str, channel: str, at: int, basis: str = CONSENT
) -> str:
    """Empty if allowed at `at` (s), else the first reason of WHY_NOT: no_consent, withdrawn or guardian.

    Rows are append-only. Of the holder's rows for the purpose and the channel (a row for `any` is a row for every channel)
    the newest up to `at` counts; of rows of one moment the withdrawal. The most restrictive wins: the person needs a
    granted row; a withdrawal by any account of theirs, or one above it, blocks, and no row there is neutral; a minor's
    guardian must besides be a known adult with permission of their own. Someone who is not known has not consented.
    On another `basis` than consent a missing row is no obstacle; under a legal obligation a withdrawal is none either.

    >>> from detector.domain.customer import Subscriber
    >>> yes = Consent(holder_kind="subscriber", holder="s1", purpose="survey", channel="any", state="granted", since=10)
    >>> known = Customers({"s1": Subscriber(key="s1")}, consents=(yes,))
    >>> [permission("s1", customers=known, purpose="survey", channel="sms", at=at) for at in (9, 10)]
    ['no_consent', '']
    """
    return _answers(subscriber_key, customers, purpose, (channel,), at, basis)[0]


def _answers(key: str, customers: Customers, purpose: str, channels: tuple[str, ...], at: int, basis: str) -> list[str]:
    """`permission` by each channel."""
    person = customers.subscribers.get(key)
    if person is None:
        return ["no_consent"] * len(channels)
    answers = [""] * len(channels) if basis == OBLIGATION else _against(key, customers, purpose, channels, at, basis)
    if not person.minor or all(answers):
        return answers
    guardian = customers.subscribers.get(person.guardian)
    if guardian is None or guardian.minor:
        return [answer or "guardian" for answer in answers]
    guardian_answers = _answers(guardian.key, customers, purpose, channels, at, basis)
    return [answer or ("guardian" if no else "") for answer, no in zip(answers, guardian_answers, strict=True)]


def _against(key: str, customers: Customers, purpose: str, channels: tuple[str, ...], at: int, basis: str) -> list[str]:
    """What the person's own rows, and those of their accounts, have against it, by each channel."""
    own = _states(customers, "subscriber", key, purpose, channels, at)
    answers = ["no_consent" if not state and basis == CONSENT else state for state in own]
    for account in customers.every_account_of.get(key, ()):
        if ("account", account) not in customers.consents_of:
            continue
        above = _states(customers, "account", account, purpose, channels, at)
        answers = [
            answer if answer == "no_consent" or state != WITHDRAWN else state
            for answer, state in zip(answers, above, strict=True)
        ]
    return ["" if answer == GRANTED else answer for answer in answers]


def objected(subscriber_key: str, *, customers: Customers, purpose: str, at: int) -> bool:
    """Withdrawn, by whatever channel, by the person, an account of theirs or one above it, or a minor's guardian. No row is
    no objection."""
    person = customers.subscribers.get(subscriber_key)
    keys = [subscriber_key, *([person.guardian] if person and person.minor and person.guardian else [])]
    holders = [("subscriber", key) for key in keys]
    holders += [("account", account) for key in keys for account in customers.every_account_of.get(key, ())]
    return any(_state(customers, *holder, purpose, at) == WITHDRAWN for holder in holders)


def account_objected(account: str, *, customers: Customers, purpose: str, at: int) -> bool:
    """Withdrawn, by whatever channel, by the account or one above it."""
    holders = (account, *customers.above.get(account, ()))
    return any(_state(customers, "account", key, purpose, at) == WITHDRAWN for key in holders)


def permitted_channels(
    subscriber_key: str,
    *,
    customers: Customers,
    purposes: tuple[str, ...],
    at: int,
    lawful: Mapping[str, str] | None = None,
    among: tuple[str, ...] = CHANNELS,
) -> tuple[tuple[str, ...], str]:
    """The channels `among` these that every purpose allows, and if there are none, why: what stands in the way of a purpose
    that no channel allows (the furthest that any channel got), or no_channel if each purpose has a channel but none has all.
    Without any purpose the consent to be contacted is still required. `lawful`: see `bases`."""
    on = lawful or {}
    answers = []
    for purpose in purposes or ("proactive_contact",):
        own = _answers(subscriber_key, customers, purpose, among, at, on.get(purpose, CONSENT))
        if all(answer == "no_consent" for answer in own):
            return (), "no_consent"
        answers.append(own)
    channels = tuple(channel for channel, *no in zip(among, *answers, strict=True) if not any(no))
    blocked = [max(own, key=WHY_NOT.index) for own in answers if all(own)]
    if channels:
        return channels, ""
    return (), min(blocked, key=WHY_NOT.index) if blocked else "no_channel"


def _states(customers: Customers, kind: str, holder: str, purpose: str, channels: tuple[str, ...], at: int) -> list[str]:
    """By each channel granted, withdrawn, or empty for no row. What is not plainly granted counts as withdrawn."""
    known = customers.consents_of.get((kind, holder))
    if known is None:
        return [""] * len(channels)
    rows = [row for row in known if row.purpose == purpose and row.since <= at]
    if all(row.channel in EVERY for row in rows):
        return [_newest(rows)] * len(channels)
    return [_newest([row for row in rows if row.channel == channel or row.channel in EVERY]) for channel in channels]


def _state(customers: Customers, kind: str, holder: str, purpose: str, at: int) -> str:
    """The same over all channels."""
    rows = customers.consents_of.get((kind, holder), ())
    return _newest([row for row in rows if row.purpose == purpose and row.since <= at])


def _newest(rows: Sequence[Consent]) -> str:
    """Rows are in order of time."""
    state, since = "", 0
    for row in rows:
        if not (state == WITHDRAWN and row.since == since):
            state, since = GRANTED if row.state == GRANTED else WITHDRAWN, row.since
    return state


def profiled(
    customers: Customers, care_policy: CarePolicy, *, country: str, at: int, among: Iterable[str] | None = None
) -> frozenset[str]:
    """Keys of the people (of `among`, else of everyone) of whom a risk may be estimated: no row for `profiling` means no."""
    basis = bases(care_policy, country)["profiling"]
    keys = customers.subscribers if among is None else among
    return frozenset(
        key
        for key in keys
        if not permission(key, customers=customers, purpose="profiling", channel="any", at=at, basis=basis)
        and not objected(key, customers=customers, purpose="profiling", at=at)
    )
