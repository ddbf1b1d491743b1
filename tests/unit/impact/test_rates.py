"""How many more attempts fail behind a cell: whose word counts, and how much of a strongest moment is luck."""

from dataclasses import replace

import pytest

from detector.domain.degradation import Degradation
from detector.impact.rates import common_rates, failing_of

SEEN = Degradation(
    degradation_id="deg_1",
    object_id="c1",
    family="accessibility",
    kpi="k",
    kind="accessibility",
    started_at=0,
    detected_at=0,
    severity="major",
    neg_log10_p=20.0,
    expected=0.99,
    observed=0.89,
    numerator=0.0,
    denominator=0.0,
    excess=1000.0,
    periods=1,
    duration_s=900,
)
CORE = replace(SEEN, degradation_id="deg_2", object_id="amf-1", family="core", kind="core", observed=0.59)


@pytest.mark.parametrize(
    ("own", "expected_rate"),
    [
        ([SEEN], 0.1),
        ([SEEN, replace(SEEN, kpi="k2", observed=0.79)], 0.2),  # one family watches the same failures
        ([SEEN, CORE], 0.1),  # the cell's own counters go before the core's
        ([CORE], 0.4),
        ([replace(SEEN, object_id="c1#snssai=1"), CORE], 0.4),  # one slice of it says nothing of the others
        ([SEEN, replace(SEEN, family="retainability")], 0.19),  # other failures come on top
        ([replace(SEEN, kind="outage"), replace(SEEN, kind="congestion")], 0.0),
    ],
)
def test_what_stands_for_a_cell(own: list[Degradation], expected_rate: float) -> None:
    assert failing_of("c1", own, {}, {}) == pytest.approx(expected_rate, rel=0.03)


def test_few_failures_at_the_strongest_moment_are_partly_luck() -> None:
    few, many = (replace(SEEN, excess=n) for n in (5.0, 5000.0))
    alone = {n.excess: failing_of("c1", [n], {}, common_rates([n], {})) for n in (few, many)}
    assert alone[5.0] < 0.09 < alone[5000.0] < 0.1


def test_what_all_objects_of_an_incident_show_counts_for_each_the_more_the_less_it_has_itself() -> None:
    lucky, others = replace(SEEN, observed=0.59, excess=6.0), replace(SEEN, object_id="c2", observed=0.94, excess=600.0)
    common = common_rates([lucky, others], {})
    assert common["accessibility"] == pytest.approx(606 / (6 / 0.4 + 600 / 0.05))
    assert 0.05 < failing_of("c1", [lucky], {}, common) < 0.15
    assert failing_of("c2", [others], {}, common) == pytest.approx(0.05, rel=0.05)
