"""What people have been told lately, and whether those stories are still open: read from the store for one assessment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from detector.domain.communication import Communication, ContactHistory
from detector.domain.incident import Incident
from detector.store import Store

WEEK_S = 7 * 86_400
_MERGED = "merged:"


def contact_history_of(store: Store, about: Sequence[Incident], now: int) -> ContactHistory:
    """All communications of the last week, and older ones about these incidents. What was said of an incident that became
    part of another was said of that one."""
    since = now - WEEK_S
    recent = store.communications.since(since)
    older = [row for row in store.communications.of(one.incident_id for one in about) if row.at < since]
    named = {one.incident_id: one for one in store.incidents.named({row.incident_id for row in recent})}
    named |= {one.incident_id: one for one in about}
    whole = {key: _whole(key, named) for key in named}
    rows = [_of(row, whole.get(row.incident_id, row.incident_id)) for row in (*older, *recent)]
    return ContactHistory.of(rows, _open(store, set(whole.values()), named))


def _whole(incident_id: str, named: Mapping[str, Incident]) -> str:
    """The incident that it became part of, in the end; itself mostly."""
    key, seen = incident_id, set[str]()
    while key in named and named[key].state == "merged" and key not in seen:
        seen.add(key)
        key = named[key].suppressed_reason.removeprefix(_MERGED)
    return key


def _of(row: Communication, incident_id: str) -> Communication:
    if row.incident_id == incident_id:
        return row
    return replace(row, incident_id=incident_id)


def _open(store: Store, ids: Iterable[str], named: Mapping[str, Incident]) -> list[str]:
    unknown = [key for key in ids if key not in named]
    known = [named[key] for key in ids if key in named] + store.incidents.named(unknown)
    return [one.incident_id for one in known if one.state == "open"]
