"""The sentence, and how sure."""

from dataclasses import replace

import pytest

from detector.domain.degradation import Degradation
from detector.incidents.confidence import confidence
from detector.incidents.reason import reason
from tests.tables import at, kpi

KPIS = {
    "rrc": kpi("rrc", title="RRC setup success"),
    "thp": kpi("thp", title="Throughput", unit="Mbit/s", kind="mean", family="integrity"),
}
RRC = Degradation(
    degradation_id="deg_1",
    object_id="c1",
    family="accessibility",
    kpi="rrc",
    kind="accessibility",
    started_at=at("08:00"),
    detected_at=at("08:20"),
    severity="major",
    neg_log10_p=12.0,
    expected=0.992,
    observed=10220 / 11180,
    numerator=10220,
    denominator=11180,
    excess=871,
    periods=1,
    duration_s=900,
)
SLOW = replace(RRC, kpi="thp", family="integrity", kind="integrity", observed=2.5, expected=21.0)
GONE = replace(RRC, kpi="data", family="data", kind="outage", neg_log10_p=0.0, confirmed_by=("neighbours", "alarm"))
SITE = [replace(RRC, object_id=f"c{n}", degradation_id=f"deg_{n}") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("own", "root", "want"),
    [
        ([RRC], ("cell", "c1"), "RRC setup success 91.4 % (10,220 of 11,180) over 15 min, expected 99.2 %; cell c1"),
        (
            SITE,
            ("site", "s1"),
            ("RRC setup success 91.4 % (10,220 of 11,180) over 15 min, expected 99.2 %; site s1: all 3 cells alike"),
        ),
        (
            SITE[:2],
            ("site", "s1"),
            ("RRC setup success 91.4 % (10,220 of 11,180) over 15 min, expected 99.2 %; site s1: 2 of 3 cells alike"),
        ),
        ([SLOW], ("cell", "c1"), "Throughput 2.5 Mbit/s over 15 min, expected 21 Mbit/s; cell c1"),
        (
            [GONE],
            ("cell", "c1"),
            ("no measurements from c1; neighbour cells carry more than usual; cell c1; an alarm says so"),
        ),
        (
            [replace(RRC, neighbour_load=1.02, siblings=2, siblings_alike=2)],
            ("cell", "c1"),
            (
                "RRC setup success 91.4 % (10,220 of 11,180) over 15 min, expected 99.2 %; neighbours normal; "
                "cell c1, the other 2 cells of its site alike"
            ),
        ),
        (
            [replace(RRC, neighbour_load=1.8, siblings=2, siblings_alike=1)],
            ("site", "s1"),
            (
                "RRC setup success 91.4 % (10,220 of 11,180) over 15 min, expected 99.2 %; "
                "neighbours carry 1.8 times their usual traffic; site s1: 1 of 3 cells, 1 more mildly"
            ),
        ),
        ([replace(RRC, kpi="unheard_of")], ("cell", "c1"), "unheard_of 0.914 over 15 min, expected 0.992; cell c1"),
    ],
)
def test_reason(own: list[Degradation], root: tuple[str, str], want: str) -> None:
    assert reason(own, root, members=3, kpis=KPIS) == want


def test_confidence_grows_with_evidence_with_cells_and_with_confirmations_and_is_never_certain() -> None:
    weak = replace(RRC, neg_log10_p=4.5)
    assert 0.05 <= confidence([weak], 0) < confidence([weak], 1) < confidence([weak], 2) < 0.99
    assert confidence([weak], 0) < confidence([weak, replace(weak, object_id="c2")], 0)
    assert confidence([weak, replace(weak, family="volume")], 0) == confidence([weak], 0)
    assert confidence([replace(RRC, neg_log10_p=300.0)], 4) == 0.99
    assert confidence([GONE], 1) > confidence([GONE], 0)


def test_the_sentence_is_about_what_the_incident_is_named_after():
    """Slow data that is more severe beside failing connections: 'Connections fail' and 'Throughput 2.5' contradict."""
    slow = replace(SLOW, severity="critical", neg_log10_p=99.0)
    text = reason([slow, RRC], ("cell", "c1"), members=3, kpis=KPIS, kind="accessibility")
    assert text.startswith("RRC setup success 91.4 %")
    over = replace(RRC, cleared_at=9000)
    assert reason([slow, over], ("cell", "c1"), members=3, kpis=KPIS, kind="accessibility").startswith("at worst RRC setup")
    assert reason([slow], ("cell", "c1"), members=3, kpis=KPIS, kind="accessibility").startswith("Throughput 2.5")


def test_of_what_is_over_the_worst_is_shown_even_where_its_degradation_has_not_cleared_yet():
    text = reason([RRC], ("cell", "c1"), members=3, kpis=KPIS, over=True)
    assert text.startswith("at worst RRC setup success 91.4 %")


@pytest.mark.parametrize(("cells", "want"), [(1, "c0;"), (2, "c0 and another;"), (4, "c0 and 3 others;")])
def test_missing_data_of_many_is_not_described_as_that_of_one(cells, want):
    own = [replace(GONE, object_id=f"c{n}", degradation_id=f"deg_{n}") for n in range(cells)]
    assert reason(own, ("edge", "hub-1"), members=9, kpis=KPIS).startswith(f"no measurements from {want}")
