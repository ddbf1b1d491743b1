"""Whether a person may be contacted, who receives it, and by which channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from detector.care.consent import permitted_channels
from detector.care.decision_context import DecisionContext
from detector.domain.customer import Subscriber
from detector.domain.policy import CarePolicy
from detector.domain.window import DAY_S as DAY_S
from detector.domain.window import WEEK_S as WEEK_S
from detector.domain.window import utc


@dataclass(frozen=True)
class Reach:
    """Whether a person may be contacted, the recipient, the channels; `why_not` is the first reason of WHY_NOT against
    it."""

    recipient: str
    channels: tuple[str, ...]
    why_not: str


def reach(
    subscriber_key: str,
    context: DecisionContext,
    *,
    contacted: Mapping[str, int],
    today: Mapping[str, int] | None = None,
    purposes: tuple[str, ...] | None = None,
    quiet: bool | None = None,
) -> Reach:
    """Whether this person may be contacted at `context.now`. The recipient of a minor's matter is the guardian. `contacted`:
    contacts in the last 7 days, `today` in the last 24 hours, by recipient; `purposes`: instead of [care]'s; `quiet`:
    whether it is quiet hours, if that is known."""
    customers, now, care_policy = context.customers, context.now, context.care_policy
    person = customers.subscribers.get(subscriber_key, Subscriber(key=subscriber_key))
    recipient = person.guardian if person.minor else person.key
    purposes = care_policy.purposes if purposes is None else purposes
    channels, blocked = permitted_channels(
        subscriber_key, customers=customers, purposes=purposes, at=now, lawful=context.lawful
    )
    keys = (person.key, recipient)
    if blocked and blocked != "no_channel":
        why_not = blocked
    elif in_quiet_hours(now, context.timezone, care_policy) if quiet is None else quiet:
        why_not = "quiet_hours"
    elif any(
        contacted.get(key, 0) >= care_policy.max_contacts_per_week
        or (today or {}).get(key, 0) >= care_policy.max_contacts_per_day
        for key in keys
    ):
        why_not = "cap"
    else:
        why_not = blocked
    preferred = customers.subscribers.get(recipient, person).preferred_channel
    return Reach(recipient, tuple(sorted(channels, key=lambda c: c != preferred)), why_not)


def in_quiet_hours(at: int, timezone: str, care_policy: CarePolicy) -> bool:
    """Local time lies in [quiet_from, quiet_to), which may span midnight; equal times mean no quiet hours.

    >>> [in_quiet_hours(h * 3600, "UTC", CarePolicy()) for h in (7, 8, 20, 21)]
    [True, False, False, True]
    """
    local = utc(at).astimezone(ZoneInfo(timezone))
    minute, begin, end = local.hour * 60 + local.minute, _minutes(care_policy.quiet_from), _minutes(care_policy.quiet_to)
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes or 0)
