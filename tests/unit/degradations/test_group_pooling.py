"""Cells of one site, or of one new release, that are each a little unusual: what they show together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.degradations import track
from detector.degradations.group_pooling import fisher
from detector.domain.cell import Topology
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import HOUR_S, Tick
from tests.tables import at
from tests.unit.incidents.story import COLUMN, evidence, network

TICK = Tick(at("08:00"), 900)
NETWORK = network()
OBJECTS = (*NETWORK.cells, "amf1")
ACCESS = COLUMN["acc"]


@pytest.mark.parametrize(
    ("story", "strengths", "excess", "raised"),
    [
        ("three cells alike, none sure", (3.5, 3.5, 3.5), 8.0, ["c1.1", "c1.2", "c1.3"]),
        ("one sick cell speaks for itself alone", (20.0, 2.1, 0.1), 30.0, ["c1.1"]),
        ("one sick cell and healthy ones", (6.0, 0.2, 0.3), 12.0, ["c1.1"]),
        ("too few failures for a message", (3.5, 3.5, 3.5), 2.0, []),
        ("the third only looks like them", (3.9, 3.9, 1.5), 12.0, ["c1.1", "c1.2"]),
    ],
)
def test_a_site(story: str, strengths: tuple[float, ...], excess: float, raised: list[str]) -> None:
    shown = evidence(TICK, {}, OBJECTS)
    for cell, neg_log10_p in zip(("c1.1", "c1.2", "c1.3"), strengths, strict=True):
        row = shown.object_index[cell]
        shown.neg_log10_p[row, ACCESS] = shown.recent[row, ACCESS] = neg_log10_p
        shown.observed[row, ACCESS], shown.excess[row, ACCESS] = 0.9, excess
        shown.matters[row, ACCESS] = True
    found = track(
        shown,
        [],
        {},
        Reference(topology=NETWORK),
        replace(DetectionPolicy(), min_excess=10.0),
        now=TICK.end,
    )
    assert sorted(d.object_id for d in found.degradations) == raised, story


RELEASED = tuple(f"c{site}.1" for site in range(1, 13))


@pytest.mark.parametrize(
    ("story", "hours_ago", "strengths", "outside", "raised"),
    [
        ("half of its cells look alike, none is sure", 3, (2.6,) * 6 + (0.3,) * 6, 0.3, 6),
        ("it came the day before yesterday", 48, (2.6,) * 6 + (0.3,) * 6, 0.3, 0),
        ("all other cells look so too", 3, (2.6,) * 6 + (1.5,) * 6, 1.8, 0),
        ("two cells are no release", 3, (3.8,) * 2 + (0.3,) * 10, 0.3, 0),
        ("one sick cell is raised alone", 3, (20.0,) + (0.3,) * 11, 0.3, 1),
    ],
)
def test_a_new_release(story: str, hours_ago: int, strengths: tuple[float, ...], outside: float, raised: int) -> None:
    since = TICK.end - hours_ago * HOUR_S
    cells = {
        name: replace(cell, vendor="v", software="r2", software_since=since) if name in RELEASED else cell
        for name, cell in NETWORK.cells.items()
    }
    shown = evidence(TICK, {}, OBJECTS)
    shown.neg_log10_p[:, ACCESS] = np.where(np.isfinite(shown.neg_log10_p[:, ACCESS]), outside, np.nan)
    for cell, neg_log10_p in zip(RELEASED, strengths, strict=True):
        row = shown.object_index[cell]
        shown.neg_log10_p[row, ACCESS] = shown.recent[row, ACCESS] = neg_log10_p
        shown.observed[row, ACCESS], shown.excess[row, ACCESS], shown.matters[row, ACCESS] = 0.97, 9.0, True
    found = track(shown, [], {}, Reference(topology=Topology(cells)), DetectionPolicy(), now=TICK.end)
    assert len(found.degradations) == raised, story


@given(st.lists(st.floats(0, 4), min_size=2, max_size=9), st.floats(0, 2))
def test_more_of_any_is_never_less_together(strengths: list[float], more: float) -> None:
    own, k = np.array(strengths), np.array([float(len(strengths))])
    assert fisher(np.array([(own + more).sum()]), k)[0] >= fisher(np.array([own.sum()]), k)[0] - 1e-9
    assert fisher(np.array([own.sum()]), k)[0] <= own.sum() + 1e-9
