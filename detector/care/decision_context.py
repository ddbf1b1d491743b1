"""What care decides by, beside the incident itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from detector.care.consent import bases, objected
from detector.domain.case import Case
from detector.domain.communication import ContactHistory
from detector.domain.customer import Customers, Subscriber
from detector.domain.experience import UNKNOWN_HISTORY, CustomerHistory
from detector.domain.impact import Affected
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.domain.rule import Rule

PLACES = ("cell", "site", "tac", "region")


@dataclass(frozen=True, kw_only=True)
class DecisionContext:
    """`now` in s; `contact_history`: recent communications; `risk`, `history`: by subscriber, as far as known;
    `still_affected`: subscribers whom another incident, which goes on, is likely to affect."""

    reference: Reference
    care_policy: CarePolicy
    rules: Sequence[Rule] = ()
    now: int
    contact_history: ContactHistory = field(default_factory=ContactHistory)
    risk: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, CustomerHistory] = field(default_factory=dict)
    still_affected: frozenset[str] = frozenset()

    @property
    def customers(self) -> Customers:
        return self.reference.customers

    @property
    def timezone(self) -> str:
        return self.reference.operator.timezone

    @cached_property
    def lawful(self) -> Mapping[str, str]:
        """Purpose -> on what it rests in the operator's country."""
        return bases(self.care_policy, self.reference.operator.country)

    def risk_of(self, subscriber: str) -> float | None:
        """None for people who withdrew `profiling`, even if a model gives a risk."""
        risk = self.risk.get(subscriber)
        if risk is None or objected(subscriber, customers=self.customers, purpose="profiling", at=self.now):
            return None
        return risk

    def person(self, key: str) -> Subscriber:
        return self.customers.subscribers.get(key) or Subscriber(key=key)

    def places(self, incident: Incident) -> Mapping[str, frozenset[str]]:
        """cell, site, tac and region -> those that the incident touches."""
        cells = [cell for key in incident.cells if (cell := self.reference.topology.cells.get(key))]
        found = {
            kind: frozenset(getattr(cell, f"{kind}_id" if kind == "site" else kind) for cell in cells) - {""}
            for kind in PLACES[1:]
        }
        return found | {"cell": frozenset(incident.cells)}

    def case(self, incident: Incident, service: str, person: Affected, places: Mapping[str, frozenset[str]]) -> Case:
        """What the conditions of rules read of this person in this incident."""
        key = person.subscriber
        roles = {role for _, role in self.customers.roles_of.get(key, ())} or {"line"}
        return Case(
            incident=incident,
            service=service,
            subscriber=self.person(key),
            account=self.customers.accounts.get(person.account),
            roles=roles,
            places=places,
            probability=person.probability,
            degraded_s=person.degraded_s,
            risk=self.risk_of(key),
            history=self.history.get(key, UNKNOWN_HISTORY),
        )

    def team(self, account: str, rule: Rule) -> str:
        """The rule's, else the account's own, else that of its kind."""
        known = self.customers.accounts.get(account)
        kind = known.kind if known else ""
        by_kind = next((team for which, team in self.care_policy.teams if which in (kind, "*")), "")
        return rule.team or (known.care_team if known else "") or by_kind

    def has_sla(self, *subscribers: str) -> bool:
        """A service level was promised to one of them, by an account of theirs or one above it."""
        known = self.customers
        accounts = (known.accounts.get(key) for one in subscribers for key in known.every_account_of.get(one, ()))
        return any(account is not None and account.sla for account in accounts)
