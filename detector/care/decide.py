"""What care does for each listed person, or why it may do nothing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from detector.care.consent import permitted_channels
from detector.domain.alert import WHY_NOT, Decision
from detector.domain.customer import Customers, Subscriber
from detector.domain.impact import Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.domain.window import utc

ACTIONS = ("proactive_message", "call", "account_manager_briefing", "none")


@dataclass(frozen=True)
class Reach:
    """May a person's matter be told, to whom, how; `why_not` is the first reason of WHY_NOT that speaks against it."""

    recipient: str
    channels: tuple[str, ...]
    why_not: str


def decide(
    incident: Incident, impact: Impact, *, customers: Customers, timezone: str, now: int, contacted: Mapping[str, int],
    policy: CarePolicy, holdout: Collection[str] = (),
) -> tuple[Decision, ...]:  # fmt: skip
    """One decision per listed person, in the list's order. `contacted`: times in the last 7 days, by subscriber key; what
    is decided here counts too, so a guardian of several is not written to beyond the cap. `holdout`: people who get
    nothing on purpose, so that the effect of care can be measured. Silent incidents lead to no action."""
    counts = dict(contacted)
    decisions = []
    for person in impact.people:
        way = reach(person.subscriber, customers=customers, timezone=timezone, now=now, contacted=counts, policy=policy,
                    holdout=holdout)  # fmt: skip
        decision = _decision(incident, person, way, customers, now, policy)
        if decision.action != "none":
            counts[decision.recipient] = counts.get(decision.recipient, 0) + 1
        decisions.append(decision)
    return tuple(decisions)


def reach(
    subscriber_key: str, *, customers: Customers, timezone: str, now: int, contacted: Mapping[str, int], policy: CarePolicy,
    holdout: Collection[str] = (),
) -> Reach:  # fmt: skip
    """May this person be told at `now`? The recipient of a minor's matter is the guardian."""
    person = customers.subscribers.get(subscriber_key, Subscriber(subscriber_key))
    recipient = person.guardian if person.minor else person.key
    channels, blocked = permitted_channels(subscriber_key, customers=customers, purposes=policy.purposes, at=now)
    against = {
        "quiet_hours": in_quiet_hours(now, timezone, policy),
        "cap": any(contacted.get(key, 0) >= policy.max_contacts_per_week for key in (person.key, recipient)),
        "holdout": person.key in holdout or recipient in holdout,
        blocked: True,
    }
    why_not = next((reason for reason in WHY_NOT if against.get(reason)), "")
    preferred = customers.subscribers.get(recipient, person).preferred_channel
    return Reach(recipient, tuple(sorted(channels, key=lambda c: c != preferred)), why_not)


def in_quiet_hours(at: int, timezone: str, policy: CarePolicy) -> bool:
    """Local time lies in [quiet_from, quiet_to), which may span midnight; equal times mean no quiet hours.

    >>> [in_quiet_hours(h * 3600, "UTC", CarePolicy()) for h in (7, 8, 20, 21)]
    [True, False, False, True]
    """
    local = utc(at).astimezone(ZoneInfo(timezone))
    minute, begin, end = local.hour * 60 + local.minute, _minutes(policy.quiet_from), _minutes(policy.quiet_to)
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes or 0)


def _decision(
    incident: Incident, person: Affected, way: Reach, customers: Customers, now: int, policy: CarePolicy
) -> Decision:  # fmt: skip
    contactable = not way.why_not
    action, channel = "none", ""
    if contactable:
        channel = way.channels[0]
        if person.probability >= policy.contact_above and not incident.silent:
            action, channel = _action(person, way, customers)
    return Decision(
        incident.incident_id, person.subscriber, contactable, way.why_not, action, channel, way.recipient, now
    )  # fmt: skip


def _business_line(person: Affected, customers: Customers) -> bool:
    account = customers.accounts.get(person.account)
    return account is not None and account.kind in ("enterprise", "government")


def _deserves_a_call(person: Affected, customers: Customers) -> bool:
    known = customers.subscribers.get(person.subscriber)
    return known is not None and (known.vip or known.vulnerable)


RULES: tuple[tuple[Callable[[Affected, Customers], bool], str, str], ...] = (
    (_business_line, "account_manager_briefing", ""),
    (_deserves_a_call, "call", "call"),
)
"""(who, action, channel it needs or empty for the best permitted one): first match wins, else a proactive message."""


def _action(person: Affected, way: Reach, customers: Customers) -> tuple[str, str]:
    for applies, action, channel in RULES:
        if applies(person, customers) and (not channel or channel in way.channels):
            return action, channel or way.channels[0]
    return "proactive_message", way.channels[0]
