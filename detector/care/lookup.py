"""Is this caller affected, since when, how sure, and what to say: for the agent's desktop and the voice menu."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detector.care.consent import permission
from detector.care.decide import reach
from detector.care.say import phrases_of, sentence
from detector.care.trouble import trouble_of
from detector.domain.customer import Customers, Subscriber
from detector.domain.impact import Affected
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy

RECENT_S = 2 * 3600
"""How long after the end of an incident a call may still be about it."""


@dataclass(frozen=True)
class LookupAnswer:
    """affected: yes, no or unknown (listed, but less likely than not; not known; or left out of analysis by their own wish).
    Times in s since the epoch. `say` by language. `contactable`, `why_not`: whether care may approach this person by itself;
    answering a caller needs no such consent. `told`: this person was told of this incident already."""

    affected: str
    probability: float = 0.0
    since: int | None = None
    expected_clear: int | None = None
    resolved_at: int | None = None
    incident_id: str = ""
    say: Mapping[str, str] = field(default_factory=dict)
    contactable: bool = False
    why_not: str = ""
    told: bool = False


def lookup(
    subscriber_key: str, *, incidents: Sequence[Incident], affected: Sequence[Affected], customers: Customers, now: int,
    timezone: str, policy: CarePolicy, told: Sequence[str] = (), contacted: Mapping[str, int] | None = None,
) -> LookupAnswer:  # fmt: skip
    """The most likely of the person's current incidents: open, or ended within RECENT_S. `affected`: this person's current
    rows; `told`: ids of the incidents the person was told of. Works and maintenance answer too; a merged incident is spoken
    for by the one that took it in. Of a minor neither place nor time is said or given, whoever calls."""
    person = customers.subscribers.get(subscriber_key)
    way = reach(subscriber_key, customers=customers, timezone=timezone, now=now, contacted=contacted or {}, policy=policy)
    languages = _languages(person, policy)
    rows = _current(subscriber_key, incidents, affected, now)
    if not rows:
        sure = person is not None and _analysed(person, customers, now)
        say = {code: phrases_of(code).fine if sure else phrases_of(code).unsure for code in languages}
        return LookupAnswer("no" if sure else "unknown", say=say, contactable=not way.why_not, why_not=way.why_not)
    incident, row = max(rows, key=lambda pair: (pair[0].state == "open", pair[1].probability, pair[0].incident_id))
    open_ = person is not None and not person.minor
    return LookupAnswer(
        "yes" if row.probability >= policy.contact_above else "unknown", row.probability,
        incident.started_at if open_ else None, incident.expected_clear_at if open_ else None,
        incident.resolved_at if open_ else None, incident.incident_id,
        {code: _say(code, incident, now, timezone, open_) for code in languages},
        not way.why_not, way.why_not, incident.incident_id in told,
    )  # fmt: skip


def _current(
    key: str, incidents: Sequence[Incident], affected: Sequence[Affected], now: int
) -> list[tuple[Incident, Affected]]:  # fmt: skip
    known = {i.incident_id: i for i in incidents if i.state != "merged" and not i.suppressed_reason.startswith("merged")}
    rows = [(known[a.incident_id], a) for a in affected if a.subscriber == key and a.incident_id in known]
    return [(i, a) for i, a in rows if i.resolved_at is None or now - i.resolved_at <= RECENT_S]


def _analysed(person: Subscriber, customers: Customers, now: int) -> bool:
    ask = {"customers": customers, "purpose": "network_care_analysis", "channel": "any", "at": now}
    holder = person.guardian if person.minor else ""
    answers = (permission(key, **ask) for key in (person.key, holder) if key)  # type: ignore[arg-type]
    return "withdrawn" not in answers


def _languages(person: Subscriber | None, policy: CarePolicy) -> tuple[str, ...]:
    """The person's own first."""
    own = (person.language,) if person and person.language else ()
    return tuple(dict.fromkeys((*own, *policy.languages)))


def _say(language: str, incident: Incident, now: int, timezone: str, to_person: bool) -> str:
    trouble = trouble_of(incident)
    return sentence(
        language, trouble, timezone=timezone, now=now, since=incident.started_at, clear=incident.expected_clear_at,
        resolved=incident.resolved_at, to_person=to_person, works_until=incident.works_until,
    )  # fmt: skip
