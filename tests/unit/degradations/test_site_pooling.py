"""Cells of one site that are each a little unusual: what they may say together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.degradations import track
from detector.degradations.site_pooling import fisher
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
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


@given(st.lists(st.floats(0, 4), min_size=2, max_size=9), st.floats(0, 2))
def test_more_of_any_is_never_less_together(strengths: list[float], more: float) -> None:
    own, k = np.array(strengths), np.array([float(len(strengths))])
    assert fisher(np.array([(own + more).sum()]), k)[0] >= fisher(np.array([own.sum()]), k)[0] - 1e-9
    assert fisher(np.array([own.sum()]), k)[0] <= own.sum() + 1e-9
