"""Keeps each day's experience of people and accounts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection

from detector.domain.customer import Customers, excluded_from_analysis
from detector.domain.experience import Experience
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.ports import Reference, ReferenceFeed
from detector.domain.window import DAY_S, HOUR_S, Window
from detector.impact.experience import REMEMBERED_DAYS, Trouble, experience_of_day, local_days, trouble_of
from detector.store import Store
from detector.store.cursors import EXPERIENCE
from jobs.ledger import Checkpoint, no_checkpoint

EVERY_S = HOUR_S
"""Event time between two computations of the present day. Chosen: presence arrives by the hour."""


def keep_experience(source: ReferenceFeed, store: Store, *, now: float, checkpoint: Checkpoint = no_checkpoint) -> int:
    """Anew every day since the begin of an incident that is open or was changed meanwhile; returns how many rows.

    A day is always written whole, so running it again changes nothing. Of those who withdrew `network_care_analysis` nothing
    is kept, what was kept before is deleted, and their accounts' days are done again without them.
    """
    reference, at = source.reference(now), int(now)
    before = store.progress.until(EXPERIENCE)
    withdrew = excluded_from_analysis(reference.customers, at)
    gone = {key for _, key in store.experience.of(sorted(withdrew), Window(0, at + 1))}
    days = list(_days_to_do(store, reference, None if gone else before, at))
    made = _made(store, reference, days, withdrew, at) if days else []
    checkpoint("experience.computed")
    with store.begin() as connection:
        if store.progress.until(EXPERIENCE) != before:  # another daemon was faster
            return 0
        if days:
            store.experience.replace(connection, Window(days[0].start, days[-1].end), made)
            store.experience.forget(connection, gone)
            store.experience.forget(connection, _accounts_of(gone, reference), before=days[0].start)
        store.progress.save(connection, EXPERIENCE, at)
    checkpoint("experience.kept")
    return len(made)


def _accounts_of(people: Collection[str], reference: Reference) -> frozenset[str]:
    """Their accounts' sums held them, too."""
    return frozenset(account for key in people for account in reference.customers.every_account_of.get(key, ()))


def do_again_without(store: Store, connection: Connection, people: Collection[str], customers: Customers, few: int) -> None:
    """People are erased: the next run makes all days anew. What cannot be made anew, older days of their accounts, goes
    where an account has fewer than `few` lines, so that the rest of a sum would reveal who is gone."""
    accounts = {account for key in people for account in customers.every_account_of.get(key, ())}
    store.experience.forget(connection, [account for account in accounts if customers.lines[account] < few])
    store.progress.save(connection, EXPERIENCE, None)


def due(store: Store, now: float) -> bool:
    """Not yet kept in this hour."""
    last = store.progress.until(EXPERIENCE)
    return last is None or now - last >= EVERY_S


def _days_to_do(store: Store, reference: Reference, before: float | None, now: int) -> Iterator[Window]:
    """Local days from the earliest that may have changed up to the present one; none while no incident is on or changes."""
    oldest = now - REMEMBERED_DAYS * DAY_S
    changed = store.incidents.changed_since(oldest if before is None else int(before))
    if changed or before is None:
        first = max(oldest, min((i.started_at for i in changed), default=now))
        yield from local_days(Window(first, now + 1), reference.operator.timezone)


def _made(store: Store, reference: Reference, days: list[Window], withdrew: Collection[str], now: int) -> list[Experience]:
    """Rows of these days in order: each sees those of the days before it."""
    customers = reference.customers
    incidents = store.incidents.within(Window(days[0].start, days[-1].end))
    troubles = dict(_troubles(store, incidents, now))
    listings = [one for one in store.listings.of(troubles) if one.subscriber not in withdrew]
    holders = {one.subscriber for one in listings}
    holders |= {account for person in holders for account in customers.every_account_of.get(person, ())}
    since = days[0].start - (REMEMBERED_DAYS + 7) * DAY_S
    past = defaultdict(list, store.experience.of(sorted(holders), Window(since, days[0].start)))
    by_incident: dict[str, list[Listing]] = defaultdict(list)
    for one in listings:
        by_incident[one.incident_id].append(one)
    made: list[Experience] = []
    for day in days:
        on = {name: trouble for name, trouble in troubles.items() if trouble.window.overlaps(day)}
        rows = experience_of_day(day, [one for name in on for one in by_incident[name]], on, customers, past)
        for row in rows:
            past[row.holder_kind, row.holder].append(row)
        made += rows
    return made


def _troubles(store: Store, incidents: Iterable[Incident], now: int) -> Iterator[tuple[str, Trouble]]:
    """Incident id -> what it is to people; a merged one is lived through as part of the older."""
    for incident in incidents:
        if incident.state != "merged":
            yield incident.incident_id, trouble_of(incident, now, store.degradations.leading_drift(incident))
