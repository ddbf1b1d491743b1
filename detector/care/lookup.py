"""Is this caller affected, since when, how sure, and what to say: for the agent's desktop and the voice menu."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from detector.care.consent import objected
from detector.care.decide import DAY_S, WEEK_S, Reach, reach
from detector.care.say import phrases_of, sentence
from detector.care.situation import Situation
from detector.care.trouble import trouble_of
from detector.domain.communication import ALL_CLEAR, Communication, standing
from detector.domain.customer import Subscriber
from detector.domain.impact import Listing
from detector.domain.incident import Incident

RECENT_S = 2 * 3600
"""How long after the end of an incident a call may still be about it."""
CALLERS = ("self", "guardian", "holder", "manager")
"""Who asks. Anyone but the person is told neither where nor when the person was."""


@dataclass(frozen=True)
class Touching:
    """An incident that touches the person: how surely, what to say of it by language; `told`: the person heard of it."""

    incident: Incident
    listing: Listing
    say: Mapping[str, str] = field(default_factory=dict)
    told: bool = False


@dataclass(frozen=True)
class LookupAnswer:
    """affected: yes, no or unknown (listed, but less likely than not; not known; or left out of analysis by their own wish).
    Times in s since the epoch. `say` by language, the person's own first. `contactable`, `why_not`: whether care may approach
    this person by itself; answering a caller needs no such consent. `incidents`: those that touch the person, the one that
    speaks first; `said`: what the person was told lately, the newest first; `next_exposure_at`: when they are expected behind
    a touched cell again. `private`: place and time are withheld, and with them everything that would tell them."""

    affected: str
    probability: float = 0.0
    since: int | None = None
    expected_clear: int | None = None
    expected_clear_source: str = ""
    resolved_at: int | None = None
    incident_id: str = ""
    say: Mapping[str, str] = field(default_factory=dict)
    contactable: bool = False
    why_not: str = ""
    told: bool = False
    next_exposure_at: int | None = None
    incidents: tuple[Touching, ...] = ()
    said: tuple[Communication, ...] = ()
    private: bool = False

    @property
    def open_(self) -> bool:
        """An incident that is not over lists the person, however surely."""
        return any(one.incident.state == "open" for one in self.incidents)


def lookup(
    subscriber_key: str, *, situation: Situation, incidents: Sequence[Incident], listings: Sequence[Listing],
    said: Iterable[Communication] = (), caller: str = "self",
) -> LookupAnswer:  # fmt: skip
    """The most likely of the person's current incidents: open, or ended within RECENT_S. `listings`: this person's current
    rows; `said`: what was said about the person's line. Works and maintenance answer too; a merged incident is spoken for by
    the one that took it in. Of a minor, or to a `caller` who is not the person, neither place nor time is said or given."""
    customers, now = situation.customers, situation.now
    person = customers.subscribers.get(subscriber_key)
    private = caller != "self" or (person is not None and person.minor)
    way = _way(subscriber_key, situation)
    rows = _current(incidents, listings, now)
    told = [row for row in reversed(standing(said)) if row.recipient == subscriber_key]
    may_look = not objected(subscriber_key, customers=customers, purpose="network_care_analysis", at=now)
    if not rows or not may_look:
        sure = person is not None and may_look
        say = {code: phrases_of(code).fine if sure else phrases_of(code).unsure for code in _languages(person, situation)}
        said_ = () if private or not may_look else tuple(told)
        return LookupAnswer(
            "no" if sure else "unknown", say=say, contactable=not way.why_not, why_not=way.why_not, said=said_, private=private
        )
    found = tuple(_touching(incident, row, told, person, situation, private) for incident, row in rows)
    first = found[0]
    answer = LookupAnswer(
        "yes" if first.listing.probability >= situation.policy.contact_above else "unknown", first.listing.probability,
        say=first.say, contactable=not way.why_not, why_not=way.why_not, told=first.told, incidents=found, private=private,
    )  # fmt: skip
    return answer if private else _in_full(answer, told)
