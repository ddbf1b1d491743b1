"""The complaint risk: fitted by `learn` from what is kept of those who may be profiled, and predicted for those listed."""

from detector import feedback
from detector.care.consent import profiled
from detector.domain.customer import excluded_from_analysis
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.domain.risk import RiskModel
from detector.domain.window import DAY_S, Window
from detector.impact.experience import local_days
from detector.store import Store

LOOKS_BACK_S = 28 * DAY_S
"""How far a fit looks back. Chosen: four weeks, each weekday four times."""
LEAST_DAYS = 7
"""Fewest whole days of experience for a fit. Chosen: one of each weekday."""


def refit_risk(store: Store, reference: Reference, care_policy: CarePolicy, *, now: int) -> str:
    """A new model in place of the old one; returns why there is none, empty if there is one.

    It learns from whole local days since experience is kept, of people who may be profiled and whose service may be looked
    at, as things stand now. Too few complaints, or days, and there is no model: risk is then not known.
    """
    kept = store.experience.between(Window(now - LOOKS_BACK_S, now))
    timezone = reference.operator.timezone
    begin = min((row.day for row in kept), default=now)
    days = [day for day in local_days(Window(begin, now), timezone) if day.end <= now] if begin < now else []
    if len(days) < LEAST_DAYS:
        return _keep(store, None, f"experience is kept of {len(days)} whole days: {LEAST_DAYS} of them are needed")
    midnights = [day.start for day in days] + [days[-1].end]
    people = _people(reference, care_policy, now)
    interactions = store.interactions.between(midnights[0], midnights[-1])
    return _keep(store, *feedback.fit_risk(feedback.days_of(people, kept, interactions, midnights), now=now))


def _keep(store: Store, model: RiskModel | None, why_not: str) -> str:
    with store.begin() as connection:
        store.models.save_risk(connection, model, why_not)
    return why_not


def _people(reference: Reference, care_policy: CarePolicy, now: int) -> dict[str, str]:
    """Subscriber -> segment of those who may be profiled."""
    customers = reference.customers
    withdrew = excluded_from_analysis(customers, now)
    keys = profiled(customers, care_policy, country=reference.operator.country, at=now)
    return {key: customers.subscribers[key].segment for key in keys if key not in withdrew}
