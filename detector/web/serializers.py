"""Nouns as JSON: the names of the domain, ISO times, and no count of people under the privacy floor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from detector.care.context import Context
from detector.care.impact_part import counted, on_the_list
from detector.care.lookup import LookupAnswer, Touching
from detector.care.privacy import shown
from detector.domain import window
from detector.domain.alert import Decision  # noqa: F401  the doctest's
from detector.domain.communication import Communication
from detector.domain.coverage import Coverage
from detector.domain.degradation import Degradation
from detector.domain.feedback import Feedback
from detector.domain.impact import AccountImpact, Impact, Watch
from detector.domain.incident import Incident, RootCandidate
from detector.domain.kpi import Kpi
from detector.web.service import AffectedPerson, CareView

if TYPE_CHECKING:
    from detector.reports import Report  # which loads numpy

Json = dict[str, Any]
NO_ALERT: Mapping[str, Any] = MappingProxyType({})


def iso(epoch_s: float | None) -> str | None:
    """
    >>> iso(1774339200), iso(None), iso(0)  # 0: never
    ('2026-03-24T08:00:00Z', None, None)
    """
    return None if not epoch_s else window.iso(epoch_s)


def plain(noun: Any) -> Json:
    """A dataclass's fields: those named `..._at` and `..._since` as ISO times, NaN as null.

    >>> plain(Decision(incident_id="inc_1", subscriber="sub_1", contactable=False, why_not="no_consent", action="none",
    ...     channel="", recipient="", decided_at=60))["decided_at"]
    '1970-01-01T00:01:00Z'
    """
    values = {field.name: getattr(noun, field.name) for field in fields(noun)}
    times = ("_at", "_since")
    return {name: iso(value) if name.endswith(times) else _finite(value) for name, value in values.items()}


_UNTOLD = {"merged_into", "joined_by_onset"}
"""Fields of an incident that answers hold in another one: `suppressed_reason` names the older incident, `reason` says that
cells began together."""


def incident(found: Incident) -> Json:
    """`suppressed_reason` and `rivals` are public names of fields that are typed here."""
    candidates = [dict(zip(RootCandidate._fields, candidate, strict=True)) for candidate in found.root_candidates]
    public = {"suppression": ("suppressed_reason", found.suppressed_reason), "root_candidates": ("rivals", candidates)}
    named = dict(public.get(name, (name, value)) for name, value in plain(found).items() if name not in _UNTOLD)
    return named | {"priority": found.priority, "href": f"/v1/incidents/{found.incident_id}"}


def coverage(found: Coverage) -> Json:
    """What is measured, of what could be."""
    rows = [plain(one) | {"share": round(one.share, 3)} for one in found.kpis]
    return {
        "at": iso(found.at),
        "objects": found.objects,
        "measured": found.measured,
        "share": round(found.share, 3),
        "since": iso(found.since),
        "until": iso(found.until),
        "kpis": rows,
        "not_understood": dict(found.unused),
    }


_PUBLIC = {"neg_log10_p": "strength", "threshold": "bar"}
"""Field of a degradation -> its name in answers, where that is another."""


def degradation(found: Degradation, find: Callable[[str], Kpi | None]) -> Json:
    """With the sentence that explains it, and its parts by name."""
    parts = [{_PUBLIC.get(name, name): _finite(value) for name, value in part._asdict().items()} for part in found.parts]
    readings = [one._asdict() | {"end": iso(one.end)} for one in found.readings]
    named = {_PUBLIC.get(name, name): value for name, value in plain(found).items()}
    named["confirmed_by"] = ",".join(found.confirmed_by)
    return named | {"explanation": explained(found, find), "parts": parts, "readings": readings}


def explained(found: Degradation, find: Callable[[str], Kpi | None]) -> str:
    from detector.incidents import explanation  # brings numpy and scipy, which a lookup does not need

    names = {found.kpi, *(part.kpi for part in found.parts)}
    return explanation(found, {name: kpi for name in names if (kpi := find(name)) is not None})


def incident_in_full(
    found: Incident,
    degradations: Sequence[Degradation],
    impact: Impact | None,
    care: CareView | None,
    *,
    floor: int,
    find: Callable[[str], Kpi | None] = lambda _: None,
    notified: Mapping[str, Any] = NO_ALERT,
) -> Json:
    """An incident with its evidence and its counts; people only by number, as the last alert (`notified`) has them."""
    return incident(found) | {
        "degradations": [degradation(d, find) for d in degradations],
        "impact": impact and counts(impact, floor=floor, notified=notified),
        "care": care and care_counts(care, floor=floor, notified=notified),
        "links": {"affected": f"/v1/incidents/{found.incident_id}/affected", "page": f"/incidents/{found.incident_id}"},
    }


def counts(impact: Impact, *, floor: int, notified: Mapping[str, Any] = NO_ALERT) -> Json:
    """The assessment without its people, with counts as in alerts: in steps of the floor, and null under it."""
    seen = counted(impact, floor, notified)
    low, high = seen.interval or (None, None)
    return {
        "assessed_at": iso(impact.assessed_at),
        "exposed": seen.exposed,
        "affected": seen.affected,
        "affected_low": low,
        "affected_high": high,
        "accounts": shown(len(impact.accounts), floor),
        "named_accounts": [account(large, floor=floor) for large in nameable(impact.accounts, floor=floor)],
        "privacy_floor": floor,
    }


def care_counts(care: CareView, *, floor: int, notified: Mapping[str, Any] = NO_ALERT) -> Json:
    """Of the people on the list."""
    listed = max(care.listed, care.contactable)
    return (
        plain(care)
        | on_the_list(listed, care.contactable, care.proposed, floor, notified)
        | {"withheld": {reason: shown(people, floor) for reason, people in care.withheld.items()}}
    )


def account(large: AccountImpact, *, floor: int) -> Json:
    """An account that is large enough to be named; roles that too few hold are left out."""
    roles = {role: n for role, held in large.roles if (n := shown(held, floor)) is not None}
    cells = {cell: round(share, 2) for cell, share in large.cell_shares}
    return plain(large) | {
        "affected_lines": shown(large.affected_lines, floor),
        "lines": shown(large.lines, floor),
        "roles": roles,
        "cell_shares": cells,
        "sla_minutes_used": round(large.sla_minutes_used, 1),
        "sla_minutes_month": None if large.sla_minutes_month is None else round(large.sla_minutes_month, 1),
    }


def nameable(accounts: Sequence[AccountImpact], *, floor: int) -> list[AccountImpact]:
    """Accounts so large that naming them names nobody, most affected lines first."""
    large = [a for a in accounts if a.affected_lines >= floor and a.lines >= floor]
    return sorted(large, key=lambda a: (-a.affected_lines, a.account))


def affected_person(one: AffectedPerson) -> Json:
    """One line of the audited list."""
    key = {"incident_id", "subscriber"}
    decision = {name: value for name, value in plain(one.listing.decision).items() if name not in key}
    person = {name: value for name, value in plain(one.listing.affected).items() if name != "incident_id"}
    asked = [
        {"at": iso(row.at), "action": row.action, "channel": row.channel, "offer": row.offer, "rule": row.rule}
        for row in one.communications
    ]
    return person | {"decision": decision, "asked": asked} | ({} if one.contact is None else {"contact": one.contact})


def lookup(answer: LookupAnswer) -> Json:
    """What an agent's desktop or a voice menu needs; the raw identity is not repeated."""
    return {
        "affected": answer.going_on,
        "answer": answer.affected,
        "probability": round(answer.probability, 3),
        "since": iso(answer.since),
        "expected_clear": iso(answer.expected_clear),
        "expected_clear_source": answer.expected_clear_source,
        "ended_at": iso(answer.ended_at),
        "resolved_at": iso(answer.resolved_at),
        "timezone": answer.timezone,
        "next_exposure_at": iso(answer.next_exposure_at),
        "say": dict(answer.say),
        "said": [said(row) for row in answer.said],
        "contact": {"contactable": answer.contactable, "why_not": answer.why_not},
        "private": answer.private,
        "watch": None if answer.watch is None else watch(answer.watch),
        "incidents": [touching(one) for one in answer.incidents],
    }


def watch(one: Watch) -> Json:
    """Missing data where a caller probably is."""
    return {"basis": one.basis, "no_data_since": iso(one.since), "probability": round(one.probability, 3)}


def touching(one: Touching) -> Json:
    """An incident on a caller's list."""
    found, facts = one.incident, one.facts
    return {
        "incident_id": found.incident_id,
        "severity": found.severity,
        "state": found.state,
        "started_at": iso(facts.since),
        "ended_at": iso(facts.until),
        "resolved_at": iso(found.resolved_at),
        "probability": round(one.listing.probability, 3),
        "basis": one.listing.affected.basis,
        "no_data_since": iso(found.no_data_since),
        "reason": found.reason,
        "silent": found.suppressed_reason,
        "say": dict(one.say),
        "told": one.notified,
        "expected_clear_at": iso(facts.clear),
        "expected_clear_source": found.expected_clear_source if facts.clear else "",
        "next_exposure_at": iso(one.listing.affected.next_exposure_at),
    }


def said(row: Communication) -> Json:
    """A communication to a person; of another person's line only that it was one."""
    own = row.subscriber in ("", row.recipient)
    return {
        "at": iso(row.at),
        "action": row.action,
        "channel": row.channel,
        "offer": row.offer,
        "incident_id": row.incident_id if own else "",
        "own_line": own,
    }


def report(made: "Report") -> Json:
    columns = [{"name": c.name, "title": c.title, "kind": c.kind} for c in made.columns]
    return {"name": made.name, "title": made.title, "columns": columns, "rows": made.records(), "notes": list(made.notes)}


def feedback(one: Feedback) -> Json:
    """
    >>> feedback(Feedback("inc_1", 60.0, "desk-7", "confirmed"))["at"]
    '1970-01-01T00:01:00Z'
    """
    return asdict(one) | {"at": iso(one.at)}


def context(known: Context) -> Json:
    """What an agent sees beside the incident; keys as pseudonyms."""
    person = {k: v for k, v in plain(known.person).items() if k not in {"key", "account", "guardian"}}
    unnamed = {"subscriber", "recipient", "interaction_id"}
    return {
        "person": person,
        "accounts": [asdict(one) for one in known.accounts],
        "contacts": [_row(one, unnamed | {"kind", "score", "trigger"}) for one in known.contacts],
        "surveys": [_row(one, unnamed | {"kind", "category", "sorted_by", "cell_id", "outcome"}) for one in known.surveys],
        "incidents": [_row(one, set()) for one in known.incidents],
        "said": [_row(one, unnamed) for one in known.said],
        "events": [_row(one, unnamed) for one in known.events],
        "history": plain(known.history),
        "private": known.private,
    }


def _row(noun: Any, without: set[str]) -> Json:
    values = {name: value for name, value in plain(noun).items() if name not in without}
    return values | ({"at": iso(values["at"])} if "at" in values else {})


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return None
    return dict(value) if isinstance(value, Mapping) else value
