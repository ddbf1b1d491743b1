"""Each figure of the summary on truth tables small enough to count by hand."""

import pytest

from detector.backtest import summary
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth
from tests.unit.backtest.small_truth import MINUTE, complaint, degraded, fault, incident, opened, scored

CONTRACT = [
    "settings_hash",
    "cells",
    "days",
    "faults",
    "degradations",
    "incidents",
    "foresight",
    "contact_precision",
    "contact_foresight",
    "calibration",
    "recall",
    "precision",
    "false_per_1000_cells_week",
    "false_care_alerts_per_1000_cells_week",
    "delay_median_s",
    "delay_p90_s",
    "lead_time_median_s",
    "incidents_per_fault",
    "found_without_alarm",
]


def value_and_count(figure):
    return figure.value, figure.count


TRUTH = Truth(
    (
        fault("f1", "a1", 100, 200, "access", severity="major"),
        fault("f2", "B", 300, 400, "outage", severity="critical"),
        fault("f3", "a2", 500, 600, "access", severity="major"),
        fault("glitch", "a1", 700, 710, "glitch", felt=False),
        fault("before", "b1", -50, 30, "drop"),
    ),
    complaints=(complaint("c1", 140, cell="a1"), complaint("c2", 310, cell="b1"), complaint("c3", 550, cell="a2")),
)
D1, D1B = degraded("d1", "a1", 120), degraded("d1b", "a1", 170)
D2, D2B = degraded("d2", "b1", 330), degraded("d2b", "b2", 330)
GLITCH, WRONG, SILENT = degraded("dg", "a1", 705), degraded("dw", "b2", 900), degraded("dn", "b2", 950, "no_data")
INCIDENTS = [
    incident("i1", D1),
    incident("i1b", D1B),
    incident("i2", D2, D2B, alarm="al1"),
    incident("ig", GLITCH),
    incident("iw", WRONG),
    incident("im", WRONG, merged_into="iw"),
    incident("in", SILENT),
]


@pytest.fixture
def judged():
    alerts = [opened(i.incident_id) for i in INCIDENTS if not i.silent]
    rows = (D1, D1B, D2, D2B, GLITCH, WRONG, SILENT)
    return scored(TRUTH, *rows, incidents=INCIDENTS, alerts=alerts, cells=500, days=14)


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("recall", 0.6667, 3),  # f1, f2 of f1, f2, f3: one began before the replay, one nobody feels
        ("precision", 0.8, 5),  # d1, d1b, d2, d2b of those and dw: the glitch and the silence count neither way
        ("incident_precision", 0.75, 4),  # i1, i1b, i2 of those and iw, into which im was merged
        ("false_rate", 1.0, 1),  # dw, on 500 cells in two weeks
        ("false_care_rate", 1.0, 1),  # iw was told
        ("lead_time", 0.0, 2),  # f1: +20 min, f2: -20 min; f3 was missed
        ("found_before_first_complaint", 0.3333, 3),
        ("incidents_per_fault", 1.5, 2),  # f1 in two, f2 in one
        ("found_without_alarm", 0.5, 2),
    ],
)
def test_figure(judged, name, value, count):
    assert value_and_count(getattr(summary, name)(judged)) == (value, count)


def test_delays_are_from_the_faults_start_to_its_first_detection(judged):
    assert summary.delays_s(judged) == [20 * MINUTE, 30 * MINUTE]


def test_recall_by_kind_and_severity(judged):
    written = summarise(judged)
    kinds = {kind: (f["value"], f["count"]) for kind, f in written["recall_by_kind"].items()}
    assert kinds == {"access": (0.5, 2), "outage": (1.0, 1)}
    assert written["recall_by_severity"]["major"]["count"] == 2


def test_the_summary_has_the_contracts_fields_in_its_order(judged):
    written = summarise(judged)
    assert list(written)[: len(CONTRACT)] == CONTRACT
    assert (written["faults"], written["degradations"], written["incidents"], written["days"]) == (3, 7, 7, 14.0)
    assert set(written["recall"]) == {"value", "count", "low", "high"}


def test_a_silenced_incident_is_no_false_care_alert():
    wrong = degraded("d", "b2", 900)
    judged = scored(Truth(()), wrong, incidents=[incident("i", wrong, suppression="maintenance")])
    assert value_and_count(summary.false_care_rate(judged)) == (0.0, 0)
    assert value_and_count(summary.false_rate(judged)) == (1.0, 1)


def test_without_truth_everything_that_needs_it_is_null():
    written = summarise(scored(Truth(), D1, incidents=[incident("i1", D1)]))
    unknown = {"value": None, "count": None, "low": None, "high": None}
    assert written["faults"] is None
    assert all(written[name] == unknown for name in CONTRACT[CONTRACT.index("recall") :])
    assert written["foresight"] == written["contact_precision"] == unknown
    assert written["calibration"] == {**unknown, "tenths": None}


def test_without_alarms_what_was_found_without_them_is_unknown():
    judged = scored(Truth((fault("f1", "a1", 100, 200),)), D1, incidents=[incident("i1", D1)])
    assert summary.found_without_alarm(judged).value is None
