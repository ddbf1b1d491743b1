"""An incident weighed: who is behind it, what each of them has been through, and what care does about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from detector import care, outlook, pipeline
from detector.care import DecisionContext
from detector.domain.assessment import Assessment
from detector.domain.communication import ContactHistory
from detector.domain.experience import CustomerHistory
from detector.domain.exposure import LocationData, MobilityProfile, Presence
from detector.domain.impact import no_impact
from detector.domain.incident import Incident
from detector.domain.outlook import Breach
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.impact.experience import harm_of
from detector.kpis import Catalogue
from detector.outlook import Lasting
from detector.settings import Settings
from detector.store import Store
from jobs import models
from jobs.assessing.hearing import contact_history_of
from jobs.assessing.histories import OF_THE_PAST, histories, with_service_levels
from jobs.complaint_risk import risks

_HOUR = 3600
_DAY = 86_400
_BREACHES_ANEW_S = 3 * _HOUR


@dataclass(frozen=True)
class Weighed:
    """One incident's assessment, and by what care decided."""

    assessed: Assessment
    context: DecisionContext

    @property
    def gravity(self) -> tuple[int, float, int, str]:
        """Of what waits for a care team, the gravest comes first, then what affects most, then what began first."""
        one = self.assessed
        return one.incident.priority, -one.impact.affected, one.incident.opened_at, one.incident.incident_id


@dataclass(frozen=True)
class Weighing:
    """Reads what an assessment needs to know; writes nothing."""

    store: Store
    reference: Reference
    catalogue: Catalogue
    settings: Settings
    profile: MobilityProfile
    now: int

    def all_changed(self) -> list[Weighed]:
        """Those that are open or were changed since the last assessment, and those over of which somebody waits to hear."""
        incidents = self.store.incidents.changed_since(self.store.notes.get("assessed_until", 0))
        over = self._just_over(incidents)
        context = self._context([*incidents, *over])
        presence = self._presence(incidents)
        lasting = self._lasting() if incidents else Lasting({})
        found = [self._assess(incident, presence, context, lasting) for incident in incidents]
        waited_for = [one for one in over if context.contact_history.waiting(one.incident_id)]
        return found + [Weighed(pipeline.decide_care(self._as_it_was(one), context), context) for one in waited_for]

    def _presence(self, incidents: Sequence[Incident]) -> Presence:
        """What has arrived since shortly before the oldest of them began."""
        begin = min((i.started_at for i in incidents), default=self.now) - self.settings.impact.present_hours * _HOUR
        return self.store.presence.read_whole(Window(min(begin, self.now - 1), self.now))

    def _lasting(self) -> Lasting:
        """How long incidents last on this network, by all that it remembers of the past weeks."""
        since = self.now - self.settings.detection.history_days * _DAY
        known = self.store.incidents.changed_since(since)
        return outlook.learn_lasting(known, self.store.degradations.since(since), now=self.now)

    def _context(self, incidents: Sequence[Incident]) -> DecisionContext:
        contact_history = contact_history_of(self.store, incidents, self.now) if incidents else ContactHistory()
        return DecisionContext(
            reference=self.reference,
            care_policy=self.settings.care,
            rules=self.settings.rules,
            now=self.now,
            contact_history=contact_history,
        )

    def _assess(self, incident: Incident, presence: Presence, context: DecisionContext, lasting: Lasting) -> Weighed:
        own = tuple(self.store.degradations.of(incident))
        outlook = pipeline.foresee(incident, lasting, self._breaches(incident), now=self.now)
        one = self._weigh(Assessment(incident=incident, degradations=own, outlook=outlook), presence)
        known = replace(context, risk=self._risk(one), history=self._history(one))
        return Weighed(pipeline.decide_care(one, known), known)

    def _just_over(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Others of the last day that are over: if that was in the quiet hours, those who were told wait to hear it."""
        if care.in_quiet_hours(self.now, self.reference.operator.timezone, self.settings.care):
            return []
        known = {one.incident_id for one in incidents}
        lately = self.store.incidents.changed_since(self.now - _DAY)
        return [one for one in lately if one.state == "resolved" and one.incident_id not in known]

    def _as_it_was(self, incident: Incident) -> Assessment:
        """Its last assessment."""
        listed = self.store.listings.all(incident_id=incident.incident_id, current=True)
        people = tuple(one.affected for one in sorted(listed, key=lambda one: one.subscriber))
        known = self.store.impacts.latest(incident.incident_id) or no_impact(incident.incident_id, self.now)
        own = tuple(self.store.degradations.of(incident))
        return Assessment(
            incident=incident,
            degradations=own,
            impact=replace(known, people=people),
            service=care.service_of(incident, own),
        )

    def _weigh(self, one: Assessment, presence: Presence) -> Assessment:
        """With its impact; of accounts with a service level, what it cost them."""
        locations = LocationData(self.profile, presence)
        one = pipeline.assess(one, locations, self.reference, self.catalogue, self.settings.impact, now=self.now)
        zone = self.reference.operator.timezone
        accounts = with_service_levels(self.store, one.impact.accounts, now=self.now, timezone=zone)
        return replace(one, impact=replace(one.impact, accounts=accounts))

    def _risk(self, one: Assessment) -> Mapping[str, float]:
        """Subscriber -> chance of a network contact today, of those listed who may be profiled."""
        harm = harm_of(one.incident, self.store.degradations.leading_drift(one.incident))
        return risks(self.store, self.reference, self.settings.care, one.impact.people, harm=harm, now=self.now)

    def _history(self, one: Assessment) -> Mapping[str, CustomerHistory]:
        """Subscriber -> what it has been through, of those listed; nothing is read where no rule asks for it."""
        if not any(name in OF_THE_PAST for rule in self.settings.rules for name, _ in rule.when):
            return {}
        people, zone = [person.subscriber for person in one.impact.people], self.reference.operator.timezone
        return histories(self.store, people, now=self.now, timezone=zone, besides=one.incident.incident_id)

    def _breaches(self, incident: Incident) -> Sequence[Breach]:
        """When its drifts turn graver: read from two days of history, so asked anew only now and then."""
        if incident.state != "open" or incident.silent:
            return ()
        before = self.store.notes.get(f"outlook:{incident.incident_id}") or {}
        known = [Breach(**one) for one in before.get("breaches", ())]
        if before and before["made_at"] // _BREACHES_ANEW_S == self.now // _BREACHES_ANEW_S:
            return known
        drifts = models.drifts_of(
            self.store,
            self.catalogue,
            self.settings.detection,
            self.store.degradations.of(incident),
            timezone=self.reference.operator.timezone,
            until=self.now,
        )
        return pipeline.breaches(drifts, now=self.now)
