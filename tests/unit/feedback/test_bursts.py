"""Bursts of contacts: told where a place speaks up as never before, silent where trouble is known or chance explains it."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.contact_burst import Burst
from detector.domain.interaction import Interaction
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, Window
from detector.feedback.bursts import ContactBaseline, bursts, is_news

CELLS = {f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n // 3}", tac=f"t{n // 30}") for n in range(90)}
NETWORK = Topology(CELLS)
NOW = 1_774_000_800 + 12 * HOUR_S
PAST = Window(NOW - 28 * DAY_S, NOW - 3 * HOUR_S)


def ordinary(rate: float = 10.0, seed: int = 1) -> list[Interaction]:
    """`rate` contacts a day over the whole network, by day."""
    draw = np.random.default_rng(seed)
    at = np.sort(draw.integers(PAST.start, PAST.end, draw.poisson(rate * 28)))
    return [said(f"o{i}", int(at_s), f"c{draw.integers(90)}", f"sub_{draw.integers(9999)}") for i, at_s in enumerate(at)]


def said(name: str, at: int, cell: str, who: str = "", category: str = "network") -> Interaction:
    return Interaction(
        interaction_id=name,
        at=at,
        kind="contact" if who else "post",
        channel="call",
        subscriber=who,
        category=category,
        cell_id=cell,
    )


def calls(count: int, cell: str = "c4", minutes: int = 50, category: str = "network") -> list[Interaction]:
    return [said(f"k{n}", NOW - 60 - n * 60 * minutes // count, cell, f"sub_{n}", category) for n in range(count)]


BASELINE = ContactBaseline.of(ordinary(), PAST, "UTC")


def found(
    interactions: list[Interaction],
    explained: frozenset[str] = frozenset(),
    budget: float = 1.0,
    baseline: ContactBaseline = BASELINE,
) -> list[Burst]:
    return bursts(interactions, baseline, Reference(topology=NETWORK), explained, now=NOW, budget=budget, floor=5)


def test_a_burst_is_reported_once_with_its_smallest_place_and_its_counts() -> None:
    (one,) = found(calls(8))
    assert (one.place, one.contacts, one.people) == ("site s1", 8, 8)
    assert one.expected < 0.1
    assert "8 contacts of 8 people" in str(one)
    assert "sub_" not in str(one)


def test_an_area_with_bursts_all_over_is_reported_as_an_area() -> None:
    spread = [said(f"k{n}", NOW - 300 - n, f"c{n}", f"sub_{n}") for n in range(30)]
    (one,) = found(spread)
    assert one.place == "tac t0"


def in_hour(*cells: tuple[str, int]) -> list[Interaction]:
    """So many contacts from each cell, each of somebody else."""
    return [said(f"{c}-{n}", NOW - 120 - 60 * n, c, f"sub_{c}_{n}") for c, count in cells for n in range(count)]


@pytest.mark.parametrize(
    ("why", "interactions", "places"),
    [
        ("all of it is one site's", in_hour(("c4", 12)), ["site s1"]),
        ("one site's, and a single call elsewhere in the area", in_hour(("c4", 12), ("c20", 1)), ["site s1"]),
        ("two sites of ten", in_hour(("c4", 9), ("c20", 9)), ["site s1", "site s6"]),
        ("two sites of different areas", in_hour(("c4", 9), ("c40", 9)), ["site s1", "site s13"]),
        ("spread over the area, many at one site", in_hour(("c4", 9), *((f"c{n}", 1) for n in range(6, 30))), ["tac t0"]),
        ("each of its sites bursts by itself", in_hour(*((f"c{3 * n}", 7) for n in range(10))), ["tac t0"]),
        (
            "one area as a whole, one site of the next",
            in_hour(*((f"c{n}", 1) for n in range(30)), ("c40", 9)),
            ["site s13", "tac t0"],
        ),
    ],
)
def test_a_place_and_the_area_around_it_do_not_both_report_one_burst(
    why: str, interactions: list[Interaction], places: list[str]
) -> None:
    assert sorted(one.place for one in found(interactions)) == places, why


def test_an_area_of_one_site_is_reported_as_the_site() -> None:
    cells = {
        f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n // 3}", tac=f"t{n // 3}", region="r")
        for n in range(90)
    }
    raised = bursts(calls(9), BASELINE, Reference(topology=Topology(cells)), (), now=NOW, budget=1.0, floor=5)
    assert [one.place for one in raised] == ["site s1"]


@pytest.mark.parametrize(
    ("why", "interactions", "known_places", "news"),
    [
        ("the site inside the area that was told", in_hour(("c4", 9)), [("tac", "t0")], False),
        ("another area", in_hour(("c40", 9)), [("tac", "t0")], True),
        ("nothing was told", in_hour(("c4", 9)), [], True),
        ("a place that is no more", in_hour(("c4", 9)), [("tac", "gone")], True),
    ],
)
def test_what_was_reported_of_a_larger_place_is_no_news_of_a_smaller_one(
    why: str, interactions: list[Interaction], known_places: list[tuple[str, str]], news: bool
) -> None:
    (one,) = found(interactions)
    assert is_news(one, known_places, interactions, NETWORK) == news, why


def test_an_area_is_news_after_its_site_only_if_most_comes_from_the_rest_of_it() -> None:
    wide = in_hour(("c4", 9), *((f"c{n}", 1) for n in range(6, 30)))
    (area,) = found(wide)
    assert is_news(area, [("site", "s1")], wide, NETWORK)
    assert not is_news(area, [("site", f"s{n}") for n in range(1, 9)], wide, NETWORK)


@pytest.mark.parametrize(
    ("why", "interactions", "explained"),
    [
        ("a degradation is known", calls(8), frozenset({"c4"})),
        ("it is about bills", calls(8, category="billing"), frozenset()),
        ("fewer than the floor", calls(4), frozenset()),
        ("one person again and again", [said(f"k{n}", NOW - 60 * n - 1, "c4", "sub_1") for n in range(9)], frozenset()),
        ("surveys are no complaints", [replace(one, kind="survey") for one in calls(9)], frozenset()),
        ("it was yesterday", [said(f"k{n}", NOW - DAY_S - n, "c4", f"sub_{n}") for n in range(9)], frozenset()),
        ("nobody says where", calls(9, cell=""), frozenset()),
    ],
)
def test_no_burst(why: str, interactions: list[Interaction], explained: frozenset[str]) -> None:
    assert found(interactions, explained) == [], why


def test_posts_and_contacts_that_nobody_has_sorted_count() -> None:
    interactions = [said(f"p{n}", NOW - 60 - n, "c4", category="") for n in range(7)]
    assert [one.people for one in found(interactions)] == [7]


def test_where_people_always_call_six_are_nothing() -> None:
    busy = ContactBaseline.of(
        ordinary() + [said(f"b{n}", PAST.start + n * 600, "c4", f"sub_{n}") for n in range(4000)], PAST, "UTC"
    )
    assert found(calls(6), baseline=busy) == []
    assert found(calls(60), baseline=busy)


def test_without_days_of_history_nothing_is_usual() -> None:
    young = ContactBaseline.of(ordinary(), Window(NOW - 2 * DAY_S, NOW), "UTC")
    assert found(calls(8), baseline=young) == []


def test_nights_are_quieter_than_days() -> None:
    day = [
        said(f"o{n}", PAST.start + (n % 25) * DAY_S + 13 * HOUR_S - PAST.start % DAY_S, f"c{n % 90}", f"s{n}")
        for n in range(800)
    ]
    baseline = ContactBaseline.of(day, PAST, "UTC")
    noon, night = (Window(at, at + HOUR_S) for at in (NOW - NOW % DAY_S + 13 * HOUR_S, NOW - NOW % DAY_S + 3 * HOUR_S))
    by_day, by_night = (baseline.expected(["c4"], 90, window, "UTC")[0] for window in (noon, night))
    assert by_day > 20 * by_night


def test_quiet_weeks_keep_to_the_budget() -> None:
    """Eight weeks of contacts by chance alone, at a budget of one false burst a week: not more than a few."""
    draw, raised = np.random.default_rng(11), set()
    rate = 60.0
    baseline = ContactBaseline.of(ordinary(rate), PAST, "UTC")
    for week in range(8):
        interactions = [
            said(f"w{week}n{i}", int(at), f"c{draw.integers(90)}", f"sub_{draw.integers(9999)}")
            for i, at in enumerate(np.sort(draw.integers(NOW, NOW + 7 * DAY_S, draw.poisson(rate * 7))))
        ]
        for now in range(NOW + 3 * HOUR_S, NOW + 7 * DAY_S, 1800):
            recent = [one for one in interactions if now - 3 * HOUR_S <= one.at < now]
            own = bursts(recent, baseline, Reference(topology=NETWORK), (), now=now, budget=1.0, floor=3)
            raised |= {(week, one.place, one.until // DAY_S) for one in own}
    assert len(raised) <= 8
