"""What a care agent reads out in ten seconds, in the customer's language and own time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from detector.care.speech import SPEECH, Phrases
from detector.domain.window import utc


def sentence(
    language: str, trouble: str, *, timezone: str, now: int, since: int, clear: int | None = None,
    resolved: int | None = None, to_person: bool = True, works_until: int | None = None, withdrawn: bool = False,
    no_data_since: int | None = None,
) -> str:  # fmt: skip
    """What is wrong, since when, until when, what to do. `clear` is the expected end (s), None = not known; `resolved` the
    end; told to anyone but the person (`to_person` false) it names neither place nor time. `works_until`: when declared
    works that go on should have ended. `withdrawn`: it was a false alarm. `no_data_since`: from when on (s) nothing is
    measured. An unknown language is English.

    >>> sentence("en", "slow", timezone="UTC", now=36000, since=30600)
    'Mobile data has been slow in your area since 08:30. We are working on it. Wi-Fi helps in the meantime.'
    """
    phrases = phrases_of(language)
    if withdrawn:
        return phrases.withdrawn
    if not to_person:
        return phrases.other if resolved is None else phrases.other_solved
    if resolved is not None:
        length = spoken_length(resolved - since)
        return (
            phrases.solved.format(time=spoken_time(resolved, now, timezone, phrases), length=length) + f" {phrases.persists}"
        )
    first = phrases.trouble[trouble] + phrases.since.format(time=spoken_time(since, now, timezone, phrases))
    then = _what_next(phrases, now, clear, works_until, timezone)
    if no_data_since is not None:
        then = phrases.unmeasured.format(time=spoken_time(no_data_since, now, timezone, phrases)) + f" {phrases.advice}"
    return f"{first} {then}"


def _what_next(phrases: Phrases, now: int, clear: int | None, works_until: int | None, timezone: str) -> str:
    """Two sentences at most: why it lasts, when it ends, what helps until then."""
    told = [] if works_until is None else [phrases.overrun.format(time=spoken_time(works_until, now, timezone, phrases))]
    if clear is not None and clear > now:
        told.append(phrases.clear.format(time=spoken_time(clear, now, timezone, phrases)))
    return " ".join([*(told or [phrases.working]), phrases.advice][:2])


def phrases_of(language: str) -> Phrases:
    """`de-AT` speaks `de`; what nobody wrote speaks English."""
    return SPEECH.get(language.lower().replace("_", "-").partition("-")[0], SPEECH["en"])


def spoken_time(at: int, now: int, timezone: str, phrases: Phrases) -> str:
    """Local time, with the date if it is not today's.

    >>> spoken_time(30600, 36000, "Europe/Paris", SPEECH["en"]), spoken_time(30600, 136000, "UTC", SPEECH["fr"])
    ('09:30', 'le 1 janvier à 08:30')
    """
    local, today = _local(at, timezone), _local(now, timezone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return phrases.dated.format(clock=f"{local:%H:%M}", day=local.day, month=phrases.months.split()[local.month - 1])


def spoken_length(seconds: int) -> str:
    """To the minute; from two days on to the hour.

    >>> [spoken_length(s) for s in (40, 2700, 8100, 7200, 200_000)]
    ['1 min', '45 min', '2 h 15 min', '2 h', '55 h']
    """
    minutes = max(seconds // 60, 1)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest and hours < 48 else f"{hours} h"


def _local(at: int, timezone: str) -> datetime:
    return utc(at).astimezone(ZoneInfo(timezone))
