"""Whom each incident touches and what care does: impact, listings and composed alerts in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from detector import care, feedback, outlook, pipeline
from detector.care import Situation
from detector.delivery import Receiver
from detector.domain.alert import Alert
from detector.domain.communication import Heard
from detector.domain.degradation import Degradation
from detector.domain.experience import CustomerHistory
from detector.domain.exposure import Habit, Presence, no_habit
from detector.domain.finding import Findings
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.outlook import Breach, Outlook
from detector.domain.ports import Reference, Source
from detector.domain.window import Window
from detector.impact.experience import harm_of
from detector.kpis import Catalogue
from detector.outlook import Lasting
from detector.pipeline import Assessed
from detector.settings import Settings
from detector.store import Debt, Store
from jobs import fitted
from jobs.asking import Asking
from jobs.hearing import heard_lately
from jobs.histories import OF_THE_PAST, histories, with_service_levels
from jobs.holding import Holding
from jobs.ledger import Reached, walk_on
from jobs.listing import person_of, relist
from jobs.risk import risks

_HOUR = 3600
_DAY = 86_400
_BREACHES_ANEW_S = 3 * _HOUR
_NEWSWORTHY = 0.5
"""Care hears of a change in the number of affected people by more than this share."""


def assess(
    source: Source, store: Store, catalogue: Catalogue, settings: Settings, *, now: float, receivers: Sequence[Receiver],
    due_at: float, reached: Reached = walk_on,
) -> tuple[Alert, ...]:  # fmt: skip
    """All incidents that are open or were changed by the ticks still owed, each tick in a transaction of its own.

    `due_at`: wall time from which the alerts may go out. Returns the alerts composed.
    """
    debts = store.ticks.debts("assess")
    if not debts:
        return ()
    reference = source.reference(now, Findings())
    habit = fitted.load_habit(store) or no_habit()
    alerts: list[Alert] = []
    for debt in debts:
        work = _Assessment(store, reference, catalogue, settings, habit, receivers, int(now), due_at)
        alerts += work.run(debt, reached)
    return tuple(alerts)


@dataclass(frozen=True)
class _Care:
    """One incident's assessment, and by what care decided."""

    assessed: Assessed
    situation: Situation


@dataclass(frozen=True)
class _Assessment:
    store: Store
    reference: Reference
    catalogue: Catalogue
    settings: Settings
    habit: Habit
    receivers: Sequence[Receiver]
    now: int
    due_at: float

    def run(self, debt: Debt, reached: Reached) -> list[Alert]:
        decided = self.store.decisions.newest()
        incidents = self.store.book.incidents_changed_at(self.store.notes.get("assessed_until", 0))
        over = self._just_over(incidents)
        situation = self._situation([*incidents, *over])
        presence = self._presence(incidents)
        lasting = self._lasting() if incidents else Lasting({})
        found = [self._assess(incident, presence, situation, lasting) for incident in incidents]
        found += [
            _Care(pipeline.approach(self._as_it_was(one), situation), situation)
            for one in over if situation.heard.waiting(one.incident_id)
        ]  # fmt: skip
        reached("assess.computed")
        with self.store.begin() as connection:
            overtaken = self.store.decisions.newest(connection) != decided  # what was assessed may be withdrawn by now
            if overtaken or not self.store.ticks.still_owed(connection, debt):  # or another daemon was faster
                return []
            holding = Holding.at(connection, self.store, self.settings, self.now)
            asking = Asking(self.store, situation.heard, self.now)
            gravest_first = sorted(found, key=_gravity)
            alerts = [alert for one in gravest_first if (alert := self._record(connection, one, holding, asking))]
            self.store.notes.put(connection, "assessed_until", self.now)
            self.store.ticks.settle(connection, debt, self.now)
            reached("assess.deciding")
        reached("assess.recorded")
        return alerts

    def _presence(self, incidents: Sequence[Incident]) -> Presence:
        """What has arrived since shortly before the oldest of them began."""
        begin = min((i.started_at for i in incidents), default=self.now) - self.settings.impact.present_hours * _HOUR
        return self.store.presence.read(Window(min(begin, self.now - 1), self.now))

    def _lasting(self) -> Lasting:
        """How long incidents last on this network, by all that it remembers of the past weeks."""
        since = self.now - self.settings.detection.history_days * _DAY
        known = self.store.book.incidents_changed_at(since)
        return outlook.learn_lasting(known, self.store.book.degradations_since(since), now=self.now)

    def _situation(self, incidents: Sequence[Incident]) -> Situation:
        heard = heard_lately(self.store, incidents, self.now) if incidents else Heard()
        return pipeline.circumstances(
            self.reference, self.settings.care, self.settings.rules, now=self.now, heard=heard
        )  # fmt: skip

    def _assess(self, incident: Incident, presence: Presence, situation: Situation, lasting: Lasting) -> _Care:
        outlook = None
        if incident.withdrawn_at is None:
            outlook = pipeline.foresee(incident, lasting, self._breaches(incident), now=self.now)
        one = self._weigh(incident, presence, outlook)
        known = replace(situation, risk=self._risk(one), history=self._history(one))
        return _Care(pipeline.approach(one, known), known)

    def _just_over(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Others of the last day that are over: if that was in the quiet hours, those who were told wait to hear it."""
        if care.in_quiet_hours(self.now, self.reference.operator.timezone, self.settings.care):
            return []
        known = {one.incident_id for one in incidents}
        lately = self.store.book.incidents_changed_at(self.now - _DAY)
        return [one for one in lately if one.state == "resolved" and one.incident_id not in known]

    def _as_it_was(self, incident: Incident) -> Assessed:
        """Its last assessment."""
        listed = self.store.book.listings(incident_id=incident.incident_id, current=True)
        people = tuple(map(person_of, sorted(listed, key=lambda one: one.subscriber)))
        known = self.store.book.impact(incident.incident_id) or Impact(incident.incident_id, self.now, 0, 0.0, 0.0, 0.0)
        shown = self.store.book.degradations_of(incident)
        return Assessed(incident, replace(known, people=people), (), service=care.service_of(incident, shown))

    def _weigh(self, incident: Incident, presence: Presence, outlook: Outlook | None) -> Assessed:
        if incident.withdrawn_at is not None:
            return Assessed(incident, Impact(incident.incident_id, self.now, 0, 0.0, 0.0, 0.0, (), ()), ())
        one = pipeline.weigh(
            incident, self.store.book.degradations_of(incident), self.habit, presence, self.reference, self.catalogue,
            self.settings.impact, now=self.now, outlook=outlook,
        )  # fmt: skip
        zone = self.reference.operator.timezone
        accounts = with_service_levels(self.store, one.impact.accounts, now=self.now, timezone=zone)
        return replace(one, impact=replace(one.impact, accounts=accounts))

    def _risk(self, one: Assessed) -> Mapping[str, float]:
        """Subscriber -> chance of a network contact today, of those listed who may be profiled."""
        drifting = self.store.book.degradations_of(one.incident) if one.incident.kind == "drift" else ()
        harm = harm_of(one.incident, max(drifting, key=lambda d: d.strength, default=None))
        return risks(
            self.store, self.reference, self.settings.care, one.impact.people, harm=harm, now=self.now
        )  # fmt: skip

    def _history(self, one: Assessed) -> Mapping[str, CustomerHistory]:
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
        drifts = fitted.drifts_of(
            self.store, self.catalogue, self.settings.detection, self.store.book.degradations_of(incident),
            timezone=self.reference.operator.timezone, until=self.now,
        )  # fmt: skip
        return pipeline.breaches(drifts, now=self.now)

    def _record(self, connection: Connection, found: _Care, holding: Holding, asking: Asking) -> Alert | None:
        one = asking.anew(found.assessed, found.situation)
        type_ = self._news(one, asking)
        heard = self._withdraw(connection, one.incident) if type_ else None
        if heard == []:  # nobody heard of it: what was asked of care reached nobody
            one = replace(one, decisions=(), follow_ups=(), accounts=())
            asking.take_back(connection, one.incident.incident_id)
        self.store.book.save_impact(connection, one.impact)
        relist(connection, self.store, one, self.reference.customers, self.now)
        if one.outlook is not None:
            self.store.notes.put(connection, f"outlook:{one.incident.incident_id}", asdict(one.outlook))
        if not type_ and one.incident.state != "open":
            holding.let_go(connection, one.incident)
        if not type_ or heard == []:
            return None
        own = self.store.book.degradations_of(one.incident)
        alert = self._compose(connection, one, own, type_)
        if type_ == "opened" and holding.holds(connection, one.incident, own, alert):
            return None
        asking.ask(connection, one)
        said = {part: alert.data[part] for part in ("serviceProblem", "impact", "expected")}
        told = {"type": type_, "version": one.incident.version, "affected": one.impact.affected, "said": said}
        told |= {"withdrawn": one.incident.withdrawn_at is not None}
        self.store.notes.put(connection, f"told:{one.incident.incident_id}", told)
        team = str(alert.data.get("action", {}).get("team") or "")
        wanting = [r.name for r in self.receivers if r.wants(alert.severity, team)]
        self.store.outbox.add(connection, alert, wanting if heard is None else heard, self.due_at)
        return alert

    def _withdraw(self, connection: Connection, incident: Incident) -> list[str] | None:
        """Of a false alarm hear exactly those who heard of it, and what nobody heard of stays unsaid. None: it is none."""
        if incident.withdrawn_at is None:
            return None
        heard = self.store.outbox.withdraw(connection, incident.incident_id, self.due_at)
        if not heard:
            self.store.notes.put(connection, f"told:{incident.incident_id}", None)
        return heard

    def _compose(self, connection: Connection, one: Assessed, own: Sequence[Degradation], type_: str) -> Alert:
        told = self.store.notes.get(f"told:{one.incident.incident_id}") or {}
        alert = pipeline.tell(
            one, own, self.catalogue, self.settings.impact, self.settings.care,
            type_=type_, sequence=self.store.outbox.sequence(connection, one.incident.incident_id) + 1, now=self.now,
            timezone=self.reference.operator.timezone, link_base=self.settings.web.link_base,
            before=told.get("said"),
        )  # fmt: skip
        return alert if type_ == "opened" else self._with_lead_time(alert, one)

    def _with_lead_time(self, alert: Alert, one: Assessed) -> Alert:
        """How long care knew before the first complaint came (negative: after it); left out while nobody complained."""
        people = {person.subscriber for person in one.impact.people}
        contacts = self.store.interactions.between(one.incident.started_at, self.now + 1)
        first = feedback.first_complaint(contacts, cells=one.incident.cells, people=people)
        if first is None:
            return alert
        told = alert.data["impact"] | {"leadTimeS": first - one.incident.opened_at}
        return replace(alert, data={**alert.data, "impact": told})

    def _news(self, one: Assessed, asking: Asking) -> str:
        """opened, updated, resolved, or nothing that a receiver would want to hear. A merged incident is resolved for
        those who heard of it: the older one goes on. A false alarm is taken back even after it was resolved; one that is
        open again, as late data show, is an update, and so is an incident with many people whom care may tell only now.
        Whoever could not hear in the night that it is over hears it in the morning."""
        incident = one.incident
        told = self.store.notes.get(f"told:{incident.incident_id}")
        if told is None:
            return "opened" if incident.state == "open" and not incident.silent else ""
        if incident.withdrawn_at is not None and not told.get("withdrawn"):
            return "resolved"
        if incident.state != "open":
            return "" if told["type"] == "resolved" and not asking.all_clear(one) else "resolved"
        moved = abs(one.impact.affected - told["affected"])
        notable = max(_NEWSWORTHY * told["affected"], 2 * self.settings.impact.privacy_floor)
        again = told["type"] == "resolved"
        waiting = asking.waiting(one, _NEWSWORTHY, 2 * self.settings.impact.privacy_floor)
        return "updated" if again or incident.version > told["version"] or moved > notable or waiting else ""


def _gravity(found: _Care) -> tuple[int, float, int, str]:
    """Of what waits for a care team, the gravest comes first, then what affects most, then what began first."""
    one = found.assessed
    return one.incident.priority, -one.impact.affected, one.incident.opened_at, one.incident.incident_id
