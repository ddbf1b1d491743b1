"""alarms, tickets, maintenance and calendar of an operator dataset: nothing is given before it was known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from detector.domain.finding import Findings
from detector.domain.operations import Alarm, CalendarEvent, Maintenance, Operations, Ticket
from detector.domain.window import Window, epoch
from detector.sources.last_good import ReadTable
from detector.sources.public_holidays import public_holidays
from detector.sources.records import Record, table
from detector.sources.timeline import Timeline

STEMS = ("alarms", "tickets", "maintenance", "calendar")
SCOPES = ("network", "region", "tac", "site", "node", "cell", "nf")
STATUSES = ("planned", "active", "finished", "cancelled")
_NEW_YEARS = tuple(epoch(datetime(year, 1, 1, tzinfo=UTC)) for year in range(2000, 2100))
"""When other public holidays come into sight."""


def operations(
    root: Path, zone: tzinfo, findings: Findings, country: str = "", read: ReadTable = table
) -> Timeline[Operations]:
    """Alarms and tickets from the moment they are raised; works and events are plans, known ahead, and so are the public
    holidays of the country."""
    object_ = ("alarm_id", "object_kind", "object_id", "raised_at")
    alarms = read(root, "alarms", object_, _alarm, zone, findings)
    tickets = read(root, "tickets", ("ticket_id", "opened_at"), _ticket, zone, findings)
    scope = ("scope_kind", "scope_id", "start", "end")
    works = read(root, "maintenance", scope, _maintenance, zone, findings)
    calendar = tuple(read(root, "calendar", (*scope, "name", "kind"), _event, zone, findings))

    def known(now: float) -> tuple[CalendarEvent, ...]:
        return calendar + public_holidays(country, zone, calendar, now, findings)

    return over_time(alarms, tickets, works, known, also=_NEW_YEARS)


def over_time(
    alarms: Sequence[Alarm],
    tickets: Sequence[Ticket],
    works: Sequence[Maintenance],
    calendar: Callable[[float], tuple[CalendarEvent, ...]],
    also: Iterable[int] = (),
) -> Timeline[Operations]:
    """What was known of these at each moment; the calendar changes at `also` (s) only."""
    raised = sorted(alarms, key=lambda a: a.raised_at)
    opened = sorted(tickets, key=lambda t: t.opened_at)

    def build(now: float) -> Operations:
        return Operations(
            maintenance=tuple(_works_at(m, now) for m in works),
            calendar=calendar(now),
            alarms=tuple(_alarm_at(a, now) for a in raised if a.raised_at <= now),
            tickets=tuple(_ticket_at(t, now) for t in opened if t.opened_at <= now),
        )

    changes = [at for a in raised for at in (a.raised_at, a.cleared_at)]
    changes += [at for t in opened for at in (t.opened_at, t.closed_at)]
    changes += [at for m in works for at in (m.window.start, m.window.end, m.actual_end)]
    return Timeline([*changes, *also], build)


def _alarm_at(alarm: Alarm, now: float) -> Alarm:
    return replace(alarm, cleared_at=None) if (alarm.cleared_at or 0) > now else alarm


def _ticket_at(ticket: Ticket, now: float) -> Ticket:
    return replace(ticket, closed_at=None, status="open") if (ticket.closed_at or 0) > now else ticket


def _works_at(works: Maintenance, now: float) -> Maintenance:
    """The actual end, and that it is finished, are known only afterwards."""
    ended = works.actual_end if works.actual_end is not None else works.window.end
    if ended <= now:
        return works
    status = ("active" if works.window.start <= now else "planned") if works.status == "finished" else works.status
    return replace(works, actual_end=None, status=status)


def _alarm(row: Record) -> Alarm:
    return Alarm(
        alarm_id=row.needed("alarm_id"),
        object_kind=row.needed("object_kind"),
        object_id=row.needed("object_id"),
        raised_at=row.needed_time("raised_at"),
        cleared_at=row.time("cleared_at"),
        severity=row.text("severity"),
        probable_cause=row.text("probable_cause"),
        text=row.text("text"),
    )


def _ticket(row: Record) -> Ticket:
    return Ticket(
        ticket_id=row.needed("ticket_id"),
        object_kind=row.text("object_kind"),
        object_id=row.text("object_id"),
        opened_at=row.needed_time("opened_at"),
        closed_at=row.time("closed_at"),
        status=row.text("status"),
        eta=row.time("eta"),
        text=row.text("text"),
    )


def _maintenance(row: Record) -> Maintenance:
    status = row.one_of("status", STATUSES) if row.text("status") else "planned"
    kind = row.one_of("scope_kind", SCOPES)
    return Maintenance(kind, row.text("scope_id"), _window(row), row.text("reason"), status, row.time("actual_end"))


def _event(row: Record) -> CalendarEvent:
    return CalendarEvent(
        row.needed("scope_kind"), row.text("scope_id"), _window(row), row.needed("name"), row.needed("kind")
    )


def _window(row: Record) -> Window:
    return Window(row.needed_time("start"), row.needed_time("end"))
