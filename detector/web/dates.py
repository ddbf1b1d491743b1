"""Moments as the pages write them: date, time of day and zone, in an element that machines read, too."""

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from detector.domain.window import utc


def moment(epoch_s: float, timezone: str) -> Markup:
    """A `<time>` element; a zone without a name of its own is told as its distance from UTC.

    >>> print(moment(1774339200, "Europe/Zurich"))
    <time datetime="2026-03-24T08:00:00Z">Tue 24 Mar, 09:00 CET</time>
    """
    at = utc(epoch_s)
    local = at.astimezone(ZoneInfo(timezone))
    words = f"{local:%a} {local.day} {local:%b, %H:%M} {_zone(local)}"
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", words)


def _zone(local: datetime) -> str:
    """
    >>> _zone(utc(1774339200).astimezone(ZoneInfo("Asia/Kathmandu")))
    'UTC+05:45'
    """
    name, offset = f"{local:%Z}", f"{local:%z}"
    return name if name.isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"
