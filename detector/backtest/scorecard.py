"""From a finished replay to everything that a backtest leaves behind."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.backtest.comparison import Earlier, compare
from detector.backtest.matching import match
from detector.backtest.output_files import write_figures, write_tables, write_whole
from detector.backtest.report import render
from detector.backtest.results import Results
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth, read_truth
from detector.domain.errors import PrecallError
from detector.domain.finding import Findings


def score_replay(
    results: Results,
    dataset: Path,
    out: Path,
    *,
    pseudonym: Callable[[str], str],
    identify: Callable[[str], str] | None = None,
    against: Earlier | None = None,
) -> dict[str, Any]:
    """Reads the truth of `dataset`, scores `results` against it, writes the six files of CONTRACTS section 4 into `out`
    and returns the summary. The truth is read here, after the replay, and nowhere else.

    `pseudonym` maps raw subscriber ids to the keys in `results`; `identify` the keys back, for affected.csv. `against`:
    an earlier backtest to compare with, in the report and as `against` in the summary. What was replayed is written before
    anything else can go wrong; a truth that cannot be read is a finding, its figures unknown. Raises OSError if `out` cannot
    be written.
    """
    findings = Findings(results.findings)
    write_tables(out, results, identify=identify)
    truth = _truth(dataset, pseudonym, results.timezone, findings)
    matches = match(replace(results, findings=tuple(findings)), truth)
    figures = summarise(matches)
    compared = compare(against, figures, matches.results.incidents) if against else None
    if compared:
        figures["against"] = compared.as_json()
    write_figures(out, figures)
    write_whole(out, {"report.html": lambda path: _fill(path, render(matches, figures, compared))})
    return figures


def _truth(dataset: Path, pseudonym: Callable[[str], str], timezone: str, findings: Findings) -> Truth:
    try:
        return read_truth(dataset, pseudonym, timezone=timezone, findings=findings)
    except PrecallError as error:
        findings.add("file_rejected", str(error).partition(":")[0], str(error))
        return Truth()


def _fill(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8")
