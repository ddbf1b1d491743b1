"""Two backtests side by side: what differs by more than chance, what is gone, what is new."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.backtest import report
from detector.backtest.comparison import compare, read_earlier
from detector.backtest.matching import match
from detector.backtest.output_files import write
from detector.backtest.summary import summarise
from detector.domain.errors import Misconfigured
from detector.domain.window import Window
from tests.unit.backtest.synthetic_week import replay


@pytest.fixture(scope="module")
def week() -> Any:
    return match(*replay())


def figures_of(matches: Any, **changes: object) -> dict[str, Any]:
    return summarise(matches) | changes


def compared(tmp_path: Path, before: Any, after: dict[str, Any], incidents: Any, **changes: object) -> Any:
    write(tmp_path, before.results, figures_of(before, **changes))
    return compare(read_earlier(tmp_path), after, incidents)


def share(hits: int, count: int) -> dict[str, float | int]:
    return {"value": hits / count, "count": count, "low": 0.0, "high": 1.0}


def rate(events: int, value: float) -> dict[str, float | int]:
    return {"value": value, "count": events, "low": 0.0, "high": 99.0}


def test_the_same_twice_is_the_same(tmp_path: Path, week: Any) -> None:
    found = compared(tmp_path, week, figures_of(week), week.results.incidents)
    assert {row.said for row in found.rows} == {"the same"}
    assert (found.gone, found.new) == ((), ())
    assert "The settings are the same" in " ".join(found.warnings)
    assert "0 got better and 0 worse by more than chance." in found.summary


@pytest.mark.parametrize(
    ("key", "before", "after", "title", "said"),
    [
        ("recall", share(10, 20), share(19, 20), "Faults found", "better"),
        ("recall", share(19, 20), share(10, 20), "Faults found", "worse"),
        ("recall", share(1, 2), share(2, 2), "Faults found", "within chance"),
        ("false_per_1000_cells_week", rate(40, 200.0), rate(10, 50.0), "False degradations", "better"),
        ("false_per_1000_cells_week", rate(2, 10.0), rate(3, 15.0), "False degradations", "within chance"),
        (
            "delay_median_s",
            {"value": 900, "count": 1, "low": None, "high": None},
            {"value": 1800, "count": 1, "low": None, "high": None},
            "Delay",
            "too few to say",
        ),
        (
            "delay_median_s",
            {"value": 900, "count": 30, "low": 800, "high": 1000},
            {"value": 1800, "count": 30, "low": 1700, "high": 1900},
            "Delay",
            "worse",
        ),
    ],
)
def test_what_differs_by_more_than_chance(
    tmp_path: Path, week: Any, key: str, before: Any, after: Any, title: str, said: str
) -> None:
    found = compared(tmp_path, week, figures_of(week, **{key: after}), week.results.incidents, **{key: before})
    assert next(row.said for row in found.rows if row.title == title) == said


def test_an_incident_that_only_one_side_has_is_named(tmp_path: Path, week: Any) -> None:
    first, *others = week.results.incidents
    fresh = replace(first, incident_id="inc_fresh", root_id="s99")
    found = compared(tmp_path, week, figures_of(week, settings_hash="other"), [*others, fresh])
    assert [one[:2] for one in found.gone] == [(first.incident_id, f"{first.root_kind} {first.root_id}")]
    assert [one[:2] for one in found.new] == [("inc_fresh", f"{first.root_kind} s99")]
    assert found.summary.endswith("1 incident of there is gone, 1 is new.")
    page = report.render(week, figures_of(week), found)
    assert all(words in page for words in (f"Against {tmp_path.as_posix()}", "inc_fresh", "Incidents that are new here"))


def test_another_window_compares_rates_and_no_incidents(tmp_path: Path, week: Any) -> None:
    later = replace(week, results=replace(week.results, window=Window(0, 7 * 86_400)))
    found = compared(tmp_path, week, figures_of(later), [])
    assert (found.gone, found.new) == ((), ())
    assert "Rates and shares compare, counts do not" in " ".join(found.warnings)


@pytest.mark.parametrize("held", [None, "{", "[]", '{"cells": 3}'])
def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path, held: str | None) -> None:
    if held is not None:
        (tmp_path / "summary.json").write_text(held, encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"--against .*summary.json: .*; name the --out folder of an earlier backtest"):
        read_earlier(tmp_path)


def test_a_result_of_an_older_version_compares_as_far_as_it_goes(tmp_path: Path, week: Any) -> None:
    old = {name: value for name, value in figures_of(week).items() if name not in ("from", "to", "seen", "calibration")}
    (tmp_path / "summary.json").write_text(json.dumps(old), encoding="utf-8")
    found = compare(read_earlier(tmp_path / "summary.json"), figures_of(week), week.results.incidents)
    assert "Faults found" in {row.title for row in found.rows}
    assert "a window not known" in " ".join(found.warnings)
