"""Is this caller affected, since when, how sure, and the sentence: for the agent's desktop and the voice menu."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from detector.care.consent import objected
from detector.care.decision_context import DecisionContext
from detector.care.facts import WITHDRAWN, Facts, facts_of
from detector.care.reach import DAY_S, WEEK_S, Reach, reach
from detector.care.sentences import phrases_of, sentence, spoken_time
from detector.domain.communication import Communication
from detector.domain.customer import Subscriber
from detector.domain.degradation import Degradation
from detector.domain.impact import Listing, Watch
from detector.domain.incident import Incident
from detector.domain.window import HOUR_S

NO_LEADS: Mapping[str, Degradation] = MappingProxyType({})
RECENT_S = 2 * HOUR_S
"""How long after the end of an incident a call may still be about it. Chosen: as long as the backtest counts complaints."""
CALLERS = ("self", "guardian", "holder", "manager")
"""Who calls. The answer to anyone but the person gives neither where nor when the person was."""


@dataclass(frozen=True)
class Touching:
    """An incident that touches the person, how surely, and its sentence by language. `told`: the person was notified of
    it."""

    incident: Incident
    listing: Listing
    facts: Facts
    say: Mapping[str, str] = field(default_factory=dict)
    notified: bool = False


@dataclass(frozen=True, kw_only=True)
class LookupAnswer:
    """affected: yes, no or unknown (listed, but less likely than not; not known; or left out of analysis by their own wish).

    Times in s since the epoch; `ended_at`: the estimated end, `resolved_at`: when that was decided. `say` by language,
    the person's own first. `going_on`: an incident that is not over lists the person, however surely. `contactable`,
    `why_not`: whether care may approach this person by itself; answering a caller needs no such consent. `incidents`:
    those that touch the person, the one whose sentence is used first; `said`: recent communications with the person, the
    newest first; `next_exposure_at`: when they are expected behind a touched cell again. `private`: place and time are
    withheld, and everything that would reveal them. `timezone`: the operator's, in which `say` states times. `watch`: no
    incident touches the person, but data are missing where they probably are.
    """

    affected: str
    probability: float = 0.0
    since: int | None = None
    expected_clear: int | None = None
    expected_clear_source: str = ""
    resolved_at: int | None = None
    incident_id: str = ""
    say: Mapping[str, str] = field(default_factory=dict)
    going_on: bool = False
    contactable: bool = False
    why_not: str = ""
    notified: bool = False
    next_exposure_at: int | None = None
    incidents: tuple[Touching, ...] = ()
    said: tuple[Communication, ...] = ()
    private: bool = False
    timezone: str = "UTC"
    ended_at: int | None = None
    watch: Watch | None = None


def lookup(
    subscriber_key: str,
    *,
    context: DecisionContext,
    incidents: Sequence[Incident],
    listings: Sequence[Listing],
    caller: str = "self",
    leads: Mapping[str, Degradation] = NO_LEADS,
    watch: Watch | None = None,
) -> LookupAnswer:
    """The most likely of the person's current incidents: open, or ended within RECENT_S. `listings`: this person's current
    rows; `context.contact_history`: communications with this person, and a minor's guardian; `leads`: the leading
    degradation by incident, so that the answer equals its alerts; `watch` counts where no incident touches the person.
    Works and maintenance answer too; a merged incident is represented by the one into which it was merged. Of a minor, or to
    a `caller` who is not the person, neither place nor time is given."""
    person = context.customers.subscribers.get(subscriber_key)
    private = caller != "self" or (person is not None and person.minor)
    notified = [] if private else list(reversed(context.contact_history.by_recipient.get(subscriber_key, ())))
    may_look = not objected(subscriber_key, customers=context.customers, purpose="network_care_analysis", at=context.now)
    rows = _current(incidents, listings, context.now) if may_look else []
    way = _way(subscriber_key, context)
    common = LookupAnswer(
        affected="unknown",
        contactable=not way.why_not,
        why_not=way.why_not,
        said=tuple(notified),
        private=private,
        timezone=context.timezone,
        going_on=any(incident.state == "open" for incident, _ in rows),
    )
    if not rows and watch is not None and may_look:
        return _watched(common, watch, _languages(person, context), context)
    if not rows:
        sure = person is not None and may_look
        say = {code: phrases_of(code).fine if sure else phrases_of(code).unsure for code in _languages(person, context)}
        return replace(common, affected="no" if sure else "unknown", say=say)
    notified_of = {row.incident_id for row in notified}
    found = []
    for incident, row in rows:
        facts = facts_of(incident, now=context.now, timezone=context.timezone, lead=leads.get(incident.incident_id))
        was_notified = incident.incident_id in notified_of
        say = {code: _say(facts, row, code, context, private, was_notified) for code in _languages(person, context)}
        found.append(Touching(incident, row, facts, say, was_notified))
    first = found[0]
    sure = first.listing.probability >= context.care_policy.contact_above
    affected = "no" if first.facts.state == WITHDRAWN else "yes" if sure else "unknown"
    answer = replace(common, affected=affected, probability=first.listing.probability, say=first.say)
    return answer if private else _in_full(answer, found)


def _watched(answer: LookupAnswer, watch: Watch, languages: Sequence[str], context: DecisionContext) -> LookupAnswer:
    """Possibly: nothing is asserted but since when nothing is measured, and that to the person alone."""
    say = {}
    for code in languages:
        phrases = phrases_of(code)
        time = spoken_time(watch.since, context.now, context.timezone, phrases)
        say[code] = phrases.unsure if answer.private else f"{phrases.unsure} {phrases.unmeasured.format(time=time)}"
    answer = replace(answer, probability=watch.probability, say=say)
    return answer if answer.private else replace(answer, since=watch.since, watch=watch)


def _in_full(answer: LookupAnswer, found: Sequence[Touching]) -> LookupAnswer:
    """With place and time."""
    facts, incident = found[0].facts, found[0].incident
    next_times = [at for one in found if (at := one.listing.affected.next_exposure_at) is not None]
    return replace(
        answer,
        since=facts.since,
        expected_clear=facts.clear,
        expected_clear_source=incident.expected_clear_source if facts.clear else "",
        ended_at=facts.until,
        resolved_at=incident.resolved_at,
        incident_id=incident.incident_id,
        notified=found[0].notified,
        next_exposure_at=min(next_times, default=None),
        incidents=tuple(found),
    )


def _way(key: str, context: DecisionContext) -> Reach:
    """May care approach this person now, for any incident?"""
    person = context.person(key)
    recipients = {key, person.guardian if person.minor else key}
    week, day = (
        {who: context.contact_history.count(who, context.now - span) for who in recipients} for span in (WEEK_S, DAY_S)
    )
    return reach(
        key,
        context,
        contacted=week,
        today=day,
    )


def _current(incidents: Sequence[Incident], listings: Sequence[Listing], now: int) -> list[tuple[Incident, Listing]]:
    """Those that are open first, the likeliest of them first; each once. A row of no probability is of someone who was
    notified and turned out untouched: they only get the all-clear."""
    known = {i.incident_id: i for i in incidents if i.state != "merged"}
    surest: dict[str, Listing] = {}
    for one in listings:
        if (
            one.incident_id in known
            and one.probability
            and (one.incident_id not in surest or one.probability > surest[one.incident_id].probability)
        ):
            surest[one.incident_id] = one
    rows = [(known[name], one) for name, one in surest.items()]
    rows = [(i, one) for i, one in rows if i.resolved_at is None or now - i.resolved_at <= RECENT_S]
    return sorted(rows, key=lambda row: (row[0].state != "open", -row[1].probability, row[0].incident_id))


def _languages(person: Subscriber | None, context: DecisionContext) -> tuple[str, ...]:
    """The person's own first."""
    own = (person.language,) if person and person.language else ()
    return tuple(dict.fromkeys((*own, *context.care_policy.languages)))


def _say(facts: Facts, listing: Listing, language: str, context: DecisionContext, private: bool, notified: bool) -> str:
    """Of someone who is less likely than `contact_above` to be affected nothing is asserted; of a false alarm only those who
    were notified of it are informed."""
    if facts.state == WITHDRAWN and not notified:
        return phrases_of(language).fine
    sure = listing.probability >= context.care_policy.contact_above
    return sentence(facts, language, to_person=not private, sure=sure)
