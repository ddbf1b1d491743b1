"""A chart tells the truth: gaps stay gaps, units are those that people read, nothing in the data can break the page."""

from dataclasses import replace
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.charts import Mark, band_chart, nice_step, time_ticks
from detector.domain.evidence import Band
from detector.domain.kpi import Kpi
from detector.labels.quantities import scale, value

RRC = Kpi(
    id="lte_rrc_sr",
    title="RRC <setup>",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="",
    numerator="a",
    denominator="b",
)
DROP = replace(RRC, id="drop", unit="rel/s", kind="rate", direction="down")
START = 1774339200  # 2026-03-24T08:00Z
SVG = "{http://www.w3.org/2000/svg}"


def chart(values, kpi=RRC, marks=(), low=0.98, high=1.0, **options):
    n = len(values)
    full = lambda v: np.full(n, v)  # noqa: E731
    starts = START + 900 * np.arange(n)
    band = Band(
        object_id="c01",
        kpi=kpi,
        starts=starts,
        duration_s=900,
        observed=np.array(values, float),
        expected=full((low + high) / 2),
        low=full(low),
        high=full(high),
    )
    return ElementTree.fromstring(band_chart(band, marks=marks, **options))


def shapes(root, kind, tag="path"):
    return [e for e in root.iter(SVG + tag) if kind in e.get("class", "").split()]


def texts(root):
    return [e.text for e in root.iter(SVG + "text")]


def test_missing_periods_are_gaps_and_a_lone_period_is_a_dot():
    nan = float("nan")
    root = chart([0.99, 0.99, nan, 0.99, nan, 0.99, 0.99, 0.99])
    lines = [e for e in shapes(root, "o") if "h16" not in e.get("d")]  # without the legend's
    assert [line.get("d").count("L") for line in lines] == [1, 2]
    assert len(shapes(root, "p", "circle")) == 1


def test_a_missing_row_breaks_the_line_as_missing_values_do():
    starts = START + 900 * np.array([0, 1, 5, 6])
    flat = np.full(4, 0.99)
    root = ElementTree.fromstring(
        band_chart(
            Band(
                object_id="c",
                kpi=RRC,
                starts=starts,
                duration_s=900,
                observed=flat,
                expected=flat,
                low=flat - 0.01,
                high=flat + 0.01,
            )
        )
    )
    assert len([e for e in shapes(root, "o") if "h16" not in e.get("d")]) == 2
    assert len([e for e in shapes(root, "a") if "h16" not in e.get("d")]) == 2


@pytest.mark.parametrize(
    ("kpi", "worse"), [(RRC, 1), (replace(RRC, direction="down"), 2), (replace(RRC, direction="none"), 3)]
)
def test_only_the_worse_side_is_red(kpi, worse):
    root = chart([0.9, 1.2, 1.3, 0.99], kpi, low=0.98, high=1.0)
    assert len(shapes(root, "b", "circle")) - 1 == worse  # one is the legend's


def test_ratios_are_shown_in_per_cent_within_0_to_100():
    shown = texts(chart([0.99, 0.97, 1.0]))
    assert "%" in shown
    ticks = [float(t) for t in shown if t and t.replace(".", "").isdigit()]
    assert min(ticks) >= 96
    assert max(ticks) == 100


def test_rates_are_shown_per_hour():
    assert scale(DROP, 0.001) == (3600.0, "rel per hour")
    assert value(DROP, 0.001) == "3.6 rel per hour"
    assert value(DROP, float("nan")) == "no value"


def test_time_is_local_with_the_date_where_it_changes():
    shown = texts(chart([0.99] * 120, timezone="Asia/Kolkata"))
    assert "00:00" in shown
    assert [t for t in shown if "Mar" in t] == ["Tue 24 Mar, IST", "Wed 25 Mar"]


def test_marks_are_lines_with_labels_and_complaints_are_ticks_with_a_tip():
    marks = [Mark(START + 3600, "detected", "detected"), Mark(START + 3700, "network", "complaint")]
    root = chart([0.99] * 20, marks=marks)
    assert "detected" in texts(root)
    tips = [e.find(SVG + "title").text for e in shapes(root, "complaint") if e.find(SVG + "title") is not None]
    assert tips == ["network at 09:01"]


def test_marks_outside_the_chart_are_left_out():
    root = chart([0.99] * 20, marks=[Mark(START - 1, "before", "truth"), Mark(START + 10**6, "after", "resolved")])
    assert not {"before", "after"} & set(texts(root))


@given(st.lists(st.integers(0, 90000), min_size=1, max_size=12))
def test_labels_never_cover_one_another(at):
    root = chart(
        [0.99] * 100, marks=[Mark(START + s, f"label {i}", "detected") for i, s in enumerate(at)], width=2000, height=400
    )
    boxes = []
    for text in (e for e in shapes(root, "detected", "text")):
        wide = len(text.text) * 6.1
        x = float(text.get("x")) - (wide if text.get("text-anchor") == "end" else 0)
        boxes.append((float(text.get("y")), x, x + wide))
    for i, (y, left, right) in enumerate(boxes):
        assert all(y != y2 or right <= left2 or right2 <= left for y2, left2, right2 in boxes[i + 1 :])


def test_an_unknown_kind_of_mark_is_refused():
    with pytest.raises(ValueError, match="unknown kind of mark 'x'"):
        Mark(0, "", "x")


def test_no_data_is_named_as_such():
    assert "no data" in texts(chart([]))
    nan = float("nan")
    assert "no data" in texts(chart([nan, nan], low=nan, high=nan))


def test_the_description_states_what_the_eye_sees():
    root = chart([0.99, 0.9], marks=[Mark(START + 60, "detected", "detected"), Mark(START + 61, "", "complaint")])
    description = root.find(SVG + "desc").text
    assert "observed 90.0 % to 99.0 %" in description
    assert "detected at 2026-03-24 08:01. 1 complaints." in description
    assert root.find(SVG + "title").text == "RRC <setup> of c01"


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), st.sampled_from([DROP, replace(DROP, kind="mean", unit="ms")])
)
def test_any_finite_data_gives_a_well_formed_chart(values, kpi):
    root = chart(values, kpi)
    assert not [e for e in root.iter(SVG + "path") if "nan" in e.get("d") or "inf" in e.get("d")]


@given(st.floats(1e-6, 1e9))
def test_nice_steps_are_nice(rough):
    step = nice_step(rough)
    assert rough * 0.998 <= step <= rough * 10
    assert f"{step:.0e}"[0] in "125"


@pytest.mark.parametrize("hours", [1, 6, 30, 100, 700, 5000])
def test_ticks_are_few_and_round(hours):
    ticks = time_ticks(START, START + hours * 3600, ZoneInfo("Europe/Berlin"), most=12)
    assert 2 <= len(ticks) <= 14
    assert all(local.minute % 15 == 0 for _, local in ticks)


def test_ticks_stay_on_round_hours_over_a_change_of_clocks():
    change = 1774745999  # 2026-03-29T00:59:59Z, an hour before summer time
    ticks = time_ticks(change - 86400, change + 86400, ZoneInfo("Europe/Berlin"), most=8)
    assert {local.hour % 6 for _, local in ticks} == {0}
