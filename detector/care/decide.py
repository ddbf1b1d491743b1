"""What care does for each listed person, or why it may do nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from detector.care.consent import permitted_channels
from detector.care.holdout import counts_for, held_out
from detector.care.situation import Situation
from detector.domain.alert import Decision
from detector.domain.case import Case
from detector.domain.communication import UNCOUNTED, Communication
from detector.domain.customer import Customers, Subscriber
from detector.domain.degradation import SEVERITIES
from detector.domain.impact import Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.domain.rule import Rule
from detector.domain.window import utc

DAY_S, WEEK_S = 86_400, 7 * 86_400
ALREADY_TOLD = "(already told)"
"""Instead of a rule's name: this recipient has heard of it, or of something as grave that is not over yet."""


@dataclass(frozen=True)
class Reach:
    """May a person's matter be told, to whom, how; `why_not` is the first reason of WHY_NOT that speaks against it."""

    recipient: str
    channels: tuple[str, ...]
    why_not: str


def decide(incident: Incident, impact: Impact, service: str, situation: Situation) -> tuple[Decision, ...]:
    """One decision per listed person, in the list's order; `service`: what a customer would say is wrong.

    A recipient hears one story: of several lines in one incident, and of several incidents at once, one message, until there
    is more to say (graver, or another service). Whoever was told keeps the action. Silent incidents lead to none.
    """
    round_ = _Round(incident, impact, service, situation)
    return tuple(round_.decide(person) for person in impact.people)


def reach(
    subscriber_key: str, *, customers: Customers, timezone: str, now: int, contacted: Mapping[str, int], policy: CarePolicy,
    holdout: Collection[str] = (), today: Mapping[str, int] | None = None, purposes: tuple[str, ...] | None = None,
    lawful: Mapping[str, str] | None = None, quiet: bool | None = None,
) -> Reach:  # fmt: skip
    """May this person be told at `now`? The recipient of a minor's matter is the guardian. `contacted`: contacts in the last
    7 days, `today` in the last 24 hours, by recipient; `holdout`: who gets nothing on purpose; `purposes`: instead of
    [care]'s; `lawful`: see `consent.bases`; `quiet`: whether it is quiet hours, if that is known."""
    person = customers.subscribers.get(subscriber_key, Subscriber(subscriber_key))
    recipient = person.guardian if person.minor else person.key
    purposes = policy.purposes if purposes is None else purposes
    channels, blocked = permitted_channels(subscriber_key, customers=customers, purposes=purposes, at=now, lawful=lawful)
    keys = (person.key, recipient)
    if blocked and blocked != "no_channel":
        why_not = blocked
    elif in_quiet_hours(now, timezone, policy) if quiet is None else quiet:
        why_not = "quiet_hours"
    elif any(
        contacted.get(key, 0) >= policy.max_contacts_per_week or (today or {}).get(key, 0) >= policy.max_contacts_per_day
        for key in keys
    ):
        why_not = "cap"
    elif any(key in holdout for key in keys):
        why_not = "holdout"
    else:
        why_not = blocked
    preferred = customers.subscribers.get(recipient, person).preferred_channel
    return Reach(recipient, tuple(sorted(channels, key=lambda c: c != preferred)), why_not)


def in_quiet_hours(at: int, timezone: str, policy: CarePolicy) -> bool:
    """Local time lies in [quiet_from, quiet_to), which may span midnight; equal times mean no quiet hours.

    >>> [in_quiet_hours(h * 3600, "UTC", CarePolicy()) for h in (7, 8, 20, 21)]
    [True, False, False, True]
    """
    local = utc(at).astimezone(ZoneInfo(timezone))
    minute, begin, end = local.hour * 60 + local.minute, _minutes(policy.quiet_from), _minutes(policy.quiet_to)
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes or 0)


def graver(incident: Incident, told: Sequence[Communication]) -> bool:
    """Than at any time that the recipient was told."""
    known = [SEVERITIES.index(row.severity) for row in told if row.severity in SEVERITIES]
    return SEVERITIES.index(incident.severity) > max(known, default=-1)


@dataclass
class _Round:
    """One decision over one incident's list; `heard_now`: recipients who get something by it."""

    incident: Incident
    impact: Impact
    service: str
    situation: Situation
    heard_now: set[str] = field(default_factory=set)

    @cached_property
    def places(self) -> Mapping[str, frozenset[str]]:
        return self.situation.places(self.incident)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.situation.rules if (rule.at, rule.of) == ("open", "person"))

    @cached_property
    def quiet(self) -> bool:
        return in_quiet_hours(self.situation.now, self.situation.timezone, self.situation.policy)

    @cached_property
    def may_hold_out(self) -> bool:
        return counts_for(self.incident, self.impact, self.situation.policy.holdout, self.situation.now)

    def decide(self, person: Affected) -> Decision:
        situation, key = self.situation, person.subscriber
        known = situation.person(key)
        recipient = known.guardian if known.minor else key
        told = self._told(recipient)
        mine = [row for row in told if row.subscriber == key]
        news = not told or (bool(mine) and graver(self.incident, told))
        way = self._way(key, recipient, told, again=bool(told) and news)
        if way.why_not == "cap" and mine:  # it is worse, but this person has heard enough: what was said stands
            way, news = self._way(key, recipient, told, again=False), False
        action, channel, rule = "none", "", None
        why = ""
        if not way.why_not and person.probability >= situation.policy.contact_above and not self.incident.silent:
            if mine and not news:
                return self._kept(mine[-1], way, person)
            if not news or recipient in self.heard_now or not self._adds(recipient, mine):
                why = ALREADY_TOLD
            else:
                rule, channel = self._rule(person, way)
        if rule is not None:
            action, why = rule.action, rule.name
            channel = "" if action == "none" else channel
        if action != "none":
            self.heard_now.add(recipient)
        return Decision(
            self.incident.incident_id, key, not way.why_not, way.why_not, action, channel, way.recipient, situation.now,
            why, situation.team(person.account, rule) if rule is not None and action != "none" else "",
            rule.offer if rule is not None else "", situation.risk_of(key),
        )  # fmt: skip

    def _told(self, recipient: str) -> list[Communication]:
        rows = self.situation.heard.about(recipient, self.incident.incident_id)
        return [row for row in rows if row.action not in UNCOUNTED]

    def _way(self, key: str, recipient: str, told: Sequence[Communication], *, again: bool) -> Reach:
        """What was said of this very incident counts against a cap only if something is to be said `again`."""
        s, besides = self.situation, "" if again else self.incident.incident_id
        count = s.heard.count
        held = self.may_hold_out and not told and held_out(key, recipient, s)
        return reach(
            key, customers=s.customers, timezone=s.timezone, now=s.now, policy=s.policy, lawful=s.lawful,
            contacted={recipient: count(recipient, s.now - WEEK_S, besides)},
            today={recipient: count(recipient, s.now - DAY_S, besides)}, holdout=(key,) if held else (),
            quiet=self.quiet,
        )  # fmt: skip

    def _adds(self, recipient: str, mine: Sequence[Communication]) -> bool:
        """Something new beside the open stories that this recipient knows."""
        stories = self.situation.heard.stories(recipient, self.incident.incident_id)
        stories = [row for row in stories if row.action not in UNCOUNTED]
        if not stories or mine:
            return True
        return graver(self.incident, stories) or self.service not in {row.service for row in stories}

    def _rule(self, person: Affected, way: Reach) -> tuple[Rule | None, str]:
        """The first that fits, and the channel by which it goes."""
        case = self.situation.case(self.incident, self.service, person, self.places)
        return first_match(self.rules, case, way)

    def _kept(self, row: Communication, way: Reach, person: Affected) -> Decision:
        """The same as it was told, by the same channel as long as that is permitted; decided when it was told."""
        channel = row.channel if row.channel in way.channels else way.channels[0]
        rule = next((rule for rule in self.rules if rule.name == row.rule), Rule(row.rule, row.action))
        return Decision(
            self.incident.incident_id, person.subscriber, True, "", row.action, channel, way.recipient, row.at, row.rule,
            self.situation.team(person.account, rule), row.offer, self.situation.risk_of(person.subscriber),
        )  # fmt: skip


def first_match(rules: Sequence[Rule], case: Case, way: Reach) -> tuple[Rule | None, str]:
    """The first rule that fits and whose channel may be used; the channel is the rule's, else the best permitted one."""
    for rule in rules:
        if (not rule.channel or rule.channel in way.channels) and rule.matches(case):
            return rule, rule.channel or way.channels[0]
    return None, ""
