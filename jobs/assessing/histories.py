"""What is known of people's past: for rules, risk and agents."""

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from detector.care.context import Context, context_of
from detector.domain.customer import Customers
from detector.domain.experience import CustomerHistory, Experience
from detector.domain.impact import AccountImpact
from detector.domain.window import Window
from detector.impact import left_out
from detector.impact.accounts import allowed_minutes
from detector.impact.experience import REMEMBERED_DAYS, index_at, local_days
from detector.store import Store
from detector.store.experience import Touch

_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S
OF_THE_PAST = frozenset({"incidents_28_days", "contacts_28_days", "experience", "trend"})
"""Conditions of rules that ask for a history."""


def histories(
    store: Store, people: Collection[str], *, now: int, timezone: str, besides: str = ""
) -> Mapping[str, CustomerHistory]:
    """What is known of each person's past, all in a few queries; `besides` (an incident id) is not counted as past."""
    since = now - REMEMBERED_DAYS * _DAY_S
    today = next(local_days(Window(now, now + 1), timezone)).start
    lived = store.experience.of(people, Window(since - 8 * _DAY_S, now))
    listed, contacts = store.experience.incidents_of(people, since), store.experience.contacts_of(people, since)
    told = store.experience.told_of(people)
    return {
        person: _history(
            lived.get(("subscriber", person), []),
            listed.get(person, frozenset()) - {besides},
            contacts.get(person, Touch()),
            told.get(person),
            today,
        )
        for person in people
    }


def _history(
    rows: list[Experience], incidents: Collection[str], touch: Touch, told_at: int | None, today: int
) -> CustomerHistory:
    week = today - 7 * _DAY_S
    index = index_at(today, rows)
    return CustomerHistory(
        incidents=len(incidents),
        degraded_s=sum(row.degraded_s for row in rows if row.day > week),
        index=index,
        trend=round(index - index_at(week, rows), 1),
        contacts=touch.contacts,
        last_contact_at=touch.last_at,
        last_notified_at=told_at,
    )


def contexts(
    store: Store, customers: Customers, people: Collection[str], *, now: int, timezone: str, besides: str = ""
) -> Mapping[str, Context]:
    """What an agent needs to know of each of these people beside the incident `besides`. For a page of them, not for all."""
    known = histories(store, people, now=now, timezone=timezone, besides=besides)
    listed = store.experience.incidents_of(people, now - REMEMBERED_DAYS * _DAY_S)
    named = {i.incident_id: i for i in store.incidents.named(frozenset().union(*listed.values()) - {besides})}
    out, since = left_out(customers, now, people), now - _YEAR_S
    return {
        person: context_of(
            person,
            customers,
            now=now,
            interactions=store.interactions.of(person, since),
            said=store.communications.about(person, since),
            events=store.interactions.events_of(person, since),
            incidents=[named[name] for name in listed.get(person, ()) if name in named],
            history=known[person],
            left_out=person in out,
        )
        for person in people
    }


def with_service_levels(
    store: Store, accounts: Sequence[AccountImpact], *, now: int, timezone: str
) -> tuple[AccountImpact, ...]:
    """Those of a service level with the minutes that their calendar month has used, as far as kept, and allows."""
    local = datetime.fromtimestamp(now, ZoneInfo(timezone))
    month = Window(int(local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()), now + 1)
    days = monthrange(local.year, local.month)[1]
    lived = store.experience.of([one.account for one in accounts if one.sla], month)
    return tuple(_with_month(one, lived.get(("account", one.account), ()), days) for one in accounts)


def _with_month(one: AccountImpact, rows: Sequence[Experience], days: int) -> AccountImpact:
    if not one.sla:
        return one
    used = sum(row.degraded_s for row in rows) / one.lines / 60
    return replace(one, sla_minutes_month=round(used, 2), sla_minutes_allowed=allowed_minutes(one.sla, days))
