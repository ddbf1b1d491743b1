"""Who has been through the most, by segment and place: groups only, never one person."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from detector.domain.experience import HARMS, Experience
from detector.domain.window import DAY_S, HOUR_S
from detector.impact.experience import index_at
from detector.reports.places import NOT_KNOWN, PLACES, place_shares
from detector.reports.report import Column, Past, Report, ReportKind, Value, few, rounded_people, withdrawal_note

TITLE = "Who has been through the most, by segment and place"
BY = ("all", "segment", "region", "tac", "site")
COLUMNS = (
    Column("by", "By"),
    Column("what", "What"),
    Column("people", "People", "people"),
    Column("index", "Index", "index"),
    Column("worst_tenth", "Index of the worst tenth", "index"),
    Column("trend", "Against a week before", "index"),
    Column("degraded_hours", "Degraded hours a person", "hours"),
    Column("incidents", "Incidents a person", "index"),
    Column("mostly", "Mostly"),
)


@dataclass
class _Person:
    """One person's rows in order of time, those of the window, and what all of them come to."""

    rows: list[Experience] = field(default_factory=list)
    days: list[Experience] = field(default_factory=list)
    index: float = 100.0
    before: float = 100.0


def experience(past: Past) -> Report:
    """One row per group of people with any degradation in the window, the worst first within each dimension.

    A person counts at the place where most of its degraded time was. The index is as of the window's last day; the worst
    tenth of a group is at least as many people as the privacy floor.
    """
    people: dict[str, _Person] = defaultdict(_Person)
    for row in sorted(past.experience, key=lambda row: row.day):
        if row.holder_kind == "subscriber":
            people[row.holder].rows.append(row)
            people[row.holder].days += [row] if row.day + DAY_S > past.window.start else []
    last = max((row.day for row in past.experience), default=past.window.end)
    people = {key: one for key, one in people.items() if one.days}
    for one in people.values():
        one.index, one.before = index_at(last, one.rows), index_at(last - 7 * DAY_S, one.rows)
    groups: dict[tuple[str, str], list[_Person]] = defaultdict(list)
    for by, of in _dimensions(past):
        for key, one in sorted(people.items()):
            groups[by, of(key)].append(one)
    rows = [_row(by, what, own, past.floor) for (by, what), own in groups.items()]
    return Report("experience", TITLE, COLUMNS, tuple(sorted(rows, key=_worst_first)), _notes(past))


def _dimensions(past: Past) -> Iterator[tuple[str, Callable[[str], str]]]:
    known = past.customers.subscribers
    yield "all", lambda _key: ""
    yield "segment", lambda key: (known[key].segment if key in known else "") or NOT_KNOWN
    for by in ("region", "tac", "site"):
        mostly = _mostly(past, by)
        yield by, lambda key, mostly=mostly: mostly.get(key, NOT_KNOWN)  # type: ignore[misc]


def _mostly(past: Past, by: str) -> Mapping[str, str]:
    """Person -> where most of its degraded time was."""
    shares = {i.incident_id: place_shares(i, past.topology, past.expected_presence, PLACES[by]) for i in past.incidents}
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in past.listings:
        for place, share in shares.get(one.incident_id, {}).items():
            spent[one.subscriber][place] += share * one.affected.likely_degraded_s
    return {key: min(own, key=lambda place: (-round(own[place], 3), place)) for key, own in spent.items()}


def _row(by: str, what: str, people: Sequence[_Person], floor: int) -> tuple[Value, ...]:
    if few(len(people), floor):
        return by, what, None, None, None, None, None, None, ""
    indices = sorted(one.index for one in people)
    days = [row for one in people for row in one.days]
    harms = {harm: sum(row.by_harm.get(harm, 0.0) for row in days) for harm in HARMS}
    return (
        by,
        what,
        rounded_people(len(people), floor),
        _mean(indices),
        _mean(indices[: max(len(people) // 10, floor)]),
        _mean([one.index - one.before for one in people]),
        round(sum(row.degraded_s for row in days) / len(people) / HOUR_S, 2),
        round(sum(row.incidents for row in days) / len(people), 2),
        max(harms, key=lambda harm: (harms[harm], harm)),
    )


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 1)


def _worst_first(row: tuple[Value, ...]) -> tuple[object, ...]:
    """Groups that are too few come last."""
    return BY.index(str(row[0])), row[4] is None, row[4] or 0.0, row[1]


def _notes(past: Past) -> tuple[str, ...]:
    return (
        "Index: 100 nothing failed, 0 nothing worked, as it is likely to be remembered.",
        "People without any degradation are in no row.",
        f"Groups of fewer than {past.floor} people are left out.",
        *withdrawal_note(past),
    )


REPORT = ReportKind(
    name="experience",
    title=TITLE,
    make=experience,
    needs=("incidents", "listings", "experience", "expected_presence"),
    by=BY,
)
