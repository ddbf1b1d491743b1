"""Loads the store's facts about people: for rules, for the chance of a contact, and for agents."""

from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from detector import feedback
from detector.care.consent import profiled
from detector.care.context import Context, CustomerRecord, context_of
from detector.domain.customer import excluded_from_analysis
from detector.domain.experience import CustomerHistory, Touch
from detector.domain.impact import AccountImpact, Affected
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.domain.rule import Rule
from detector.domain.window import DAY_S, Window
from detector.impact.customer_history import burden_of, history_of, with_month
from detector.impact.experience import REMEMBERED_DAYS, local_days
from detector.store.protocols import StateStore
from jobs.complaint_risk import LOOKS_BACK_S

_YEAR_S = 365 * DAY_S
"""How far back facts of a person are loaded. Chosen: a year."""
OF_THE_PAST = frozenset({"incidents_28_days", "contacts_28_days", "experience", "trend"})
"""Conditions of rules that need a history."""


@dataclass(frozen=True)
class PeopleFacts:
    """What is known of people at `now` (s), each fact of all of them in a few queries."""

    store: StateStore
    reference: Reference
    now: int

    def histories_for(
        self, rules: Iterable[Rule], people: Collection[str], *, besides: str = ""
    ) -> Mapping[str, CustomerHistory]:
        """The same as `histories`; nothing is read where no rule has a condition on the past."""
        asked = any(name in OF_THE_PAST for rule in rules for name, _ in rule.when)
        return self.histories(people, besides=besides) if asked else {}

    def histories(self, people: Collection[str], *, besides: str = "") -> Mapping[str, CustomerHistory]:
        """Each person's past; `besides` (an incident id) is not counted as past."""
        since, experience = self.now - REMEMBERED_DAYS * DAY_S, self.store.experience
        rows = experience.of(people, Window(since - 8 * DAY_S, self.now))
        listed, contacts = experience.incidents_of(people, since), experience.contacts_of(people, since)
        notified = experience.last_notified_of(people)
        return {
            person: history_of(
                rows.get(("subscriber", person), []),
                listed.get(person, frozenset()) - {besides},
                contacts.get(person, Touch()),
                notified.get(person),
                self._today,
            )
            for person in people
        }

    def contact_chances(self, listed: Sequence[Affected], care_policy: CarePolicy, *, harm: str) -> Mapping[str, float]:
        """Subscriber -> chance of a network contact today, of those listed who may be profiled; nothing without a model.
        `harm`: what the incident does to people (one of HARMS)."""
        model = self.store.models.risk()
        if model is None or not listed:
            return {}
        customers, country = self.reference.customers, self.reference.operator.country
        allowed = profiled(customers, care_policy, country=country, at=self.now, among=[one.subscriber for one in listed])
        own = [one for one in listed if one.subscriber in allowed]
        today, people = self._today, [one.subscriber for one in own]
        since = today - LOOKS_BACK_S
        rows = self.store.experience.of(people, Window(since, self.now))
        interactions = self.store.interactions.recent(people, since)
        contacts = Counter(i.subscriber for i in interactions if feedback.is_network_contact(i) and i.at < today)
        burdens = [
            burden_of(
                one,
                rows.get(("subscriber", one.subscriber), ()),
                harm=harm,
                contacts=contacts[one.subscriber],
                today=today,
                segment=customers.subscribers[one.subscriber].segment,
            )
            for one in own
        ]
        return {one.subscriber: round(float(p), 4) for one, p in zip(own, model.chance(burdens), strict=True)}

    def contexts(self, people: Collection[str], *, besides: str = "") -> Mapping[str, Context]:
        """The customer context of each of these people beside the incident `besides`. For a page of them, not for
        all."""
        store, customers = self.store, self.reference.customers
        histories = self.histories(people, besides=besides)
        listed = store.experience.incidents_of(people, self.now - REMEMBERED_DAYS * DAY_S)
        named = {i.incident_id: i for i in store.incidents.named(frozenset().union(*listed.values()) - {besides})}
        out, since = excluded_from_analysis(customers, self.now, people), self.now - _YEAR_S
        return {
            person: context_of(
                person,
                customers,
                CustomerRecord(
                    interactions=store.interactions.of(person, since),
                    communications=store.communications.about(person, since),
                    incidents=[named[name] for name in listed.get(person, ()) if name in named],
                    events=store.interactions.events_of(person, since),
                    history=histories[person],
                ),
                now=self.now,
                left_out=person in out,
            )
            for person in people
        }

    def with_service_levels(self, accounts: Sequence[AccountImpact]) -> tuple[AccountImpact, ...]:
        """These accounts, those of a service level with the minutes that their calendar month has used, as far as kept, and
        allows."""
        local = datetime.fromtimestamp(self.now, ZoneInfo(self.reference.operator.timezone))
        month = Window(int(local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()), self.now + 1)
        days = monthrange(local.year, local.month)[1]
        rows = self.store.experience.of([one.account for one in accounts if one.sla], month)
        return tuple(with_month(one, rows.get(("account", one.account), ()), days) for one in accounts)

    @property
    def _today(self) -> int:
        """Local midnight (s)."""
        return next(local_days(Window(self.now, self.now + 1), self.reference.operator.timezone)).start
