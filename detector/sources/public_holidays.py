"""Public holidays of the operator's country, for every day that its own calendar does not list."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from detector.domain.finding import Findings
from detector.domain.operations import CalendarEvent
from detector.domain.window import Window, epoch, utc


def public_holidays(
    country: str, zone: tzinfo, listed: Sequence[CalendarEvent], now: float, findings: Findings
) -> tuple[CalendarEvent, ...]:
    """Local days of last year, this one and the next, network-wide, of kind `holiday`.

    `country`: an ISO 3166 code or name, with a region after a dash (`DE-BY`); empty = none, unknown = none and a finding. A
    day that a network-wide row of `listed` touches is left to that row.
    """
    if not country:
        return ()
    year = utc(now).year
    try:
        named = [day for one in (year - 1, year, year + 1) for day in _named(country, one)]
    except (NotImplementedError, ValueError):
        example = f"no public holidays are known of {country!r}: write the ISO 3166 code, or list them in calendar.csv"
        findings.add("unknown_country", "operator.toml", example)
        return ()
    taken = [event.window for event in listed if event.scope_kind == "network"]
    days = [(_local_day(day, zone), name) for day, name in named]
    return tuple(
        CalendarEvent("network", "*", day, name, "holiday") for day, name in days if not any(day.overlaps(t) for t in taken)
    )


@lru_cache(maxsize=64)
def _named(country: str, year: int) -> tuple[tuple[date, str], ...]:
    """(day, name) in order, names in English whatever the locale. NotImplementedError if they are not known."""
    import holidays  # only where a country is named

    code, _, region = country.strip().partition("-")
    code = code.upper() if len(code) < 4 else code
    found = holidays.country_holidays(code, subdiv=region.upper() or None, years=year, language="en_US")
    return tuple(sorted(found.items()))


def _local_day(day: date, zone: tzinfo) -> Window:
    midnight, after = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return Window(epoch(midnight), epoch(after))
