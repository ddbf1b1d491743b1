"""Records of the operations centre: works, events, alarms and tickets. Times in s since the epoch."""

from dataclasses import dataclass

from detector.domain.cell import Topology
from detector.domain.window import HOUR_S, Window

GATHERING_S, AFTERMATH_S = 1_800, 2 * HOUR_S
"""People gather so long before an event, and are on their way home so long after it."""


@dataclass(frozen=True)
class Maintenance:
    """Declared works; `status` is planned, active, finished or cancelled."""

    scope_kind: str
    scope_id: str
    window: Window
    reason: str = ""
    status: str = "planned"
    actual_end: int | None = None

    @property
    def effective(self) -> Window | None:
        """When it really holds: until the actual end if that is known; never if cancelled."""
        if self.status == "cancelled":
            return None
        end = self.actual_end if self.actual_end is not None else self.window.end
        return Window(self.window.start, max(end, self.window.start))


@dataclass(frozen=True)
class CalendarEvent:
    """A holiday or an event (match, concert) that changes how people move."""

    scope_kind: str
    scope_id: str
    window: Window
    name: str
    kind: str

    @property
    def around(self) -> Window:
        """The window of the event, with the time in which people gather and leave."""
        return Window(self.window.start - GATHERING_S, self.window.end + AFTERMATH_S)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An equipment alarm (ITU-T X.733)."""

    alarm_id: str
    object_kind: str
    object_id: str
    raised_at: int
    cleared_at: int | None = None
    severity: str = ""
    probable_cause: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """The operations centre's own ticket; `eta` is its promise (s), if it gave one."""

    ticket_id: str
    object_kind: str
    object_id: str
    opened_at: int
    closed_at: int | None = None
    status: str = ""
    eta: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Operations:
    """All of it, as known at one moment."""

    maintenance: tuple[Maintenance, ...] = ()
    calendar: tuple[CalendarEvent, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    tickets: tuple[Ticket, ...] = ()

    def held(self, period: Window) -> tuple[Maintenance, ...]:
        """Works that hold in some part of this period."""
        return tuple(m for m in self.maintenance if (w := m.effective) is not None and w.overlaps(period))

    def under_works(self, period: Window, topology: Topology) -> frozenset[str]:
        """Cells and functions that such works touch."""
        return frozenset[str]().union(*(topology.within(m.scope_kind, m.scope_id) for m in self.held(period)))

    def places(self, kind: str, period: Window, topology: Topology) -> frozenset[str]:
        """Cells and functions for which the calendar has a `holiday` or an `event` in this period or near it."""
        near = [e for e in self.calendar if e.kind == kind and e.around.overlaps(period)]
        return frozenset[str]().union(*(topology.within(e.scope_kind, e.scope_id) for e in near))
