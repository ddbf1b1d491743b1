"""A dry run of rules over the people who are listed now: who would get what, and why. Nothing is decided, sent or kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from detector import care, pipeline
from detector.app import App
from detector.care import DecisionContext
from detector.care.person_decisions import ALREADY_NOTIFIED
from detector.care.privacy import shown
from detector.clock import WallClock
from detector.domain.alert import WHY_NOT, AccountDecision, Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ContactHistory
from detector.domain.errors import Misconfigured
from detector.domain.identity import IncidentId, SubscriberId
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.ports import Reference
from detector.domain.rule import Rule
from detector.settings import rules_in
from jobs.assess.contact_history import load_contact_history
from jobs.assess.evaluate import last_assessment
from jobs.people_facts import PeopleFacts

Outcome = tuple[str, str]
"""(rule, or reason why not, in brackets; action)."""
UNLIKELY, NO_RULE = "(too unlikely)", "(no rule)"


@dataclass(frozen=True)
class RulesDryRun:
    """As if the open incidents, or the one named, began now: communications on them so far do not count."""

    app: App
    incident_id: IncidentId | None = None
    rules_file: Path | None = None

    def counts(self) -> list[dict[str, Any]]:
        """A row for each rule and each reason why not: how many people, and how many by the present rules if others are
        tried; in steps of the privacy floor, None for fewer. Nothing if nobody is listed."""
        if not any(self.listed.values()):
            return []
        floor = self.app.settings.impact.privacy_floor
        tried, present = self._counted(self.tried), self._counted(self.present)
        outcomes = dict.fromkeys((rule.name, rule.action) for rule in (*self.tried, *self.present))
        reasons = (ALREADY_NOTIFIED, UNLIKELY, NO_RULE, *map(_bracketed, WHY_NOT))
        outcomes |= dict.fromkeys((reason, "none") for reason in reasons)
        return [
            {"rule": rule, "action": action, "people": shown(tried[rule, action], floor)}
            | ({"present_rules": shown(present[rule, action], floor)} if self.rules_file else {})
            for rule, action in outcomes
        ]

    def one_person(self, raw: str) -> list[dict[str, Any]]:
        """What this person would get, for each incident that touches them; written to the audit log."""
        key = self.app.pseudonymiser.subscriber(SubscriberId(raw))
        self.app.store.audit.note(WallClock().now(), "cli", "rules try", key, self.incident_id or "")
        return [
            {
                "incident": incident.incident_id,
                "probability": f"{self._chance(incident, key):.0%}",
                "rule": tried[0],
                "gets": gets or "nothing",
            }
            | ({"present_rules": " ".join(self._of(incident, key, self.present)[0])} if self.rules_file else {})
            for incident in self.incidents
            if self._chance(incident, key)
            for tried, gets in [self._of(incident, key, self.tried)]
        ]

    @property
    def present(self) -> Sequence[Rule]:
        return self.app.settings.rules

    @cached_property
    def tried(self) -> Sequence[Rule]:
        return rules_in(self.rules_file, self.app.settings.care) if self.rules_file else self.present

    @cached_property
    def now(self) -> int:
        return int(self.app.clock.now())

    @cached_property
    def reference(self) -> Reference:
        return self.app.feeds.reference(self.now)

    @cached_property
    def incidents(self) -> list[Incident]:
        """Those open, or the one named as if it were. Misconfigured for one that is not known."""
        store = self.app.store
        if self.incident_id is None:
            return [one for one in store.incidents.all(state="open") if not one.silent]
        one = store.incidents.get(self.incident_id)
        if one is None:
            mend = "see `precall incidents`"
            raise Misconfigured(f"no incident '{self.incident_id}'", where="--incident", mend=mend)
        return [replace(one, state="open", resolved_at=None, ended_at=None, withdrawn_at=None)]

    @cached_property
    def listed(self) -> Mapping[str, Sequence[Listing]]:
        store = self.app.store
        return {i.incident_id: store.listings.all(incident_id=i.incident_id, current=True) for i in self.incidents}

    @cached_property
    def contact_history(self) -> ContactHistory:
        """Of everything else."""
        known = load_contact_history(self.app.store, self.incidents, self.now)
        rows = (row for own in known.by_recipient.values() for row in own if row.incident_id not in self.listed)
        return ContactHistory.of(rows, known.open_)

    def _chance(self, incident: Incident, key: str) -> float:
        return next((one.probability for one in self.listed[incident.incident_id] if one.subscriber == key), 0.0)

    def _counted(self, rules: Sequence[Rule]) -> Counter[Outcome]:
        """The most severe incident first; its communications count for the next."""
        counts: Counter[Outcome] = Counter()
        contact_history = self.contact_history
        for incident in sorted(self.incidents, key=lambda one: (one.priority, one.opened_at)):
            decided, rows = self._decided(incident, rules, contact_history)
            contact_history = contact_history.adding(rows)
            counts.update(self._outcome(one) for one in decided if isinstance(one, AccountDecision) or self._counts(one))
        return counts

    def _counts(self, one: Decision) -> bool:
        return bool(self._chance_of[one.incident_id, one.subscriber])

    @cached_property
    def _chance_of(self) -> Mapping[tuple[str, str], float]:
        return {(name, one.subscriber): one.probability for name, rows in self.listed.items() for one in rows}

    def _of(self, incident: Incident, key: str, rules: Sequence[Rule]) -> tuple[Outcome, str]:
        decided, _ = self._decided(incident, rules, self.contact_history)
        mine = [one for one in decided if one.subscriber == key]
        ways = [one.action if one.action == one.channel else f"{one.action} by {one.channel}" for one in mine]
        return self._outcome(mine[0]), ", ".join(way for way in ways if not way.startswith("none"))

    def _decided(
        self, incident: Incident, rules: Sequence[Rule], contact_history: ContactHistory
    ) -> tuple[list[Decision | AccountDecision], Sequence[Any]]:
        """While it lasts, for accounts, and once it is over."""
        context = self._context(incident, rules, contact_history)
        assessed = self._assessed(incident)
        first = pipeline.decide_care(assessed, context)
        rows = care.new_communications(
            incident, first.service, (*first.decisions, *first.accounts), contact_history, self.now
        )
        after = replace(context, contact_history=contact_history.adding(rows))
        over = replace(incident, state="resolved", resolved_at=self.now)
        last = pipeline.decide_care(replace(assessed, incident=over), after)
        return [*first.decisions, *first.accounts, *last.follow_ups], rows

    def _context(self, incident: Incident, rules: Sequence[Rule], contact_history: ContactHistory) -> DecisionContext:
        rows = self.listed[incident.incident_id]
        facts, people = PeopleFacts(self.app.store, self.reference, self.now), [one.subscriber for one in rows]
        return DecisionContext(
            reference=self.reference,
            care_policy=self.app.settings.care,
            rules=rules,
            now=self.now,
            contact_history=contact_history,
            risk={d.subscriber: d.risk for one in rows if (d := one.decision).risk is not None},
            history=facts.histories_for(rules, people, besides=incident.incident_id),
        )

    def _assessed(self, incident: Incident) -> Assessment:
        """Its last assessment, with the people who are listed now."""
        return last_assessment(self.app.store, incident, self.listed[incident.incident_id], self.now)

    def _outcome(self, one: Decision | AccountDecision) -> Outcome:
        if one.why_not:
            return _bracketed(one.why_not), "none"
        if one.rule:
            return one.rule, one.action
        likely = self._chance_of.get((one.incident_id, one.subscriber), 0.0) >= self.app.settings.care.contact_above
        return (NO_RULE if likely else UNLIKELY), "none"


def _bracketed(reason: str) -> str:
    return f"({reason})"
