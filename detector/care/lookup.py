"""Is this caller affected, since when, how sure, and what to say: for the agent's desktop and the voice menu."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from detector.care.consent import objected
from detector.care.reach import DAY_S, WEEK_S, Reach, reach
from detector.care.say import phrases_of, sentence
from detector.care.situation import Situation
from detector.care.trouble import trouble_of
from detector.domain.communication import Communication
from detector.domain.customer import Subscriber
from detector.domain.impact import Listing
from detector.domain.incident import Incident

RECENT_S = 2 * 3600
"""How long after the end of an incident a call may still be about it."""
CALLERS = ("self", "guardian", "holder", "manager")
"""Who asks. Anyone but the person is told neither where nor when the person was."""


@dataclass(frozen=True)
class Touching:
    """An incident that touches the person, how surely, and what to say of it by language. told: the person heard of it."""

    incident: Incident
    listing: Listing
    say: Mapping[str, str] = field(default_factory=dict)
    told: bool = False


@dataclass(frozen=True)
class LookupAnswer:
    """affected: yes, no or unknown (listed, but less likely than not; not known; or left out of analysis by their own wish).

    Times in s since the epoch. `say` by language, the person's own first. `going_on`: an incident that is not over lists the
    person, however surely. `contactable`, `why_not`: whether care may approach this person by itself; answering a caller
    needs no such consent. `incidents`: those that touch the person, the one that speaks first; `said`: what the person was
    told lately, the newest first; `next_exposure_at`: when they are expected behind a touched cell again. `private`: place
    and time are withheld, and everything that would tell them.
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
    told: bool = False
    next_exposure_at: int | None = None
    incidents: tuple[Touching, ...] = ()
    said: tuple[Communication, ...] = ()
    private: bool = False


def lookup(
    subscriber_key: str, *, situation: Situation, incidents: Sequence[Incident], listings: Sequence[Listing],
    caller: str = "self",
) -> LookupAnswer:  # fmt: skip
    """The most likely of the person's current incidents: open, or ended within RECENT_S. `listings`: this person's current
    rows; `situation.heard`: what this person, and a minor's guardian, were told. Works and maintenance answer too; a merged
    incident is spoken for by the one that took it in. Of a minor, or to a `caller` who is not the person, neither place nor
    time is said or given."""
    person = situation.customers.subscribers.get(subscriber_key)
    private = caller != "self" or (person is not None and person.minor)
    told = [] if private else list(reversed(situation.heard.by_recipient.get(subscriber_key, ())))
    may_look = not objected(subscriber_key, customers=situation.customers, purpose="network_care_analysis", at=situation.now)
    rows = _current(incidents, listings, situation.now) if may_look else []
    way = _way(subscriber_key, situation)
    common = LookupAnswer(
        "unknown", contactable=not way.why_not, why_not=way.why_not, said=tuple(told), private=private,
        going_on=any(incident.state == "open" for incident, _ in rows),
    )  # fmt: skip
    if not rows:
        sure = person is not None and may_look
        say = {code: phrases_of(code).fine if sure else phrases_of(code).unsure for code in _languages(person, situation)}
        return replace(common, affected="no" if sure else "unknown", say=say)
    ids = {row.incident_id for row in told}
    found = [
        Touching(incident, row, _say(incident, person, situation, to_person=not private), incident.incident_id in ids)
        for incident, row in rows
    ]
    first = found[0]
    sure = first.listing.probability >= situation.policy.contact_above
    answer = replace(common, affected="yes" if sure else "unknown", probability=first.listing.probability, say=first.say)
    return answer if private else _in_full(answer, found, situation.now)


def _in_full(answer: LookupAnswer, found: Sequence[Touching], now: int) -> LookupAnswer:
    """With place and time."""
    incident, coming = found[0].incident, [at for one in found if (at := one.listing.next_exposure_at) is not None]
    return replace(
        answer, since=incident.started_at, expected_clear=incident.promised_clear(now),
        expected_clear_source=incident.expected_clear_source, resolved_at=incident.resolved_at,
        incident_id=incident.incident_id, told=found[0].told, next_exposure_at=min(coming, default=None),
        incidents=tuple(found),
    )  # fmt: skip


def _way(key: str, situation: Situation) -> Reach:
    """May care approach this person now, for any incident?"""
    person = situation.person(key)
    recipients = {key, person.guardian if person.minor else key}
    week, day = ({who: situation.heard.count(who, situation.now - span) for who in recipients} for span in (WEEK_S, DAY_S))
    return reach(
        key, customers=situation.customers, timezone=situation.timezone, now=situation.now, policy=situation.policy,
        lawful=situation.lawful, contacted=week, today=day,
    )  # fmt: skip


def _current(
    incidents: Sequence[Incident], listings: Sequence[Listing], now: int
) -> list[tuple[Incident, Listing]]:  # fmt: skip
    """Those that are open first, the likeliest of them first; each once. A row of no probability is of someone who was told
    and turned out untouched: they only hear that it is over."""
    known = {i.incident_id: i for i in incidents if i.state != "merged" and not i.suppressed_reason.startswith("merged")}
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


def _languages(person: Subscriber | None, situation: Situation) -> tuple[str, ...]:
    """The person's own first."""
    own = (person.language,) if person and person.language else ()
    return tuple(dict.fromkeys((*own, *situation.policy.languages)))


def _say(incident: Incident, person: Subscriber | None, situation: Situation, *, to_person: bool) -> dict[str, str]:
    trouble = trouble_of(incident)
    return {
        language: sentence(
            language, trouble, timezone=situation.timezone, now=situation.now, since=incident.started_at,
            clear=incident.expected_clear_at, resolved=incident.resolved_at, to_person=to_person,
            works_until=incident.works_until, withdrawn=incident.withdrawn_at is not None,
            no_data_since=incident.no_data_since,
        )
        for language in _languages(person, situation)
    }  # fmt: skip
