"""Whether the end that care was told to expect came true."""

import pytest

from detector.backtest.clear_time import clear_time_coverage, clear_time_error
from detector.backtest.truth import Truth
from detector.domain.window import utc
from tests.unit.backtest.small_truth import MINUTE, degraded, fault, incident, opened, scored

TRUTH = Truth(
    (
        fault("f1", "a1", 100, 200),
        fault("f2", "b1", 300, 400),
        fault("cut", "a2", 1400, 1440),
        fault("g", "b2", 5, 9, felt=False),
    )
)


def estimate(name, clear, low, high, *, type_="opened", source="estimate"):
    body, at = opened(name)
    sides = {
        side: utc(m * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ") for side, m in (("clear", clear), ("low", low), ("high", high))
    }
    expected = sides | {"source": source} if source == "estimate" else {"clear": sides["clear"], "source": source}
    return body | {"type": f"care.incident.{type_}.v1", "data": {"expected": expected}}, at


def judged(*alerts):
    found = [degraded("d1", "a1", 120), degraded("d2", "b1", 330), degraded("d3", "a2", 1420), degraded("d4", "b2", 7)]
    incidents = [incident(f"i{n}", d) for n, d in enumerate(found, 1)]
    return scored(TRUTH, *found, incidents=incidents, alerts=alerts, days=1)


def test_our_estimates_are_held_against_the_end_of_the_fault():
    matches = judged(estimate("i1", 230, 150, 300), estimate("i2", 350, 340, 390))
    error, coverage = clear_time_error(matches), clear_time_coverage(matches)
    assert (error.value, error.count) == (40 * MINUTE, 2)
    assert (coverage.value, coverage.count) == (0.5, 2)


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param(estimate("i1", 230, 150, 300, source="ticket"), id="a ticket's promise is not ours"),
        pytest.param(estimate("i1", 230, 150, 300, type_="updated"), id="only what was said first"),
        pytest.param(estimate("i3", 1500, 1430, 1600), id="a fault that the data's end cuts off"),
        pytest.param(estimate("i4", 10, 8, 12), id="a fault that nobody feels"),
        pytest.param(opened("i1"), id="nothing was said"),
    ],
)
def test_left_out(alert):
    assert clear_time_error(judged(alert)).count == 0
