"""Local times of the operator and lengths of time, as text."""

from datetime import datetime
from zoneinfo import ZoneInfo

from detector.domain.window import utc


def local(at: float, timezone: str) -> datetime:
    return utc(at).astimezone(ZoneInfo(timezone))


def clock(at: float, timezone: str, *, now: float | None = None) -> str:
    """Time of day and zone, with the date if it is not today's (no `now`: always).

    >>> clock(1774339200, "Europe/Zurich", now=1774342800), clock(1774339200, "UTC", now=1774942800)
    ('09:00 CET', 'Tue 24 Mar, 08:00 UTC')
    """
    then = local(at, timezone)
    dated = now is None or then.date() != local(now, timezone).date()
    return (f"{then:%a} {then.day} {then:%b}, " if dated else "") + f"{then:%H:%M} {zone(then)}"


def stamp(at: float, timezone: str) -> str:
    """Date, time of day and zone, to be sorted and pasted.

    >>> stamp(1774339200, "Europe/Zurich")
    '2026-03-24 09:00 CET'
    """
    then = local(at, timezone)
    return f"{then:%Y-%m-%d %H:%M} {zone(then)}"


def zone(then: datetime) -> str:
    """What people there call it; the distance from UTC where they call it nothing.

    >>> zone(local(1774339200, "Europe/Zurich")), zone(local(1774339200, "Asia/Kathmandu"))
    ('CET', 'UTC+5:45')
    """
    name = then.tzname() or "UTC"
    if name.isalpha():
        return name
    offset = then.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    hours, left = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{left:02}" if left else "")


def duration(seconds: float) -> str:
    """
    >>> duration(59), duration(2700), duration(9000), duration(7200), duration(200000)
    ('under a minute', '45 min', '2 h 30 min', '2 h', '2 d 7 h')
    """
    minutes = max(0, int(seconds)) // 60
    if minutes < 60:
        return f"{minutes} min" if minutes else "under a minute"
    large, small, units = (minutes // 60, minutes % 60, ("h", "min"))
    if large >= 48:
        large, small, units = (large // 24, large % 24, ("d", "h"))
    return f"{large} {units[0]}" + (f" {small} {units[1]}" if small else "")


def signed_duration(seconds: float) -> str:
    """`duration` of either sign.

    >>> signed_duration(1500), signed_duration(-5400), signed_duration(-20)
    ('25 min', '-1 h 30 min', 'under a minute')
    """
    return f"{'-' if seconds <= -60 else ''}{duration(abs(seconds))}"


def lead_time(seconds: float) -> str:
    """Ahead of the first complaint (positive), or behind it.

    >>> lead_time(2820), lead_time(-300), lead_time(20)
    ('47 min before the first complaint', '5 min after the first complaint', 'within a minute of the first complaint')
    """
    if abs(seconds) < 60:
        return "within a minute of the first complaint"
    return f"{duration(abs(seconds))} {'before' if seconds > 0 else 'after'} the first complaint"
