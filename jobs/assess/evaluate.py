"""Makes the assessment of each incident: whom it affects, what each of them has been through, and what care decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from detector import care, outlook, pipeline
from detector.care import DecisionContext
from detector.domain.assessment import Assessment
from detector.domain.communication import ContactHistory
from detector.domain.experience import CustomerHistory
from detector.domain.exposure import LocationData, MobilityProfile, Presence
from detector.domain.impact import Listing, no_impact
from detector.domain.incident import Incident
from detector.domain.outlook import Breach
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, Window
from detector.impact.experience import harm_of
from detector.outlook import ClearTimeModel
from detector.store import Store
from detector.store.cursors import ASSESS
from jobs import models
from jobs.assess.contact_history import load_contact_history
from jobs.context import JobContext
from jobs.people_facts import PeopleFacts

_BREACHES_ANEW_S = 3 * HOUR_S
"""Time between two breach forecasts of an incident. Chosen: a drift of days moves little in three hours."""


@dataclass(frozen=True)
class Evaluation:
    """One incident's assessment, and the context in which care decided."""

    assessment: Assessment
    context: DecisionContext

    @property
    def urgency(self) -> tuple[int, float, int, str]:
        """Sorts what waits for a care team: by severity, then by the number of affected people, then by age."""
        one = self.assessment
        return one.incident.priority, -one.impact.affected, one.incident.opened_at, one.incident.incident_id


@dataclass(frozen=True)
class Evaluator:
    """Reads the input of an assessment; writes nothing."""

    job: JobContext
    reference: Reference
    profile: MobilityProfile
    now: int

    @property
    def store(self) -> Store:
        return self.job.store

    @property
    def facts(self) -> PeopleFacts:
        return PeopleFacts(self.store, self.reference, self.now)

    def evaluate_changed(self) -> list[Evaluation]:
        """Those that are open or were changed since the last assessment, and resolved ones whose all-clear a recipient waits
        for."""
        incidents = self.store.incidents.changed_since(int(self.store.progress.until(ASSESS) or 0))
        over = self._recently_over(incidents)
        context = self._context([*incidents, *over])
        presence = self._presence(incidents)
        clear_times = self._clear_times() if incidents else ClearTimeModel({})
        found = [self._assess(incident, presence, context, clear_times) for incident in incidents]
        found += [
            Evaluation(pipeline.decide_care(last_assessment(self.store, one, self._listed(one), self.now), context), context)
            for one in over
            if context.contact_history.waiting(one.incident_id)
        ]
        return self._without_early_all_clears(found)

    def _without_early_all_clears(self, found: Sequence[Evaluation]) -> list[Evaluation]:
        """The same, but no all-clear for people whom an incident that goes on is likely to affect: their cell left the
        incident that is over, or is bad for another reason."""
        above = self.job.settings.care.contact_above
        still = frozenset(
            person.subscriber
            for one in found
            if one.assessment.incident.phase == "open"
            for person in one.assessment.impact.people
            if person.probability >= above
        )

        def again(one: Evaluation) -> Evaluation:
            known = replace(one.context, still_affected=still)
            return Evaluation(pipeline.decide_care(one.assessment, known), known)

        return [again(one) if still and one.assessment.incident.state == "resolved" else one for one in found]

    def _presence(self, incidents: Sequence[Incident]) -> Presence:
        """What has arrived since shortly before the oldest of them began."""
        begin = min((i.started_at for i in incidents), default=self.now) - self.job.settings.impact.present_hours * HOUR_S
        return self.store.presence.read_whole(Window(min(begin, self.now - 1), self.now))

    def _clear_times(self) -> ClearTimeModel:
        """How long incidents last on this network, by the stored past weeks."""
        since = self.now - self.job.settings.detection.history_days * DAY_S
        known = self.store.incidents.changed_since(since)
        return outlook.learn_clear_times(known, self.store.degradations.since(since), now=self.now)

    def _context(self, incidents: Sequence[Incident]) -> DecisionContext:
        contact_history = load_contact_history(self.store, incidents, self.now) if incidents else ContactHistory()
        return DecisionContext(
            reference=self.reference,
            care_policy=self.job.settings.care,
            rules=self.job.settings.rules,
            now=self.now,
            contact_history=contact_history,
        )

    def _assess(
        self, incident: Incident, presence: Presence, context: DecisionContext, clear_times: ClearTimeModel
    ) -> Evaluation:
        own = tuple(self.store.degradations.of(incident))
        outlook = pipeline.foresee(incident, clear_times, self._breaches(incident), now=self.now)
        one = self._with_impact(Assessment(incident=incident, degradations=own, outlook=outlook), presence)
        known = replace(context, risk=self._risk(one), history=self._history(one))
        return Evaluation(pipeline.decide_care(one, known), known)

    def _recently_over(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Others of the last day that are over: if that was in the quiet hours, those who were notified wait for the
        all-clear."""
        if care.in_quiet_hours(self.now, self.reference.operator.timezone, self.job.settings.care):
            return []
        known = {one.incident_id for one in incidents}
        lately = self.store.incidents.changed_since(self.now - DAY_S)
        return [one for one in lately if one.state == "resolved" and one.incident_id not in known]

    def _listed(self, incident: Incident) -> Sequence[Listing]:
        return self.store.listings.all(incident_id=incident.incident_id, current=True)

    def _with_impact(self, one: Assessment, presence: Presence) -> Assessment:
        """With its impact; of accounts with a service level, what it cost them."""
        locations = LocationData(self.profile, presence)
        one = pipeline.assess(one, locations, self.reference, self.job.catalogue, self.job.settings.impact, now=self.now)
        accounts = self.facts.with_service_levels(one.impact.accounts)
        return replace(one, impact=replace(one.impact, accounts=accounts))

    def _risk(self, one: Assessment) -> Mapping[str, float]:
        """Subscriber -> chance of a network contact today, of those listed who may be profiled."""
        harm = harm_of(one.incident, self.store.degradations.leading_drift(one.incident))
        return self.facts.contact_chances(one.impact.people, self.job.settings.care, harm=harm)

    def _history(self, one: Assessment) -> Mapping[str, CustomerHistory]:
        """Subscriber -> what it has been through, of those listed; nothing is read where no rule uses it."""
        people = [person.subscriber for person in one.impact.people]
        return self.facts.histories_for(self.job.settings.rules, people, besides=one.incident.incident_id)

    def _breaches(self, incident: Incident) -> Sequence[Breach]:
        """When its drifts reach the next severity: read from two days of history, so computed anew only now and then."""
        if incident.state != "open" or incident.silent:
            return ()
        before = self.store.outlooks.get(incident.incident_id)
        if before is not None and before.made_at // _BREACHES_ANEW_S == self.now // _BREACHES_ANEW_S:
            return before.breaches
        drifts = models.drifts_of(
            self.store,
            self.job.catalogue,
            self.job.settings.detection,
            self.store.degradations.of(incident),
            timezone=self.reference.operator.timezone,
            until=self.now,
        )
        return pipeline.breaches(drifts, now=self.now)


def last_assessment(store: Store, incident: Incident, listed: Sequence[Listing], now: int) -> Assessment:
    """Returns the incident's assessment as it was saved last, with the people of these listings."""
    known = store.impacts.latest(incident.incident_id) or no_impact(incident.incident_id, now)
    own = tuple(store.degradations.of(incident))
    people = tuple(one.affected for one in sorted(listed, key=lambda one: one.subscriber))
    return Assessment(
        incident=incident,
        degradations=own,
        impact=replace(known, people=people),
        service=care.service_of(incident, own),
    )
