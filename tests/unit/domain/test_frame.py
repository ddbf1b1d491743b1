"""Frames put together: what is newer wins, what is missing is filled, time stays in order."""

import numpy as np

from detector.domain.frame import KpiFrame, ending_at, overlaid, stack
from detector.domain.window import Tick
from tests.tables import at, frame_from_table, kpi, table_from_frame

KPIS = [kpi("rrc_sr")]


def frame(text: str) -> KpiFrame:
    return frame_from_table(text, KPIS)


def numbers(one: KpiFrame) -> dict[tuple[int, str], float]:
    return {
        (int(start), name): float(one.numerator[p, o, 0])
        for p, start in enumerate(one.starts)
        for o, name in enumerate(one.objects)
    }


EARLY = """
    time | object | rrc_sr
    08:00 | c1 | 90/100
    08:30 | c1 | 80/100
"""
CORRECTED = """
    time | object | rrc_sr
    08:15 | c1 | 70/100
    08:15 | c2 | 60/100
"""


def test_a_corrected_tick_in_a_file_of_its_own_falls_into_its_place_in_time():
    found = stack([frame(EARLY), frame(CORRECTED)])
    assert found.starts.tolist() == [at("08:00"), at("08:15"), at("08:30")]
    assert numbers(found)[at("08:15"), "c1"] == 70
    assert np.isnan(numbers(found)[at("08:00"), "c2"])


def test_what_new_data_does_not_speak_of_stays():
    old = frame("""
        time | object | rrc_sr
        08:15 | c1 | 10/100
        08:15 | c3 | 30/100
    """)
    found = overlaid(old, frame(CORRECTED))
    assert {name: value for (_, name), value in numbers(found).items()} == {"c1": 70, "c2": 60, "c3": 30}
    assert table_from_frame(overlaid(found, found)) == table_from_frame(found)


def test_periods_that_never_came_are_missing_data_not_absent():
    found = ending_at(frame(EARLY), Tick(at("08:30"), 900), 3)
    assert [numbers(found)[at(t), "c1"] for t in ("08:00", "08:30")] == [90, 80]
    assert np.isnan(numbers(found)[at("08:15"), "c1"])
