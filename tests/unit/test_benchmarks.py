"""The benchmarks run, in a tiny size: what they measure is looked at by people, never asserted."""

from benchmarks.speed import assessment, backtest, period, pm_xml
from benchmarks.speed.__main__ import PARTS
from benchmarks.speed.figure import HEADING, Figure, as_markdown, write
from benchmarks.speed.operator import COUNTERS, BenchOperator
from benchmarks.speed.population import People
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.simulator import Scenario, simulate
from detector.sources import read_pm_xml


def test_both_forms_hold_what_they_promise(tmp_path):
    for form in pm_xml.FORMS:
        pm_xml.write_file(tmp_path / form, form, 60_000, repeated=3)
        findings = Findings()
        batches = list(read_pm_xml(tmp_path / form, findings))
        assert not list(findings)
        assert sum(len(b.objects) for b in batches) * COUNTERS == sum(b.values.size for b in batches) > 0
        assert pm_xml.measure("ours", tmp_path / form)["mb_s"] > 0


def test_a_period_lands_and_its_faulty_sites_are_found(tmp_path):
    bench = period.Bench.at(tmp_path, BenchOperator(40))
    bench.prepare()
    files = bench.operator.write_period(tmp_path / "inbox")
    seconds = bench.run()
    assert len(files) == 2
    assert {"parse", "kpis", "write", "score", "decide", "commit"} <= set(seconds)
    kinds = {d.kind for d in bench.store.degradations.open()}
    assert "accessibility" in kinds


def test_a_population_is_assessed_and_looked_up(tmp_path):
    people = People(3_000, 4_000, hours=24)
    text = {phase: do(tmp_path, people, 3) for phase, do in assessment.DO.items()}
    figures = assessment.rows(text, text, 3_000, 4_000)
    assert [figure.unit for figure in figures] == ["s", "s", "s", "s", "s", "MB", "ms", "s"]
    assert "exposed" in figures[2].detail


def test_a_replay_shows_where_its_time_went(tmp_path):
    made = simulate(tmp_path, Scenario(cells=6, days=2, seed=3, subscribers_per_cell=3))
    seconds, _ = backtest.replay(tmp_path, Window(made.end - 3600, made.end))
    assert set(seconds) == {"history", "learn", "pull", "detect", "assess"}


def test_results_are_a_page(tmp_path):
    figure = Figure(
        what="a thing",
        value=1234.5,
        unit="MB/s",
        command="python -m benchmarks.speed",
        ratio=0.9,
        against="another",
        target=">= 1",
        met=False,
    )
    write([figure], "a machine", folder=tmp_path)
    assert "| a thing | 1,234 MB/s | >= 1: MISSED | 0.9 | another |" in (tmp_path / "speed.md").read_text()
    assert as_markdown([], HEADING).startswith("# Speed")
    assert set(PARTS) == {"command", "pm_xml", "period", "assessment", "backtest"}
