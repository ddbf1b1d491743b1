"""Times and durations as PM files and tables write them: XML Schema's and ISO 8601's forms, and those of spreadsheets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from detector.domain.window import DAY_S

_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_MIDNIGHT = re.compile(r"([T ])24(:?00){1,2}(\.0+)?(?=$|[Z+-])")
_SHEET = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})[T ,]+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*"
    r"(?P<offset>Z|[+-]\d\d:?\d\d)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})([T ].*)")
SHEET_DATE = r"\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}.*"
"""A regular expression (RE2) of texts in which the day or the month comes first."""
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}", re.ASCII)
DateOrder = Literal["", "day first", "month first"]
LONGEST_S = 7 * DAY_S
"""Longest period of counters. Chosen: those of a week are the longest that element managers write."""
_LONGEST_TEXT = 64
"""Characters of a time or duration. Chosen: a text of a megabyte is none, and costs nothing."""


@dataclass(frozen=True)
class Instant:
    """`seconds` since the epoch; `own`: the text named its offset. `again`: the later moment of the same local time in the
    hour that comes twice, else None."""

    seconds: int
    own: bool
    again: int | None = None


def duration_s(text: str) -> int:
    """Seconds of an xs:duration (XML Schema 2, 3.2.6), or of an ISO 8601 one in weeks.

    ValueError if it is none, is negative or not whole, or counts years or months, whose length varies.

    >>> duration_s("PT900S"), duration_s("PT15M"), duration_s("P1DT1H"), duration_s("P0Y0M0DT0H15M0.000S")
    (900, 900, 90000, 900)
    """
    text = text.strip()
    found = _DURATION.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    parts = {unit: float(n) for unit, n in found.groupdict().items() if n is not None} if found else {}
    if not parts:
        raise ValueError(f"{text[:40]!r} is no duration like PT900S (xs:duration, XML Schema part 2, 3.2.6)")
    if parts.pop("years", 0) or parts.pop("months", 0):
        raise ValueError(f"{text[:40]!r} is no fixed length: years and months vary; write days or seconds")
    try:
        seconds = timedelta(**parts).total_seconds()
    except OverflowError:
        seconds = 0.0
    if seconds <= 0 or seconds != int(seconds):
        raise ValueError(f"{text[:40]!r} is no whole positive number of seconds")
    return int(seconds)


def timestamp_s(text: str, zone: tzinfo = UTC) -> tuple[int, bool]:
    """(whole seconds since the epoch, whether the text named its own offset); see `instant`.

    >>> timestamp_s("2026-03-24T15:00:00+07:00") == timestamp_s("2026-03-24T09:00:00+0100") == (1774339200, True)
    True
    >>> timestamp_s("2026-03-24T08:00:00")
    (1774339200, False)
    """
    at = instant(text, zone)
    return at.seconds, at.own


def instant(text: str, zone: tzinfo = UTC, order: DateOrder = "") -> Instant:
    """The moment of a full date and time; `zone` is taken where the text names no offset.

    `order`: which comes first in 03/04/2026; between dots it is the day. ValueError for anything else, for a date that may
    be read in two ways, and for a local time that the clocks skip.
    """
    text = text.strip()
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"{text[:40]!r}... is no time like 2026-03-24T08:15:00+01:00")
    at = _iso(text) or _sheet(text, order)
    try:
        if at.tzinfo is not None:
            return Instant(int(at.timestamp() // 1), True)
        first, again = (int(at.replace(tzinfo=zone, fold=fold).timestamp() // 1) for fold in (0, 1))
    except OverflowError as error:  # the first and the last day of the calendar, in some time zones
        raise ValueError(f"{text[:40]!r} is beyond the calendar") from error
    if first > again:  # by the rules of before the gap it is later than by those of after it
        raise ValueError(f"{text[:40]!r} does not exist in {zone}: the clocks skip it")
    return Instant(first, False, again if again > first else None)


def whole_time(text: str) -> str:
    """A date alone as the moment at which it begins; any other text as it stands.

    >>> whole_time("2026-03-24"), whole_time("24.03.2026"), whole_time("2026-03-24T08:00Z")
    ('2026-03-24 00:00', '24.03.2026 00:00', '2026-03-24T08:00Z')
    """
    return f"{text.strip()} 00:00" if _DATE.fullmatch(text.strip()) else text


def _iso(text: str) -> datetime | None:
    """ISO 8601, with 24:00 for the end of a day."""
    if len(text) < 13:
        return None
    if year_first := _YEAR_FIRST.fullmatch(text):
        text = f"{year_first[1]}-{int(year_first[2]):02d}-{int(year_first[3]):02d}{year_first[4]}"
    midnight = _MIDNIGHT.sub(r"\g<1>00:00:00", text)
    try:
        at = datetime.fromisoformat(midnight)
    except ValueError:
        return None
    try:
        return at + timedelta(days=1) if midnight != text else at
    except OverflowError:
        return None


def _sheet(text: str, order: DateOrder) -> datetime:
    """A date as spreadsheets write it."""
    found = _SHEET.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is no time like 2026-03-24T08:15:00+01:00")
    order = "day first" if found["mark"] == "." else order
    if not order:
        raise ValueError(f"{text[:40]!r}: day or month first? no value of its column tells; write 2026-03-24T08:15:00Z")
    day, month = (found["first"], found["second"]) if order == "day first" else (found["second"], found["first"])
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"][0] in "pP") if 0 < hour <= 12 else 99
    try:
        naive = datetime(int(found["year"]), int(month), int(day), hour, int(found["minute"]), int(found["s"] or 0))  # noqa: DTZ001
        return datetime.fromisoformat(naive.isoformat() + (found["offset"] or ""))
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is no time if the {order.replace(' first', '')} comes first") from error


def date_order(texts: Iterable[str]) -> DateOrder:
    """Which comes first in dates like 03/04/2026, by a whole column: "" if none shows it, or they contradict each other.

    >>> date_order(["03/04/2026 08:00", "13/04/2026 08:00"]), date_order(["03/04/2026 08:00"])
    ('day first', '')
    """
    found = [match for text in texts if (match := _SHEET.fullmatch(text.strip())) and match["mark"] != "."]
    day, month = any(int(m["first"]) > 12 for m in found), any(int(m["second"]) > 12 for m in found)
    return "" if day == month else "day first" if day else "month first"


def is_day_first_by_dots(text: str) -> bool:
    """Whether this is a date like 24.03.2026 08:15, in which the day comes first wherever it is used."""
    found = _SHEET.fullmatch(text.strip())
    return found is not None and found["mark"] == "."
