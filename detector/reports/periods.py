"""Rows over time are summed up by the operator's own days, weeks and months."""

from datetime import datetime
from zoneinfo import ZoneInfo


def period_of(at: int, step: str, timezone: str) -> str:
    """The local day, ISO 8601 week or month that holds `at` (s).

    >>> [period_of(1774339200, step, "Europe/Zurich") for step in ("day", "week", "month")]
    ['2026-03-24', '2026-W13', '2026-03']
    """
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    if step == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{local:%Y-%m-%d}" if step == "day" else f"{local:%Y-%m}"
