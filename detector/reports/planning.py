"""Incidents, affected hours, complaints and goodwill by place, cause, release and segment, over time: where to invest."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import exp, log1p

from detector.domain.communication import standing
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.window import HOUR_S
from detector.reports.periods import period_of
from detector.reports.places import NOT_KNOWN, PLACES, place_shares
from detector.reports.report import Column, Past, Report, ReportKind, Value, few, rounded_people, withdrawal_note

TITLE = "What incidents cost, by place, cause, release and segment"
BY = ("all", "region", "tac", "site", "cause", "release", "segment")
COLUMNS = (
    Column("period", "Period"),
    Column("by", "By"),
    Column("what", "What"),
    Column("incidents", "Incidents", "count"),
    Column("people", "People affected", "people"),
    Column("affected_hours", "Affected hours", "hours"),
    Column("complaints", "Complaints", "people"),
    Column("goodwill", "Goodwill cost", "money"),
)
AFTERMATH_S = 2 * HOUR_S
"""A complaint so long after the end may still be about it. Chosen: as the backtest counts."""
NO_INCIDENT = "no incident known"
_SURE = 1 - 1e-9
"""Largest chance in a product of complements. Chosen: its logarithm stays finite."""
Key = tuple[str, str, str]


@dataclass(kw_only=True)
class _Sum:
    """One row to be: `spared` holds the log of each person's chance to have been spared by everything in the row."""

    incidents: set[str] = field(default_factory=set)
    spared: dict[str, float] = field(default_factory=dict)
    hours: float = 0.0
    complaints: float = 0.0
    complained: set[str] = field(default_factory=set)
    offered: float = 0.0
    goodwill: float = 0.0

    def add(self, one: Listing, share: float) -> None:
        chance = min(one.probability * share, _SURE)
        self.spared[one.subscriber] = self.spared.get(one.subscriber, 0.0) + log1p(-chance)
        self.hours += one.probability * share * one.affected.exposure_s / HOUR_S

    @property
    def people(self) -> float:
        """Expected number of different people: 1 - prod(1 - p) of each."""
        return sum(1.0 - exp(left) for left in self.spared.values())


def planning(past: Past) -> Report:
    """One row per period (the newest first), dimension (BY) and value, the most affected hours first within each.

    An incident counts in the period in which it began, and at each place in proportion to the people who are usually
    behind its cells there. Affected hours: sum of probability x exposure. A complaint (of the network, or of nothing
    that is known) belongs to the incident that its cell or its sender was in, up to two hours after the end. Goodwill
    is what was offered, at its configured cost.
    """
    sums: dict[Key, _Sum] = defaultdict(_Sum)
    reported = {i.incident_id: i for i in past.incidents if i.state != "merged"}
    parts = {name: _parts(incident, past) for name, incident in reported.items()}
    for incident in reported.values():
        for key, _ in _keys(incident, parts[incident.incident_id], past):
            sums[key].incidents.add(incident.incident_id)
    for one in past.listings:
        if one.incident_id in reported:
            _add_listing(sums, one, reported[one.incident_id], parts[one.incident_id], past)
    _add_complaints(sums, reported, parts, past)
    _add_goodwill(sums, reported, parts, past)
    ordered = sorted(sums.items(), key=lambda item: _order(item[0], item[1]))
    ordered.sort(key=lambda item: item[0][0], reverse=True)
    rows = [_row(key, one, past.floor) for key, one in ordered]
    rows = [row for row in rows if any(row[3:])]  # a few complaints alone: there would be nothing to read
    notes = (
        f"People, hours and complaints in steps of {past.floor}; withheld where it is fewer, or of fewer people.",
        "An incident of several places counts at each of them, its people and hours by the share of those usually there.",
        *withdrawal_note(past),
    )
    return Report("planning", TITLE, COLUMNS, tuple(rows), notes)


def _parts(incident: Incident, past: Past) -> dict[str, Mapping[str, float]]:
    """Dimension -> value -> share of the incident."""
    places = {by: place_shares(incident, past.topology, past.expected_presence, of) for by, of in PLACES.items()}
    cause = incident.suppressed_reason or incident.root_kind
    return {"all": {"": 1.0}, "cause": {f"{cause} / {incident.kind}": 1.0}, **places}


def _keys(incident: Incident, parts: Mapping[str, Mapping[str, float]], past: Past) -> Iterator[tuple[Key, float]]:
    period = period_of(max(incident.started_at, past.window.start), past.step, past.timezone)
    for by, shares in parts.items():
        for what, share in shares.items():
            yield (period, by, what), share


def _segment(subscriber: str, past: Past) -> str:
    known = past.customers.subscribers.get(subscriber)
    return (known.segment if known else "") or NOT_KNOWN


def _add_listing(
    sums: dict[Key, _Sum], one: Listing, incident: Incident, parts: Mapping[str, Mapping[str, float]], past: Past
) -> None:
    keys = list(_keys(incident, parts, past))
    for key, share in keys:
        sums[key].add(one, share)
    of_segment = sums[keys[0][0][0], "segment", _segment(one.subscriber, past)]
    of_segment.add(one, 1.0)
    of_segment.incidents.add(one.incident_id)


def _add_complaints(
    sums: dict[Key, _Sum], reported: Mapping[str, Incident], parts: Mapping[str, dict[str, Mapping[str, float]]], past: Past
) -> None:
    lists: dict[str, list[str]] = defaultdict(list)
    for one in past.listings:
        if one.incident_id in reported:
            lists[one.subscriber].append(one.incident_id)
    for contact in past.interactions:
        if contact.kind == "survey" or contact.category not in ("", "network"):
            continue
        name = _incident_of(contact, reported, lists.get(contact.subscriber, ()), past.window.end)
        for key, share in _complaint_keys(contact, name, parts, past):
            sums[key].complaints += share
            sums[key].complained.add(contact.subscriber or contact.interaction_id)


def _incident_of(
    contact: Interaction, reported: Mapping[str, Incident], own: list[str] | tuple[str, ...], until: int
) -> str:
    """The one that its sender is listed on, else the one that touches its cell; of several the latest begun."""
    on = [i for i in reported.values() if i.started_at <= contact.at < (i.over_at or until) + AFTERMATH_S]
    mine = [i for i in on if i.incident_id in own] or [i for i in on if contact.cell_id and contact.cell_id in i.cells]
    return max(mine, key=lambda i: (i.started_at, i.incident_id)).incident_id if mine else ""


def _complaint_keys(
    contact: Interaction, name: str, parts: Mapping[str, dict[str, Mapping[str, float]]], past: Past
) -> Iterator[tuple[Key, float]]:
    period = period_of(contact.at, past.step, past.timezone)
    here = past.topology.cells.get(contact.cell_id)
    own = parts.get(name, {})
    yield (period, "all", ""), 1.0
    yield (period, "cause", next(iter(own.get("cause", {NO_INCIDENT: 1.0})))), 1.0
    yield (period, "segment", _segment(contact.subscriber, past)), 1.0
    for by, of in PLACES.items():
        shares = {of(here) or NOT_KNOWN: 1.0} if here else own.get(by, {NOT_KNOWN: 1.0})
        for what, share in shares.items():
            yield (period, by, what), share


def _add_goodwill(
    sums: dict[Key, _Sum], reported: Mapping[str, Incident], parts: Mapping[str, dict[str, Mapping[str, float]]], past: Past
) -> None:
    for one in standing(past.communications):
        cost, name = past.offers.get(one.offer, 0.0), one.incident_id
        if not cost or name not in reported:
            continue
        keys = list(_keys(reported[name], parts[name], past))
        keys.append(((keys[0][0][0], "segment", _segment(one.subscriber, past)), 1.0))
        for key, share in keys:
            sums[key].offered += share
            sums[key].goodwill += cost * share


def _order(key: Key, one: _Sum) -> tuple[object, ...]:
    return BY.index(key[1]), -round(one.hours, 6), -len(one.incidents), key[2]


def _row(key: Key, one: _Sum, floor: int) -> tuple[Value, ...]:
    """What is of too few people is withheld as a whole. Hours go in steps of the floor, and money as so many offers of the
    mean cost, in steps as well: so two nearly equal reports do not reveal the people between them."""
    hours = None if few(one.people, floor) else rounded_people(one.hours, floor)
    complaints = None if few(len(one.complained), floor) else rounded_people(one.complaints, floor)
    offers = rounded_people(one.offered, floor)
    money = None if offers is None else round(offers * one.goodwill / one.offered, 2)
    return *key, len(one.incidents), rounded_people(one.people, floor), hours, complaints, money


REPORT = ReportKind(
    name="planning",
    title=TITLE,
    make=planning,
    needs=("incidents", "listings", "interactions", "communications", "expected_presence"),
    by=BY,
)
