"""What a care agent reads out in ten seconds, in the customer's language and own time."""

from detector.care.facts import MERGED, OPEN, WITHDRAWN, Facts
from detector.care.phrases import SPEECH, Phrases
from detector.domain.incident import MAINTENANCE
from detector.labels.times import local


def sentence(facts: Facts, language: str, *, to_person: bool = True, sure: bool = True) -> str:
    """What is wrong, since when, until when, what to do: at most two short sentences and what helps.

    Addressed to anyone but the person (`to_person` false) it names neither place nor time; where it is not `sure` that the
    person is affected, it asserts nothing. Each state has a sentence of its own. An unknown language is English.

    >>> from detector.care.facts import facts_of
    >>> from detector.domain.incident import Incident
    >>> slow = Incident(incident_id="inc_1", root_kind="cell", root_id="c1", kind="integrity", started_at=30600,
    ...     opened_at=36000, severity="minor", degradation_ids=(), cells=("c1",), reason="")
    >>> sentence(facts_of(slow, now=36000, timezone="UTC"), "en")
    'Mobile data has been slow in your area since 08:30. We are working on it. Wi-Fi helps in the meantime.'
    """
    phrases = phrases_of(language)
    if facts.state == WITHDRAWN:
        return phrases.withdrawn
    if not sure:
        return phrases.unsure
    if facts.state == MERGED:
        return phrases.merged
    if facts.silent is not None:
        return _kept_silent(facts, phrases)
    if not to_person:
        return phrases.other if facts.state == OPEN else phrases.other_solved
    return _going_on(facts, phrases) if facts.until is None else _solved(facts, facts.until, phrases)


def _kept_silent(facts: Facts, phrases: Phrases) -> str:
    """Of works, and of what an operator silenced, for someone who calls: no place and no time."""
    if facts.silent != MAINTENANCE:
        return phrases.checking if facts.state == OPEN else phrases.fine
    return phrases.works if facts.state == OPEN else f"{phrases.works_over} {phrases.lasted}"


def _solved(facts: Facts, until: int, phrases: Phrases) -> str:
    time = spoken_time(until, facts.now, facts.timezone, phrases)
    return f"{phrases.solved.format(time=time, length=spoken_length(facts.lasted_s))} {phrases.lasted}"


def _going_on(facts: Facts, phrases: Phrases) -> str:
    """What and since when; then two sentences at most: why it lasts, when it ends, what helps until then."""

    def spoken(at: int) -> str:
        return spoken_time(at, facts.now, facts.timezone, phrases)

    first = phrases.trouble[facts.trouble] + phrases.since.format(time=spoken(facts.since))
    if facts.no_data_since is not None:
        return " ".join([first, phrases.unmeasured.format(time=spoken(facts.no_data_since)), phrases.advice])
    outlook = [] if facts.works_until is None else [phrases.overrun.format(time=spoken(facts.works_until))]
    if facts.clear is not None:
        outlook.append(phrases.clear.format(time=spoken(facts.clear)))
    return " ".join([first, *[*(outlook or [phrases.working]), phrases.advice][:2]])


def phrases_of(language: str) -> Phrases:
    """`de-AT` uses `de`; a language without phrases uses English."""
    return SPEECH.get(language.lower().replace("_", "-").partition("-")[0], SPEECH["en"])


def spoken_time(at: int, now: int, timezone: str, phrases: Phrases) -> str:
    """Local time, with the date if it is not today's.

    >>> spoken_time(30600, 36000, "Europe/Paris", SPEECH["en"]), spoken_time(30600, 136000, "UTC", SPEECH["fr"])
    ('09:30', 'le 1 janvier à 08:30')
    """
    then, today = local(at, timezone), local(now, timezone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return phrases.dated.format(clock=f"{then:%H:%M}", day=then.day, month=phrases.months.split()[then.month - 1])


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
