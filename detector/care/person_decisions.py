"""What care does for each listed person, or why it may do nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from detector.care.decision import Proposal, decision_of
from detector.care.decision_context import DecisionContext
from detector.care.holdout import counts_for, held_out
from detector.care.reach import DAY_S, WEEK_S, Reach, in_quiet_hours, reach
from detector.domain.alert import Decision
from detector.domain.case import Case
from detector.domain.communication import UNCOUNTED, Communication
from detector.domain.degradation import SEVERITIES
from detector.domain.impact import Affected, Impact
from detector.domain.incident import Incident
from detector.domain.rule import Rule

ALREADY_NOTIFIED = "(already told)"
"""Instead of a rule's name: this recipient was notified of it, or of something as severe that is not over yet."""


def decide_people(incident: Incident, impact: Impact, service: str, context: DecisionContext) -> tuple[Decision, ...]:
    """One decision per listed person, in the list's order; `service`: the fault in a customer's words.

    A recipient gets one message: of several lines in one incident, and of several incidents at once, no second one, until
    there is news (more severe, or another service). Those who were notified keep the action. Suppressed incidents lead to
    none.
    """
    round_ = _Round(incident, impact, service, context)
    return tuple(round_.decide(person) for person in impact.people)


def is_escalation(incident: Incident, notified: Sequence[Communication]) -> bool:
    """More severe than at any time that the recipient was notified."""
    known = [SEVERITIES.index(row.severity) for row in notified if row.severity in SEVERITIES]
    return SEVERITIES.index(incident.severity) > max(known, default=-1)


@dataclass
class _Round:
    """One decision over one incident's list; `notified_now`: recipients who get something by it."""

    incident: Incident
    impact: Impact
    service: str
    context: DecisionContext
    notified_now: set[str] = field(default_factory=set)

    @cached_property
    def places(self) -> Mapping[str, frozenset[str]]:
        return self.context.places(self.incident)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.context.rules if (rule.at, rule.of) == ("open", "person"))

    @cached_property
    def quiet(self) -> bool:
        return in_quiet_hours(self.context.now, self.context.timezone, self.context.care_policy)

    @cached_property
    def may_hold_out(self) -> bool:
        return counts_for(self.incident, self.impact, self.context.care_policy.holdout, self.context.now)

    def decide(self, person: Affected) -> Decision:
        context, key = self.context, person.subscriber
        known = context.person(key)
        recipient = known.guardian if known.minor else key
        notified = self._notified(recipient)
        mine = [row for row in notified if row.subscriber == key]
        news = not notified or (bool(mine) and is_escalation(self.incident, notified))
        way = self._way(key, recipient, again=bool(notified) and news)
        if way.why_not == "cap" and mine:  # it is worse, but this person's cap is reached: the earlier decision holds
            way, news = self._way(key, recipient, again=False), False
        if way.why_not or person.probability < context.care_policy.contact_above or self.incident.silent:
            return self._decision(person, way)
        if mine and not news:
            return self._kept(mine[-1], way, person)
        if not news or recipient in self.notified_now or not self._adds(recipient, mine):
            return self._decision(person, way, why=ALREADY_NOTIFIED)
        case = context.case(self.incident, self.service, person, self.places)
        rule, channel = first_match(self.rules, case, way)
        if rule is None or rule.action == "none":
            return self._decision(person, way, why=rule.name if rule else "")
        if not notified and self.may_hold_out and held_out(key, recipient, context):  # only who would get something is drawn
            return self._decision(person, replace(way, why_not="holdout"))
        self.notified_now.add(recipient)
        return self._decision(person, way, why=rule.name, rule=rule, channel=channel)

    def _decision(
        self, person: Affected, way: Reach, *, why: str = "", rule: Rule | None = None, channel: str = ""
    ) -> Decision:
        proposal = Proposal(rule=why)
        if rule is not None:
            proposal = Proposal(rule.action, channel, why, self.context.team(person.account, rule), rule.offer)
        return decision_of(self.incident.incident_id, person.subscriber, way, self.context, proposal)

    def _notified(self, recipient: str) -> list[Communication]:
        rows = self.context.contact_history.about(recipient, self.incident.incident_id)
        return [row for row in rows if row.action not in UNCOUNTED]

    def _way(self, key: str, recipient: str, *, again: bool) -> Reach:
        """Communications on this very incident count against a cap only if there is to be another (`again`)."""
        s, besides = self.context, "" if again else self.incident.incident_id
        count = s.contact_history.count
        return reach(
            key,
            s,
            contacted={recipient: count(recipient, s.now - WEEK_S, besides)},
            today={recipient: count(recipient, s.now - DAY_S, besides)},
            quiet=self.quiet,
        )

    def _adds(self, recipient: str, mine: Sequence[Communication]) -> bool:
        """Whether it is news beside the open incidents of which this recipient was notified."""
        stories = self.context.contact_history.stories(recipient, self.incident.incident_id)
        stories = [row for row in stories if row.action not in UNCOUNTED]
        if not stories or mine:
            return True
        return is_escalation(self.incident, stories) or self.service not in {row.service for row in stories}

    def _kept(self, row: Communication, way: Reach, person: Affected) -> Decision:
        """The same action as before, by the same channel as long as that is permitted; decided at the time of the
        communication."""
        channel = row.channel if row.channel in way.channels else way.channels[0]
        rule = next((rule for rule in self.rules if rule.name == row.rule), Rule(name=row.rule, action=row.action))
        proposal = Proposal(row.action, channel, row.rule, self.context.team(person.account, rule), row.offer)
        return decision_of(self.incident.incident_id, person.subscriber, way, self.context, proposal, decided_at=row.at)


def first_match(rules: Sequence[Rule], case: Case, way: Reach) -> tuple[Rule | None, str]:
    """The first rule that fits and whose channel may be used; the channel is the rule's, else the best permitted one."""
    for rule in rules:
        if (not rule.channel or rule.channel in way.channels) and rule.matches(case):
            return rule, rule.channel or way.channels[0]
    return None, ""
