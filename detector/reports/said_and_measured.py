"""Complaints compared with measurements, by place and segment: where they agree, and where they do not."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.intervals import rate_interval
from detector.reports.places import NOT_KNOWN, PLACES, place_shares
from detector.reports.report import Column, Past, Report, ReportKind, Value, few, rounded_people, withdrawal_note

TITLE = "What people say beside what the network measures"
BY = ("all", "region", "tac", "site", "segment")
COLUMNS = (
    Column("by", "By"),
    Column("what", "What"),
    Column("verdict", "Verdict"),
    Column("people", "People", "people"),
    Column("complained", "Complained of the network", "people"),
    Column("expected", "As many as elsewhere", "index"),
    Column("ratio_low", "Times elsewhere, low", "index"),
    Column("ratio_high", "Times elsewhere, high", "index"),
    Column("mood", "Mood, -1 to 1", "index"),
    Column("texts", "People with a mood", "people"),
    Column("score", "Survey score, 0 to 10", "index"),
    Column("surveys", "People surveyed", "people"),
    Column("incidents", "Incidents", "count"),
    Column("degraded_minutes", "Degraded minutes a person", "index"),
    Column("silent", "Suffered and said nothing", "people"),
)
SAID, MEASURED, BOTH = "said, not measured", "measured, not said", "said and measured"
WRONGLY = 0.05
"""Chance that any verdict of `said` in one dimension is chance alone. Chosen: the usual level of a test."""
WORSE_THAN_MEAN = 2.0
"""Times the network's mean of degraded minutes a person from which a place measures badly. Chosen: double."""
SUFFERED = 0.5
"""Chance from which a listed person counts as affected. Chosen: more likely than not."""
Key = tuple[str, str]


@dataclass(kw_only=True)
class _Sum:
    people: float = 0.0
    complained: set[str] = field(default_factory=set)
    moods: list[tuple[str, float]] = field(default_factory=list)
    scores: list[tuple[str, float]] = field(default_factory=list)
    incidents: set[str] = field(default_factory=set)
    minutes: float = 0.0
    listed: set[str] = field(default_factory=set)
    suffered: set[str] = field(default_factory=set)


def perception(past: Past) -> Report:
    """One row per dimension (BY) and value; where word and measure disagree comes first within each.

    People who complained of the network (or of nothing that is known), each once, are set against as many as there would
    be if people complained alike everywhere, with a 95 % interval of the ratio (exact Poisson). The verdict requires more:
    that chance is unlikely over all rows of its dimension. Measured is: at least ELSEWHERE times the network's degraded
    minutes a person. Mood, survey scores and silent sufferers stand beside it and decide nothing.
    """
    sums: dict[Key, _Sum] = defaultdict(_Sum)
    _add_people(sums, past)
    _add_interactions(sums, past)
    _add_measured(sums, past)
    whole = sums["all", ""]
    rows = [_row(key, one, whole, sums, past.floor) for key, one in sums.items() if key[1] != NOT_KNOWN]
    rows = [row for row in rows if any(row[3:])]
    rows = [] if 0 < len(past.customers.subscribers) < past.floor else rows
    notes = (
        f"People are counted in steps of {past.floor} and withheld where they are fewer; so is every mean of so few.",
        _said_of_unplaced(past),
        *(f"Burst: {reported}." for reported in past.bursts),
        *withdrawal_note(past),
    )
    return Report("perception", TITLE, COLUMNS, tuple(sorted(rows, key=_order)), notes)


def _said_of_unplaced(past: Past) -> str:
    count = rounded_people(sum(1 for one in past.interactions if _complains(one) and not one.cell_id), past.floor)
    number = f"Fewer than {past.floor}" if count is None else f"About {count:,}"
    return f"{number} complaints say nothing of their place and are in no row of one: compare places with places only."


def _add_people(sums: dict[Key, _Sum], past: Past) -> None:
    for cell, count in past.expected_presence.items():
        for key in _place_keys(cell, past):
            sums[key].people += count
    segments: dict[str, int] = defaultdict(int)
    for subscriber in past.customers.subscribers.values():
        segments[subscriber.segment or NOT_KNOWN] += 1
    for segment, count in segments.items():
        sums["segment", segment].people += count
    sums["all", ""].people = float(len(past.customers.subscribers)) or sum(past.expected_presence.values())


def _place_keys(cell_id: str, past: Past) -> Iterator[Key]:
    cell = past.topology.cells.get(cell_id)
    for by in ("region", "tac", "site"):
        yield by, (PLACES[by](cell) if cell else "") or NOT_KNOWN


def _segment(subscriber: str, past: Past) -> str:
    known = past.customers.subscribers.get(subscriber)
    return (known.segment if known else "") or NOT_KNOWN


def _complains(one: Interaction) -> bool:
    return one.about_network


def _add_interactions(sums: dict[Key, _Sum], past: Past) -> None:
    """A complaint about the network, or a survey about anything but bills, phones and other matters."""
    for one in past.interactions:
        if one.category not in ("", "network"):
            continue
        keys: list[Key] = [("all", ""), ("segment", _segment(one.subscriber, past))]
        keys += _place_keys(one.cell_id, past) if one.cell_id else []
        for key in keys:
            who = one.subscriber or one.interaction_id
            if _complains(one):
                sums[key].complained.add(who)
            if one.sentiment is not None:
                sums[key].moods.append((who, one.sentiment))
            if one.score is not None:
                sums[key].scores.append((who, one.score))


def _add_measured(sums: dict[Key, _Sum], past: Past) -> None:
    reported = {i.incident_id: i for i in past.incidents if i.state != "merged"}
    shares = {name: list(_shares(incident, past)) for name, incident in reported.items()}
    for one in past.listings:
        if one.incident_id not in reported:
            continue
        minutes = one.affected.likely_degraded_s / 60
        for key, share in [*shares[one.incident_id], (("segment", _segment(one.subscriber, past)), 1.0)]:
            sums[key].minutes += share * minutes
            sums[key].listed.add(one.subscriber)
            sums[key].incidents.add(one.incident_id)
            if one.probability * share >= SUFFERED:
                sums[key].suffered.add(one.subscriber)
    for name, own in shares.items():
        for key, _ in own:
            sums[key].incidents.add(name)


def _shares(incident: Incident, past: Past) -> Iterator[tuple[Key, float]]:
    yield ("all", ""), 1.0
    for by in ("region", "tac", "site"):
        for what, share in place_shares(incident, past.topology, past.expected_presence, PLACES[by]).items():
            yield (by, what), share


def _row(key: Key, one: _Sum, whole: _Sum, sums: Mapping[Key, _Sum], floor: int) -> tuple[Value, ...]:
    people, complained = rounded_people(one.people, floor), rounded_people(len(one.complained), floor)
    expected = _expected(key, one, sums, floor)
    silent = len(one.suffered - one.complained)
    interval = (None, None) if expected is None else ratio_interval(complained or 0, expected)
    reported = not few(one.people, floor) and (not one.listed or not few(len(one.listed), floor))
    minutes = round(one.minutes / one.people, 1) if reported else None
    expected_text = None if expected is None else round(expected, 1)
    opinions = (*_mean(one.moods, floor, 2), *_mean(one.scores, floor, 1))
    return (
        *key,
        _verdict(key, one, whole, sums, expected, complained or 0),
        people,
        complained,
        expected_text,
        *interval,
        *opinions,
        len(one.incidents),
        minutes,
        rounded_people(silent, floor),
    )


def _expected(key: Key, one: _Sum, sums: Mapping[Key, _Sum], floor: int) -> float | None:
    """People who would have complained if this value were like all others of its dimension; None where that is not known."""
    people = sum(other.people for (by, _), other in sums.items() if by == key[0])
    complained = sum(rounded_people(len(other.complained), floor) or 0 for (by, _), other in sums.items() if by == key[0])
    return None if key[0] == "all" or not people or not complained else complained * one.people / people


def ratio_interval(count: int, expected: float) -> tuple[float | None, float | None]:
    """95 % interval of count / expected for a Poisson count (F. Garwood, Biometrika 28, 1936).

    >>> ratio_interval(10, 5.0)
    (0.96, 3.68)
    """
    if expected <= 0:
        return None, None
    low, high = rate_interval(count, expected)
    return round(low, 2), round(high, 2)


def _verdict(key: Key, one: _Sum, whole: _Sum, sums: Mapping[Key, _Sum], expected: float | None, complained: int) -> str:
    from scipy.stats import poisson

    if key[0] == "all" or not one.people or not whole.people:
        return ""
    rows = sum(by == key[0] for by, _ in sums)
    said = expected is not None and float(poisson.sf(complained - 1, expected)) < WRONGLY / rows
    measured = one.minutes / one.people >= WORSE_THAN_MEAN * whole.minutes / whole.people > 0
    return {(True, True): BOTH, (True, False): SAID, (False, True): MEASURED}.get((said, measured), "")


def _mean(values: list[tuple[str, float]], floor: int, digits: int) -> tuple[float | None, int | None]:
    """(mean, of how many people), nothing of few."""
    people = len({who for who, _ in values})
    if not people or few(people, floor):
        return None, None
    return round(sum(sorted(value for _, value in values)) / len(values), digits), rounded_people(people, floor)


def _order(row: tuple[Value, ...]) -> tuple[int, int, float, str]:
    first = (SAID, MEASURED, BOTH, "").index(str(row[2]))
    return BY.index(str(row[0])), first, -float(row[4] or 0), str(row[1])


REPORT = ReportKind(
    name="perception",
    title=TITLE,
    make=perception,
    needs=("incidents", "listings", "interactions", "expected_presence", "bursts"),
    by=BY,
)
