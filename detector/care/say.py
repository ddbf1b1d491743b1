"""What a care agent reads out in ten seconds, in the customer's language and own time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from detector.care.speech import SPEECH, Phrases
from detector.domain.window import utc


def sentence(
    language: str, trouble: str, *, timezone: str, now: int, since: int, clear: int | None = None,
    resolved: int | None = None, to_person: bool = True,
) -> str:  # fmt: skip
    """What is wrong, since when, until when, what to do. `clear` is the expected end (s), None = not known; `resolved` the
    end; told to anyone but the person (`to_person` false) it names neither place nor time. An unknown language is English.

    >>> sentence("en", "slow", timezone="UTC", now=36000, since=30600, clear=39600)
    'Mobile data is slow in your area since 08:30. We expect it to work again by about 11:00. Wi-Fi helps until then.'
    """
    phrases = phrases_of(language)
    if not to_person:
        return phrases.other if resolved is None else phrases.other_solved
    if resolved is not None:
        return phrases.solved.format(time=spoken_time(resolved, now, timezone))
    first = phrases.trouble[trouble] + phrases.since.format(time=spoken_time(since, now, timezone))
    known = clear is not None and clear > now
    then = phrases.clear.format(time=spoken_time(clear, now, timezone)) if known and clear else phrases.working
    return f"{first} {then} {phrases.advice}"


def phrases_of(language: str) -> Phrases:
    """`de-AT` speaks `de`; what nobody wrote speaks English."""
    return SPEECH.get(language.lower().replace("_", "-").partition("-")[0], SPEECH["en"])


def spoken_time(at: int, now: int, timezone: str) -> str:
    """Local time, with the date in front if it is not today's.

    >>> spoken_time(30600, 36000, "Europe/Paris"), spoken_time(30600, 136000, "UTC")
    ('09:30', '01.01. 08:30')
    """
    local, today = _local(at, timezone), _local(now, timezone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%d.%m. %H:%M}"


def _local(at: int, timezone: str) -> datetime:
    return utc(at).astimezone(ZoneInfo(timezone))
