"""The clock on the wall, when it changes, and days off."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.operations import CalendarEvent, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Operator, Reference
from detector.domain.window import Window
from detector.scoring import fit, score
from detector.scoring.time_of_week import time_of_week
from tests.unit.scoring.faultless_network import SETUP, TRAFFIC

BERLIN = ZoneInfo("Europe/Berlin")
POLICY = DetectionPolicy()


def berlin(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


def commuters(first, last, period_s=900):
    """Ten cells whose mornings, by the clock on the wall, are five times as busy and fail twenty times as often."""
    starts = np.arange(berlin(first), berlin(last), period_s)
    rng = np.random.default_rng(4)
    wall = [datetime.fromtimestamp(s, BERLIN) for s in starts.tolist()]
    hour = np.array([at.hour + at.minute / 60 for at in wall])
    rush = np.exp(-(((hour - 8) / 2) ** 2))[:, None] * np.ones(10)
    n = rng.poisson(200 + 800 * rush).astype(float)
    good = n - rng.binomial(n.astype(int), 0.005 + 0.1 * rush)
    num, den = np.stack([good, n], axis=2), np.stack([n, np.ones_like(n)], axis=2)
    names = tuple(f"c{i}" for i in range(10))
    return KpiFrame(
        starts=starts,
        duration_s=period_s,
        objects=names,
        kpis=(SETUP, TRAFFIC),
        numerator=num,
        denominator=den,
        suspect=np.zeros(n.shape, bool),
    )


def evidence(frame, place, baseline, timezone, first=None, **known):
    cut = slice(place if first is None else first, place + 1)
    now = KpiFrame(
        starts=frame.starts[cut].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[cut].copy(),
        denominator=frame.denominator[cut].copy(),
        suspect=frame.suspect[cut].copy(),
    )
    reference = Reference(operator=Operator(timezone=timezone), **known)
    return score(now, baseline, reference, frame.objects, POLICY)


def learned(frame, periods):
    past = KpiFrame(
        starts=frame.starts[:periods].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[:periods].copy(),
        denominator=frame.denominator[:periods].copy(),
        suspect=frame.suspect[:periods].copy(),
    )
    return fit(
        past, timezone="Europe/Berlin", excluded=np.zeros(past.suspect.shape, bool), peers=None, detection_policy=POLICY
    )


@pytest.mark.parametrize(
    ("history", "change", "after"), [("2026-03-16", "2026-03-29", "2026-03-31"), ("2026-10-12", "2026-10-25", "2026-10-27")]
)
def test_neither_change_of_the_clock_is_a_fault(history, change, after):
    frame = commuters(history, after)
    learned = int(np.searchsorted(frame.starts, berlin(change)))
    past = KpiFrame(
        starts=frame.starts[:learned].copy(),
        duration_s=900,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[:learned].copy(),
        denominator=frame.denominator[:learned].copy(),
        suspect=frame.suspect[:learned].copy(),
    )

    def loudest(timezone):
        base = fit(past, timezone=timezone, excluded=np.zeros(past.suspect.shape, bool), peers=None, detection_policy=POLICY)
        days = range(learned, len(frame.starts), 6)
        return max(float(np.nanmax(evidence(frame, place, base, timezone).neg_log10_p)) for place in days)

    assert loudest("Europe/Berlin") < 5
    assert loudest("UTC") > 10  # who ignores the clock wakes the operations centre every morning


def test_the_hour_that_comes_twice_is_learned_as_one_hour_of_twice_the_length():
    frame = commuters("2026-10-19", "2026-10-26", 3600)
    assert len(frame.starts) == 7 * 24 + 1
    base = fit(
        frame, timezone="Europe/Berlin", excluded=np.zeros(frame.suspect.shape, bool), peers=None, detection_policy=POLICY
    )
    night = base.level[[d * 24 + 2 for d in range(7)], 0, 1]
    assert night == pytest.approx(np.full(7, 200), rel=0.1)


def test_a_day_off_is_a_sunday_at_the_same_hour():
    starts = berlin("2026-05-01T00:00") + 900 * np.arange(96)  # a Friday
    off = [Window(berlin("2026-05-01T00:00"), berlin("2026-05-02T00:00"))]
    sunday = time_of_week(starts + 2 * 86400, 900, "Europe/Berlin")
    friday = time_of_week(starts, 900, "Europe/Berlin", off)
    inner = slice(2, -2)  # at midnight the neighbouring hour is of the day before, which a Sunday's is not
    for name in ("slot", "before", "after", "share"):
        np.testing.assert_array_equal(getattr(friday, name)[inner], getattr(sunday, name)[inner])
    np.testing.assert_array_equal(friday.slot, sunday.slot)
    np.testing.assert_array_equal(time_of_week(starts, 900, "Europe/Berlin", off[:0]).slot, sunday.slot - 48)


def test_offices_are_expected_empty_on_a_day_off():
    """Monday to Friday 500 attempts an hour, weekends 50; the Friday after three weeks is a holiday."""
    starts = np.arange(berlin("2026-04-06"), berlin("2026-05-02"), 3600)
    weekend = np.array([datetime.fromtimestamp(s, BERLIN).weekday() >= 5 for s in starts.tolist()])
    n = np.random.default_rng(2).poisson(np.where(weekend, 50, 500)[:, None] * np.ones(10)).astype(float)
    friday = int(np.searchsorted(starts, berlin("2026-05-01")))
    n[friday:] /= 12
    shape = (*n.shape, 1)
    names = tuple(f"c{i}" for i in range(10))
    frame = KpiFrame(
        starts=starts,
        duration_s=3600,
        objects=names,
        kpis=(TRAFFIC,),
        numerator=n.reshape(shape),
        denominator=np.ones(shape),
        suspect=np.zeros(n.shape, bool),
    )
    base = learned(frame, friday)
    day = CalendarEvent("network", "*", Window(berlin("2026-05-01"), berlin("2026-05-02")), "Labour Day", "holiday")
    ordinary = evidence(frame, friday + 12, base, "Europe/Berlin")
    off = evidence(frame, friday + 12, base, "Europe/Berlin", operations=Operations(calendar=(day,)))
    assert ordinary.expected[0, 0] == pytest.approx(500, rel=0.1)
    assert off.expected[0, 0] == pytest.approx(50, rel=0.2)
    assert np.nanmin(ordinary.neg_log10_p) > 3
    assert np.nanmax(off.neg_log10_p) < 2


def test_no_horizon_looks_back_into_a_planned_sleep():
    """An hour asleep until 05:00; the quarter of an hour after is as ever."""
    frame = commuters("2026-04-06", "2026-04-21")
    at = int(np.searchsorted(frame.starts, berlin("2026-04-20T05:00")))
    base = learned(frame, at - 20)
    num = frame.numerator.copy()
    num[at - 12 : at, 0] = 0
    slept = replace(frame, numerator=num)
    cell = Cell(cell_id="c0", technology="LTE", idle=(Window(int(frame.starts[at - 12]), int(frame.starts[at])),))
    loud = evidence(slept, at, base, "Europe/Berlin", first=at - 12)
    calm = evidence(slept, at, base, "Europe/Berlin", first=at - 12, topology=Topology({"c0": cell}))
    assert np.nanmax(loud.neg_log10_p[0]) > 5
    assert np.nanmax(calm.neg_log10_p[0]) < 3
