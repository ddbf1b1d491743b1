"""Foresight, contact precision and calibration, counted by hand."""

import pytest

from detector.backtest.foresight import calibration, contact_precision, foresight
from detector.backtest.truth import Truth
from tests.unit.backtest.small_truth import complaint, degraded, fault, incident, listed, scored

FAULT = fault("f", "a1", 100, 300)
FOUND = degraded("d", "a1", 110)
REAL = incident("i", FOUND)


def judged(listings, *complaints, sufferers=None, faults=(FAULT,), extra=(), incidents=()):
    truth = Truth(faults, sufferers, complaints)
    return scored(truth, FOUND, *extra, incidents=[REAL, *incidents], listings=listings)


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        (listed("i", "p", 0.1, at=120), True),
        (listed("i", "p", 0.09, at=120), False),  # under a tenth
        (listed("i", "p", 0.9, at=135), True),  # 15 minutes ahead, to the minute
        (listed("i", "p", 0.9, at=136), False),
        (listed("i", "p", 0.9, at=110, until=130), False),  # no longer on the list then
        (listed("i", "p", 0.9, at=110, until=140), True),
        (listed("i", "other", 0.9, at=110), False),
    ],
)
def test_a_complaint_is_foreseen_if_its_sender_was_on_the_list_of_that_time(row, seen):
    figure = foresight(judged([row], complaint("c", 150, "p", "a1")), 0.1)
    assert (figure.value, figure.count) == (float(seen), 1)


def test_only_complaints_of_the_fault_count_unless_all_are_requested():
    said = [
        complaint("of the fault", 150, "p", "a1"),
        complaint("elsewhere", 150, "q", "b1"),
        complaint("no name", 150, "", "a1"),
        complaint("after the replay", 7 * 1440 + 1, "p", "a1"),
    ]
    here = judged([listed("i", "p", 0.6, at=110)], *said)
    assert (foresight(here, 0.1).value, foresight(here, 0.1).count) == (1.0, 1)
    assert (foresight(here, 0.1, all_complaints=True).value, foresight(here, 0.1, all_complaints=True).count) == (0.5, 2)


def test_complaints_of_a_fault_that_nobody_feels_do_not_count():
    glitch = fault("g", "a1", 100, 300, felt=False)
    assert foresight(judged([], complaint("c", 150, "p", "a1"), faults=(glitch,)), 0.1).count == 0


def test_without_truth_about_faults_all_complaints_count():
    assert foresight(judged([], complaint("c", 150, "p", "b1"), faults=None), 0.1).count == 1


def test_contact_precision_counts_each_person_once_and_false_incidents_in_full():
    wrong, unfelt = degraded("w", "b1", 500), degraded("g", "b2", 500)
    rows = [
        listed("i", "p", 0.5, 110, 130),
        listed("i", "p", 0.8, 130),
        listed("i", "q", 0.9, 110),
        listed("i", "r", 0.49, 110),
        listed("iw", "s", 0.7, 500),
        listed("ig", "t", 0.7, 500),
    ]
    here = judged(
        rows,
        sufferers={"f": frozenset({"p", "r"})},
        faults=(FAULT, fault("g", "b2", 490, 510, felt=False)),
        extra=(wrong, unfelt),
        incidents=(incident("iw", wrong), incident("ig", unfelt)),
    )
    assert (contact_precision(here).value, contact_precision(here).count) == (0.3333, 3)  # p of p, q, s


def test_calibration_by_tenths():
    rows = [listed("i", f"p{n}", 0.25, 110) for n in range(4)] + [listed("i", f"q{n}", 1.0, 110) for n in range(2)]
    found = calibration(judged(rows, sufferers={"f": frozenset({"p0", "q0"})}))
    third, last = found["tenths"][2], found["tenths"][9]
    assert (third["probability"], third["value"], third["count"]) == (0.25, 0.25, 4)
    assert (last["probability"], last["value"], last["count"]) == (1.0, 0.5, 2)
    assert found["tenths"][0] | {"from": 0, "to": 0} == {
        "from": 0,
        "to": 0,
        "probability": None,
        "value": None,
        "count": 0,
        "low": None,
        "high": None,
    }
    assert (found["value"], found["count"]) == (round(0.5 * 2 / 6, 4), 6)
    assert found["low"] <= found["value"] <= found["high"]


def test_whoever_lists_everyone_is_shown_up_by_calibration():
    everyone = [listed("i", f"p{n}", 0.99, 110) for n in range(100)]
    here = judged(everyone, complaint("c", 150, "p7", "a1"), sufferers={"f": frozenset({"p7"})})
    assert foresight(here, 0.5).value == 1.0
    assert contact_precision(here).value == 0.01
    assert calibration(here)["value"] == 0.98


def test_a_probability_on_the_border_belongs_to_the_tenth_above():
    tenths = calibration(judged([listed("i", "p", 0.3, 110)], sufferers={}))["tenths"]
    assert [t["count"] for t in tenths] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
