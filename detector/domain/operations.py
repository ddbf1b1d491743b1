"""What the operations centre knows by itself: works, events, alarms and tickets. Times in s since the epoch."""

from dataclasses import dataclass

from detector.domain.window import Window

GATHERING_S, AFTERMATH_S = 1_800, 2 * 3_600
"""So long before an event its crowd comes, and so long after it is on its way home."""


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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
