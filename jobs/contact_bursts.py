"""Looks for bursts of contacts without a degradation; each is a finding once, while it lasts, of one place."""

from collections.abc import Iterable
from dataclasses import replace

from detector.domain.contact_burst import Burst, ContactRates
from detector.domain.finding import Findings
from detector.domain.policy import FeedbackPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, Window
from detector.feedback.bursts import SPANS_S, ContactBaseline, bursts, is_news
from detector.store import Store, cursors

_EVERY_S = 900
"""Time between two looks at contacts. Chosen: one period."""
_LOOKS_BACK_S, _KEPT_S = 28 * DAY_S, 28 * DAY_S
_AFTERMATH_S = 2 * HOUR_S
"""How long after an incident people still call about it. Chosen: as `care.lookup.RECENT_S`."""
_SAME_S = 6 * HOUR_S
"""A burst at a place that had one so short a time ago is the same one. Chosen: a quarter of a day."""


def scan_bursts(
    store: Store, reference: Reference, feedback_policy: FeedbackPolicy, findings: Findings, *, floor: int, now: int
) -> list[Burst]:
    """New ones, by what is known at `now`; looked for once in a quarter of an hour."""
    if now - (store.progress.until(cursors.BURSTS) or 0) < _EVERY_S:
        return []
    interactions = store.interactions.between(now - max(SPANS_S), now + 1)
    found: list[Burst] = []
    if len(interactions) >= floor:
        budget = feedback_policy.false_bursts_per_1000_cells_week * len(reference.topology.cells) / 1000
        found = bursts(
            interactions,
            _baseline(store, reference, now),
            reference,
            _explained(store, reference, now),
            now=now,
            budget=budget,
            floor=floor,
        )
    known = [one for one in store.contact_bursts.all() if one.until > now - _KEPT_S]
    lately = [(one.place_kind, one.place_id) for one in known if one.until > now - _SAME_S]
    new = [
        one for one in found if not _is_going_on(one, known, now) and is_news(one, lately, interactions, reference.topology)
    ]
    for one in new:
        findings.add("contact_burst", one.place, str(one))
    with store.begin() as connection:
        store.progress.save(connection, cursors.BURSTS, now)
        if found or known:
            going_on = [one for one in found if one in new or _is_going_on(one, known, now)]
            store.contact_bursts.replace(connection, _merged(known, going_on, now))
    return new


def _baseline(store: Store, reference: Reference, now: int) -> ContactBaseline:
    """Counted once a day."""
    rates = store.models.contact_rates()
    if rates is not None and now - rates.made_at < DAY_S:
        return ContactBaseline(rates.hours, rates.profile, rates.by_cell)
    interactions = store.interactions.between(now - _LOOKS_BACK_S, now - max(SPANS_S))
    begin = min((one.at for one in interactions), default=now - max(SPANS_S))
    baseline = ContactBaseline.of(interactions, Window(begin, now - max(SPANS_S) + 1), reference.operator.timezone)
    with store.begin() as connection:
        rates = ContactRates(made_at=now, hours=baseline.hours, profile=baseline.profile, by_cell=baseline.by_cell)
        store.models.save_contact_rates(connection, rates)
    return baseline


def _explained(store: Store, reference: Reference, now: int) -> set[str]:
    """Cells with a degradation, an incident or works, in these hours or shortly before."""
    topology, since = reference.topology, now - max(SPANS_S) - _AFTERMATH_S
    cells = {cell for i in store.incidents.within(Window(since, now + 1)) for cell in i.cells}
    for degradation in store.degradations.since(since):
        cells |= topology.cells_behind(degradation.object_id)
    for works in reference.operations.maintenance:
        held = works.effective
        if held and held.start <= now and held.end > since:
            cells |= topology.within(works.scope_kind, works.scope_id)
    return cells


def _is_going_on(one: Burst, known: Iterable[Burst], now: int) -> bool:
    return any(_same(old, one) and old.until > now - _SAME_S for old in known)


def _same(old: Burst, one: Burst) -> bool:
    return (old.place_kind, old.place_id) == (one.place_kind, one.place_id)


def _merged(known: list[Burst], found: list[Burst], now: int) -> list[Burst]:
    """One that goes on is as large as it ever was."""
    merged = list(known)
    for one in found:
        at = next((i for i, old in enumerate(merged) if _same(old, one) and old.until > now - _SAME_S), None)
        if at is None:
            merged.append(one)
            continue
        larger = one if one.contacts > merged[at].contacts else merged[at]
        merged[at] = replace(larger, since=min(merged[at].since, one.since), until=one.until)
    return merged
