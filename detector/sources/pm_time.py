"""Times and durations as PM files write them (ISO 8601 in all the spellings seen)."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def duration_s(text: str) -> int:
    """Seconds of an ISO 8601 duration without years and months; ValueError if it is none, or not a whole positive number.

    >>> duration_s("PT900S"), duration_s("PT15M"), duration_s("PT1H"), duration_s("P1DT1H")
    (900, 900, 3600, 90000)
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text.strip()[:40]!r} is no duration like PT900S")
    seconds = timedelta(**{unit: float(n) for unit, n in found.groupdict().items() if n}).total_seconds()
    if seconds <= 0 or seconds != int(seconds):
        raise ValueError(f"{text.strip()[:40]!r} is no whole positive number of seconds")
    return int(seconds)


def timestamp_s(text: str, zone: tzinfo = UTC) -> tuple[int, bool]:
    """(whole seconds since the epoch, whether the text named its own offset); `zone` is taken where it did not.

    ValueError for anything but a full date and time.

    >>> timestamp_s("2026-03-24T15:00:00+07:00") == timestamp_s("2026-03-24T09:00:00+0100") == (1774339200, True)
    True
    >>> timestamp_s("2026-03-24T08:00:00")
    (1774339200, False)
    """
    text = text.strip()
    midnight = re.sub(r"([T ])24(:?00){1,2}(\.0+)?(?=$|[Z+-])", r"\g<1>00:00:00", text)
    try:
        at = datetime.fromisoformat(midnight)
    except ValueError:
        at = None
    if at is None or len(text) < 13:
        raise ValueError(f"{text[:40]!r} is no time like 2026-03-24T08:15:00+01:00")
    if midnight != text:
        at += timedelta(days=1)
    own = at.tzinfo is not None
    return int((at if own else at.replace(tzinfo=zone)).timestamp() // 1), own
