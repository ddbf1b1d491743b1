"""How a page says things: times where the operator lives, durations, counts, causes."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil, log10
from zoneinfo import ZoneInfo

from detector.care.privacy import shown
from detector.domain.window import utc

TROUBLES: Mapping[str, str] = {
    "outage": "No service",
    "sleeping": "Silent: traffic has gone",
    "accessibility": "Connections fail",
    "retainability": "Calls and sessions drop",
    "mobility": "Calls drop on the move",
    "integrity": "Data is slow",
    "drift": "Slowly getting worse",
    "congestion": "Overloaded",
    "core": "Core network trouble",
    "no_data": "No measurements",
}
PLACES: Mapping[str, str] = {
    "cell": "cell", "site": "site", "node": "base station", "edge": "transport", "tac": "tracking area",
    "region": "region", "software": "software release", "nf": "core function", "network": "the whole network",
}  # fmt: skip
SUPPRESSED: Mapping[str, str] = {"maintenance": "declared maintenance", "silenced": "silenced by an operator"}
HELD: Mapping[str, str] = {
    "unsure": "not sure enough yet", "capacity": "its team has no room this hour", "late": "its team had no room in time",
}  # fmt: skip
"""Why no care team is told of an incident yet."""
WITHHELD: Mapping[str, str] = {
    "no_consent": "gave no consent",
    "withdrawn": "withdrew consent",
    "guardian": "minors without a reachable guardian",
    "quiet_hours": "quiet hours now",
    "cap": "contacted enough this week",
    "holdout": "comparison group",
    "no_channel": "no channel to reach them",
}
ACCOUNT_KINDS: Mapping[str, str] = {
    "consumer": "private", "family": "family", "enterprise": "business", "government": "public authority",
}  # fmt: skip


def headline(kind: str, root_kind: str, root_id: str) -> str:
    """
    >>> headline("accessibility", "site", "s010"), headline("core", "network", "*")
    ('Connections fail at site s010', 'Core network trouble in the whole network')
    """
    return f"{TROUBLES.get(kind, kind)} {'in' if root_kind == 'network' else 'at'} {place(root_kind, root_id)}"


def place(root_kind: str, root_id: str) -> str:
    words = PLACES.get(root_kind, root_kind)
    return words if root_kind == "network" else f"{words} {root_id}"


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


def count(people: float, *, floor: int) -> str:
    """
    >>> count(2311.4, floor=5), count(3, floor=5)
    ('2,310', 'fewer than 5')
    """
    told = shown(people, floor)
    return f"fewer than {floor}" if told is None else f"{told:,}"


def chance(p: float) -> str:
    """
    >>> chance(0.25), chance(0.004), chance(3e-12), chance(0.0)
    ('25 %', '0.4 %', '3 in 10^12', 'none')
    """
    if p >= 1e-4:
        return f"{p * 100:.3g} %"
    if p <= 0:
        return "none"
    exponent = ceil(-log10(p) - 1e-9)
    return f"{p * 10**exponent:.0f} in 10^{exponent}"


def quantity(number: float) -> str:
    """A count as measured: whole where it is whole.

    >>> quantity(11180.0), quantity(0.25)
    ('11,180', '0.25')
    """
    return f"{number:,.0f}" if number == round(number) or abs(number) >= 100 else f"{number:,.2f}"


def local(epoch_s: float, timezone: str) -> datetime:
    return utc(epoch_s).astimezone(ZoneInfo(timezone))


def clock(epoch_s: float, timezone: str, *, now: float) -> str:
    """The time of day, with the date if it was another day.

    >>> clock(1774339200, "Europe/Zurich", now=1774342800), clock(1774339200, "UTC", now=1774942800)
    ('09:00', 'Tue 24 Mar, 08:00')
    """
    at, today = local(epoch_s, timezone), local(now, timezone)
    return at.strftime("%H:%M") if at.date() == today.date() else at.strftime("%a %-d %b, %H:%M")
