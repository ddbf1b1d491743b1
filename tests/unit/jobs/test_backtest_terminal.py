"""What `precall backtest` says on a terminal: units, sensible digits, lines that fit, nothing unknown."""

import json
import re
from pathlib import Path

import pytest

from detector.backtest.comparison import Earlier, compare
from detector.backtest.matching import match
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth
from jobs.commands.backtest import shown
from tests.unit.backtest.synthetic_week import replay

RESULTS, TRUTH = replay()
JUDGED, BLIND = (summarise(match(RESULTS, truth)) for truth in (TRUTH, Truth()))
AGAINST = compare(Earlier("out/before", JUDGED, ()), JUDGED, RESULTS.incidents).as_json()


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("figures", [JUDGED, BLIND, JUDGED | {"against": AGAINST}], ids=["truth", "blind", "against"])
def test_lines_fit_and_no_figure_is_unknown(figures: dict, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = shown(figures, Path("out/b"), False)
    assert [line for line in said.splitlines() if len(line) > width] == []
    assert "unknown" not in said
    assert not re.search(r"\d\.\d{3,}|e[+-]\d\d", said), "digits that nobody knows"
    assert said.endswith("report: out/b/report.html")


def test_the_words_of_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    said = " ".join(shown(JUDGED, Path("out"), False).split())
    assert "From 2026-03-18 00:00 to 2026-03-25 00:00 UTC." in said
    assert re.search(r"Faults found \d+ % \(95 % interval \d+ % to \d+ %; 22 faults that customers feel\)", said)
    assert re.search(r"False degradations \d+ per 1,000 cells and week \(95 % interval", said)
    blind = " ".join(shown(BLIND, Path("out"), False).split())
    assert blind.index("Incidents 26") < blind.index("Not measured in this window: ")


def test_both_results_stand_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    said = shown(JUDGED | {"against": AGAINST}, Path("out"), False)
    assert re.search(r"^Faults found +86 % +86 % +the same$", said, re.M)


def test_machines_get_the_summary() -> None:
    assert json.loads(shown(JUDGED, Path("out"), True)) == JUDGED
