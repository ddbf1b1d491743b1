"""Accounts month by month: affected lines, minutes of the service level used, and how the account has fared."""

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field
from math import exp, log1p

from detector.domain.customer import Account
from detector.domain.experience import Experience
from detector.domain.impact import Listing
from detector.impact.accounts import allowed_minutes
from detector.impact.experience import index_at
from detector.reports.periods import period_of
from detector.reports.report import Column, Past, Report, ReportKind, Value, few, rounded_people, withdrawal_note

TITLE = "Accounts: affected lines and minutes of the service level, by month"
COLUMNS = (
    Column("period", "Month"),
    Column("account", "Account"),
    Column("kind", "Kind"),
    Column("tier", "Tier"),
    Column("care_team", "Care team"),
    Column("lines", "Lines", "people"),
    Column("affected", "Affected lines", "people"),
    Column("share", "Share", "share"),
    Column("incidents", "Incidents", "count"),
    Column("index", "Index", "index"),
    Column("sla", "Service level"),
    Column("minutes_allowed", "Minutes allowed", "count"),
    Column("minutes_used", "Minutes used", "hours"),
)
SMALL = "(small accounts)"
_SURE = 1 - 1e-9
"""Largest chance in a product of complements. Chosen: its logarithm stays finite."""


@dataclass
class _Month:
    """One account's month."""

    spared: dict[str, float] = field(default_factory=dict)
    incidents: set[str] = field(default_factory=set)
    days: list[Experience] = field(default_factory=list)

    @property
    def affected(self) -> float:
        return sum(1.0 - exp(left) for left in self.spared.values())

    def add(self, one: Listing) -> None:
        chance = min(one.probability, _SURE)
        self.spared[one.subscriber] = self.spared.get(one.subscriber, 0.0) + log1p(-chance)
        self.incidents.add(one.incident_id)


def accounts(past: Past) -> Report:
    """A row per month and account, the largest share of affected lines first; months are the calendar's, as service
    levels are. Accounts of which fewer lines than the privacy floor exist or suffer are summed up by kind."""
    months = _months(past)
    named = [key for key, one in months.items() if not _small(key[1], one, past)]
    rows = [_row(*key, months[key], past) for key in named]
    small: dict[tuple[str, str], list[tuple[str, _Month]]] = defaultdict(list)
    for (period, account), one in months.items():
        if (period, account) not in named:
            small[period, _account(account, past).kind].append((account, one))
    rows += [_summed(period, kind, own, past) for (period, kind), own in small.items()]
    notes = (
        f"Accounts with fewer than {past.floor} lines, or affected lines, are summed up by kind.",
        "Minutes used: degraded minutes of the month, a mean over all lines of the account and of those below it.",
        *withdrawal_note(past),
    )
    return Report("accounts", TITLE, COLUMNS, tuple(sorted(rows, key=_worst_first)), notes)


def _months(past: Past) -> dict[tuple[str, str], _Month]:
    """(month, account) -> what happened to its lines."""
    begun = {i.incident_id: i.started_at for i in past.incidents if i.state != "merged"}
    months: dict[tuple[str, str], _Month] = defaultdict(_Month)
    for one in sorted(past.listings, key=lambda one: (one.incident_id, one.subscriber)):
        if one.incident_id not in begun:
            continue
        month = period_of(max(begun[one.incident_id], past.window.start), "month", past.timezone)
        for account in past.customers.every_account_of.get(one.subscriber, ()):
            months[month, account].add(one)
    for row in sorted(past.experience, key=lambda row: (row.day, row.holder)):
        key = (period_of(row.day, "month", past.timezone), row.holder)
        if row.holder_kind == "account" and key in months:
            months[key].days.append(row)
    return months


def _account(key: str, past: Past) -> Account:
    return past.customers.accounts.get(key, Account(key, ""))


def _small(account: str, one: _Month, past: Past) -> bool:
    return few(past.customers.lines.get(account, 0), past.floor) or few(one.affected, past.floor)


def _row(period: str, account: str, one: _Month, past: Past) -> tuple[Value, ...]:
    known, lines = _account(account, past), past.customers.lines[account]
    allowed = allowed_minutes(known.sla, _days_in(period)) if known.sla else None
    used = round(sum(day.degraded_s for day in one.days) / lines / 60, 1) if one.days else None
    index = index_at(max(day.day for day in one.days), one.days, lines) if one.days else None
    return (
        period,
        account,
        known.kind,
        known.tier,
        known.care_team,
        rounded_people(lines, past.floor),
        rounded_people(one.affected, past.floor),
        round(min(one.affected / lines, 1.0), 3),
        len(one.incidents),
        index,
        known.sla,
        allowed,
        used,
    )


def _summed(period: str, kind: str, own: list[tuple[str, _Month]], past: Past) -> tuple[Value, ...]:
    lines = sum(past.customers.lines.get(account, 0) for account, _ in own)
    affected = sum(one.affected for _, one in own)
    incidents = frozenset[str]().union(*(one.incidents for _, one in own))
    share = None if few(affected, past.floor) else round(min(affected / lines, 1.0), 3)
    return (
        period,
        SMALL,
        kind,
        "",
        "",
        rounded_people(lines, past.floor),
        rounded_people(affected, past.floor),
        share,
        len(incidents),
        None,
        "",
        None,
        None,
    )


def _days_in(month: str) -> int:
    """
    >>> _days_in("2026-02"), _days_in("2026-12")
    (28, 31)
    """
    year, number = map(int, month.split("-"))
    return monthrange(year, number)[1]


def _worst_first(row: tuple[Value, ...]) -> tuple[object, ...]:
    share = row[7]
    return row[0], row[1] == SMALL, -share if isinstance(share, float) else 0.0, row[1], row[2]


REPORT = ReportKind(name="accounts", title=TITLE, make=accounts, needs=("incidents", "listings", "experience"))
