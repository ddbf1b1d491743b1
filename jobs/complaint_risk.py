"""The complaint risk: fitted by `learn` from what is kept of those who may be profiled, and told of those listed."""

from collections import Counter
from collections.abc import Mapping, Sequence

from detector import feedback
from detector.care.consent import profiled
from detector.domain.experience import Experience
from detector.domain.impact import Affected
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.domain.risk import Burden, RiskModel
from detector.domain.window import Window
from detector.impact import left_out
from detector.impact.experience import local_days
from detector.store import Store

_DAY_S = 86_400
LOOKS_BACK_S = 28 * _DAY_S
LEAST_DAYS = 7
MODEL = "risk"
"""Note: the model as JSON."""
WHY_NOT = "risk_why_not"
"""Note: why there is none, empty if there is one."""


def refit_risk(store: Store, reference: Reference, policy: CarePolicy, *, now: int) -> str:
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
    people = _people(reference, policy, now)
    heard = store.interactions.between(midnights[0], midnights[-1])
    return _keep(store, *feedback.fit_risk(feedback.days_of(people, kept, heard, midnights), now=now))


def _keep(store: Store, model: RiskModel | None, why_not: str) -> str:
    with store.begin() as connection:
        store.notes.put(connection, MODEL, None if model is None else model.to_json())
        store.notes.put(connection, WHY_NOT, why_not)
    return why_not


def known_model(store: Store) -> RiskModel | None:
    """The present one."""
    body = store.notes.get(MODEL)
    return None if body is None else RiskModel.from_json(body)


def _people(reference: Reference, policy: CarePolicy, now: int) -> dict[str, str]:
    """Subscriber -> segment of those who may be profiled."""
    customers = reference.customers
    withdrew = left_out(customers, now)
    keys = profiled(customers, policy, country=reference.operator.country, at=now)
    return {key: customers.subscribers[key].segment for key in keys if key not in withdrew}


def risks(
    store: Store, reference: Reference, policy: CarePolicy, listed: Sequence[Affected], *, harm: str, now: int
) -> Mapping[str, float]:
    """Subscriber -> chance of a network contact today, of those listed who may be profiled; nothing without a model. `harm`:
    what the incident does to people (one of HARMS)."""
    model = known_model(store)
    if model is None or not listed:
        return {}
    customers, country = reference.customers, reference.operator.country
    allowed = profiled(customers, policy, country=country, at=now, among=[one.subscriber for one in listed])
    own = [one for one in listed if one.subscriber in allowed]
    today = next(local_days(Window(now, now + 1), reference.operator.timezone)).start
    since = today - LOOKS_BACK_S
    lived = store.experience.of([one.subscriber for one in own], Window(since, now))
    heard = store.interactions.recent([one.subscriber for one in own], since)
    contacts = Counter(i.subscriber for i in heard if feedback.is_network_contact(i) and i.at < today)
    burdens = [
        _burden(
            one,
            harm,
            lived.get(("subscriber", one.subscriber), ()),
            contacts[one.subscriber],
            today,
            customers.subscribers[one.subscriber].segment,
        )
        for one in own
    ]
    return {one.subscriber: round(float(p), 4) for one, p in zip(own, model.chance(burdens), strict=True)}


def _burden(one: Affected, harm: str, rows: Sequence[Experience], contacts: int, today: int, segment: str) -> Burden:
    """What is known of the day so far, and what this incident is expected to bring."""
    minutes = {name: seconds / 60 for row in rows if row.day == today for name, seconds in row.by_harm.items()}
    minutes[harm] = max(minutes.get(harm, 0.0), one.degraded_s / 60)
    failures = max([row.failures for row in rows if row.day == today] + [one.failures])
    before = [row for row in rows if row.day < today]
    week = sum(row.degraded_s for row in before if row.day >= today - 7 * _DAY_S) / 60
    last = max((row.day for row in before if row.degraded_s > 0), default=None)
    days_since = None if last is None else round((today - last) / _DAY_S)
    return Burden(
        minutes=minutes,
        failures=failures,
        week=week,
        incidents=sum(row.incidents for row in before),
        days_since=days_since,
        contacts=contacts,
        segment=segment,
    )
