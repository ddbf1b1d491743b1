"""What care does when an incident is over: the all-clear for exactly those who were notified, then what the rules
require."""

from collections.abc import Sequence
from dataclasses import replace

from detector.care.decision import NOTHING, Proposal, decision_of
from detector.care.decision_context import DecisionContext
from detector.care.person_decisions import first_match
from detector.care.reach import DAY_S, WEEK_S, Reach, reach
from detector.domain.alert import Decision
from detector.domain.communication import ALL_CLEAR, Communication
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.rule import ACTIONS, Rule

ALL_CLEAR_RULE = "(all clear)"


def conclude(incident: Incident, impact: Impact, context: DecisionContext) -> tuple[Decision, ...]:
    """One decision for each who was notified, listed still or not, and one for each who is listed, ordered by subscriber.

    The all-clear goes by the channel of the notification, if that is still permitted, to its recipient; it is no new
    contact, so that caps and the holdout do not apply. Nobody else is notified of it. An incident that went on as part of
    another is not over; nor is it for those whom another one still affects: they wait for the all-clear.
    """
    notified = {} if incident.state == "merged" else {row.subscriber: row for row in _people_notified(incident, context)}
    keys = sorted({person.subscriber for person in impact.people} | set(notified))
    return tuple(_decision(incident, key, notified.get(key), context) for key in keys)


def follow_up(
    incident: Incident, impact: Impact, service: str, decided: Sequence[Decision], context: DecisionContext
) -> tuple[Decision, ...]:
    """What the rules `at = "resolved"` require, for those who get the all-clear and were indeed listed: a survey, amends. It
    is a contact of its own, with the caps and the consents of one. Nothing follows a false alarm."""
    rules = [rule for rule in context.rules if (rule.at, rule.of) == ("resolved", "person")]
    if not rules or incident.withdrawn_at is not None:
        return ()
    listed = {person.subscriber: person for person in impact.people}
    places, found = context.places(incident), []
    for one in decided:
        person = listed.get(one.subscriber)
        if one.action != ALL_CLEAR or person is None or person.probability < context.care_policy.contact_above:
            continue
        case = context.case(incident, service, person, places)
        for rule in rules:
            way = _way(one.subscriber, context, rule)
            barred = way.why_not or way.recipient != one.recipient
            chosen, channel = (None, "") if barred else first_match([rule], case, way)
            if chosen is not None:
                team = context.team(person.account, chosen)
                proposal = Proposal(chosen.action, channel, chosen.name, team, chosen.offer)
                found.append(decision_of(one.incident_id, one.subscriber, way, context, proposal))
                break
    return tuple(one for one in found if one.action != "none")


def _people_notified(incident: Incident, context: DecisionContext) -> list[Communication]:
    return [row for row in context.contact_history.notified(incident.incident_id) if row.subscriber]


def _decision(incident: Incident, key: str, notified: Communication | None, context: DecisionContext) -> Decision:
    way, proposal = reach(key, context, contacted={}), NOTHING
    if notified is not None and notified.action == ALL_CLEAR:  # communicated already: so it stays
        way = replace(way, why_not="", recipient=notified.recipient)
        proposal = Proposal(ALL_CLEAR, notified.channel, notified.rule)
    elif notified is not None and key in context.still_affected:
        proposal = Proposal(rule=ALL_CLEAR_RULE)
    elif notified is not None:
        why = way.why_not or ("guardian" if way.recipient != notified.recipient else "")
        why = why or ("no_channel" if notified.channel not in way.channels else "")
        way = replace(way, why_not=why)
        proposal = Proposal(rule=ALL_CLEAR_RULE) if why else Proposal(ALL_CLEAR, notified.channel, ALL_CLEAR_RULE)
    return decision_of(incident.incident_id, key, way, context, proposal)


def _way(key: str, context: DecisionContext, rule: Rule) -> Reach:
    """By the consents that the rule's action takes; communications on this incident count, too."""
    s, extra = context, ACTIONS[rule.action].purposes
    person = s.person(key)
    recipient = person.guardian if person.minor else key
    return reach(
        key,
        s,
        contacted={recipient: s.contact_history.count(recipient, s.now - WEEK_S)},
        today={recipient: s.contact_history.count(recipient, s.now - DAY_S)},
        purposes=("network_care_analysis", *extra) if extra else None,
    )
