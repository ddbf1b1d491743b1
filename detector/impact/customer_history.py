"""One customer's past and present day, summed up from kept rows: for rules, for the complaint risk, for service levels."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from detector.domain.experience import CustomerHistory, Experience, Touch
from detector.domain.impact import AccountImpact, Affected
from detector.domain.risk import Burden
from detector.domain.window import DAY_S, WEEK_S
from detector.impact.accounts import allowed_minutes
from detector.impact.experience import index_at


def history_of(
    rows: Sequence[Experience], incidents: Collection[str], touch: Touch, notified_at: int | None, today: int
) -> CustomerHistory:
    """A person's past as of local midnight `today` (s), from the `rows` of its remembered days, the ids of the `incidents`
    by which it has suffered, and when care was last notified of it.

    >>> rows = [Experience(day=day, holder_kind="subscriber", holder="sub_1", index=90.0, degraded_s=60.0, failures=1.0,
    ...     worst=0.5, incidents=1) for day in (0, 9 * DAY_S)]
    >>> history_of(rows, {"inc_1"}, Touch(contacts=2, last_at=5), None, 10 * DAY_S).degraded_s
    60.0
    """
    week = today - WEEK_S
    index = index_at(today, rows)
    return CustomerHistory(
        incidents=len(incidents),
        degraded_s=sum(row.degraded_s for row in rows if row.day > week),
        index=index,
        trend=round(index - index_at(week, rows), 1),
        contacts=touch.contacts,
        last_contact_at=touch.last_at,
        last_notified_at=notified_at,
    )


def burden_of(one: Affected, rows: Sequence[Experience], *, harm: str, contacts: int, today: int, segment: str) -> Burden:
    """What is known of this person's day so far (`rows` of this and earlier days), and what this incident is expected to
    bring: `harm` is one of HARMS, `contacts` the network contacts before local midnight `today` (s)."""
    minutes = {name: seconds / 60 for row in rows if row.day == today for name, seconds in row.by_harm.items()}
    minutes[harm] = max(minutes.get(harm, 0.0), one.degraded_s / 60)
    failures = max([row.failures for row in rows if row.day == today] + [one.failures])
    before = [row for row in rows if row.day < today]
    week = sum(row.degraded_s for row in before if row.day >= today - WEEK_S) / 60
    last = max((row.day for row in before if row.degraded_s > 0), default=None)
    days_since = None if last is None else round((today - last) / DAY_S)
    return Burden(
        minutes=minutes,
        failures=failures,
        week=week,
        incidents=sum(row.incidents for row in before),
        days_since=days_since,
        contacts=contacts,
        segment=segment,
    )


def with_month(one: AccountImpact, rows: Sequence[Experience], days: int) -> AccountImpact:
    """An account of a service level with the minutes per line that its calendar month of `days` days has used, by the
    `rows` of that month, and allows; any other account as it is."""
    if not one.sla:
        return one
    used = sum(row.degraded_s for row in rows) / one.lines / 60
    return replace(one, sla_minutes_month=round(used, 2), sla_minutes_allowed=allowed_minutes(one.sla, days))
