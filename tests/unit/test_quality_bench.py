"""The quality bench: every peer keeps one contract, what is flagged becomes episodes, and tables hold what was counted."""

import json
import warnings

import numpy as np
import pytest

from benchmarks.quality.__main__ import wanted
from benchmarks.quality.develop import lowest
from benchmarks.quality.episodes import onsets
from benchmarks.quality.families import SEEDS
from benchmarks.quality.mild import Place, thinned
from benchmarks.quality.panel import Panel, hours_of_week, panel_of
from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import pooled
from benchmarks.quality.reached import at_most, equal, goals, tables_reached
from benchmarks.quality.table import tables
from benchmarks.quality.verdict import Found, Verdict
from benchmarks.quality.writing import read, write
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi

KPIS = (
    Kpi(
        id="sr",
        title="Success",
        unit="%",
        kind="ratio",
        direction="up",
        family="accessibility",
        technology="LTE",
        clause="",
        numerator="a",
        denominator="b",
    ),
    Kpi(
        id="thp",
        title="Speed",
        unit="kbit/s",
        kind="mean",
        direction="up",
        family="integrity",
        technology="LTE",
        clause="",
        numerator="a",
        denominator="b",
    ),
)
HOURS, HISTORY = 7 * 24, 6 * 24
START = 1_772_323_200 - 1_772_323_200 % 604_800


def frame_of(seed: int = 3, fail: float = 0.0) -> KpiFrame:
    """Two cells by the hour for a week; `fail` = extra failures of the first one in the last five hours."""
    rng = np.random.default_rng(seed)
    shape = (HOURS, 2)
    attempts = rng.poisson(400, shape).astype(float)
    attempts[3, 0] = np.nan
    share = np.full(shape, 0.01)
    share[-5:, 0] += fail
    good = attempts - rng.binomial(np.nan_to_num(attempts).astype(int), share)
    daily = 1 + 0.5 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)[:, None]
    speed = 100 * daily * rng.lognormal(0, 0.1, shape)
    starts = START + 3600 * np.arange(HOURS, dtype=np.int64)
    return KpiFrame(
        starts=starts,
        duration_s=3600,
        objects=("c1", "c2"),
        kpis=KPIS,
        numerator=np.stack([good, speed * 50], axis=2),
        denominator=np.stack([attempts, np.full(shape, 50.0)], axis=2),
        suspect=np.zeros(shape, bool),
    )


def panel(fail: float = 0.0) -> Panel:
    return panel_of(frame_of(fail=fail), START + HISTORY * 3600, "UTC")


@pytest.mark.parametrize("peer", PEERS.values(), ids=list(PEERS))
def test_a_peer_scores_every_scored_period_and_repeats_itself_exactly(peer, monkeypatch):
    monkeypatch.setattr("benchmarks.quality.peers.streams.TREES", 3)
    if peer.absent:
        pytest.skip(peer.absent)
    small = panel(fail=0.6).only(["c1"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once, again = peer.score(small), peer.score(small)
    assert once.shape == (HOURS - HISTORY, 2)
    assert not np.isinf(once).any()
    np.testing.assert_array_equal(once, again)
    if np.isfinite(once).any() and peer.name not in {"sigma", "half_space_trees"}:  # which need weeks, and 500 periods
        assert np.nanmax(once[-5:]) >= peer.threshold


def test_ratios_of_few_attempts_and_missing_ones_have_no_value():
    own = panel()
    few = Panel(
        starts=own.starts,
        history=own.history,
        duration_s=own.duration_s,
        objects=own.objects,
        kpis=own.kpis,
        numerator=own.numerator,
        denominator=np.minimum(own.denominator, 19.0),
        hour_of_week=own.hour_of_week,
    )
    ratio = np.array([k.kind == "ratio" for k in own.kpis])
    assert np.isnan(few.value[:, ratio]).all()
    assert np.isfinite(few.value[:, ~ratio]).all()
    assert hours_of_week(np.array([START + 4 * 86_400]), "UTC").tolist() == [0]  # the epoch was a Thursday


def test_what_is_flagged_without_a_break_is_one_episode_and_thresholds_count_them():
    scores = np.array([[0.0, 9.0, 9.0, 0.0, 9.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 4.0]]).T
    assert onsets(scores >= 4)[:, 0].nonzero()[0].tolist() == [1, 8, 12]
    assert [lowest([scores], allowed) for allowed in (1, 2, 3)] == [9.0, 5.0, 4.0]
    assert lowest([scores], 0) > 9


def test_injected_failures_begin_inside_a_period_and_are_no_more_than_promised():
    frame = frame_of()
    place = Place(1, 0, START + 1800 + 3600 * 150)
    changed = thinned(frame.numerator[:, 1, 0], frame, place, 0.5, np.random.default_rng(1))
    lost = frame.numerator[:, 1, 0] - changed
    assert (lost[:150] == 0).all()
    assert (lost[155:] == 0).all()
    share = lost[150:155] / frame.numerator[150:155, 1, 0]
    np.testing.assert_allclose(share, [0.25, 0.5, 0.5, 0.5, 0.25], atol=0.12)


def test_counts_of_operators_are_pooled_and_written(tmp_path):
    faults = (Found("access", 0.03, 3600, 1), Found("outage", None, 1200, 1), Found("drift", 0.1, None))
    verdicts = [
        Verdict(
            way=way,
            line=line,
            operator=f"faulty-{seed}",
            scenario="faulty",
            faults=faults,
            false=false,
            in_works=0,
            raised=5,
            exposure=0.05,
            seconds=2.0,
            series=100,
        )
        for way, line, false in (("precall", "default", 0), ("sigma", "default", 40), ("sigma", "equal", 1))
        for seed in (1, 2)
    ]
    lines = "".join(json.dumps(v.as_json()) + "\n" for v in verdicts)
    (tmp_path / "faulty-1.jsonl").write_text(lines + '{"way": "cut sh')
    assert list(read(tmp_path)) == verdicts
    pool = pooled(verdicts)["sigma", "default", "faulty"]
    assert (pool.false.value, pool.false.count, pool.recall().count) == (800.0, 80, 6)
    write(tmp_path, tmp_path / "results")
    text = (tmp_path / "results" / "quality.md").read_text()
    assert "| 3 sigma by hour of week, documented default | 2 | 66.7" in text
    shown = [*tables_reached(pooled(verdicts), []), *tables(pooled(verdicts), 3.0)]
    assert text.count("\n| --- |") == len(shown)


def verdict_of(way: str, line: str, operator: str, *, false: int, found: int) -> Verdict:
    """Of three outages, `found` are detected after 20 minutes."""
    return Verdict(
        way=way,
        line=line,
        operator=operator,
        scenario="foreign",
        faults=tuple(Found("outage", None, 1200 if n < found else None, 1) for n in range(3)),
        false=false,
        in_works=2,
        raised=9,
        exposure=0.1,
        seconds=1.0,
        series=10,
    )


def test_a_peer_is_judged_at_the_lowest_threshold_that_raises_no_more_than_precall():
    """Over two operators precall raises three false ones; a threshold that was left out on one of them does not count."""
    rows = [
        *(("precall", "default", "a", 1, 3), ("precall", "default", "b", 2, 2)),
        *(("sigma", "at:3", "a", 0, 3),),
        *(("sigma", "at:10", "a", 5, 3), ("sigma", "at:10", "b", 0, 2)),
        *(("sigma", "at:20", "a", 1, 2), ("sigma", "at:20", "b", 2, 1)),
        *(("sigma", "at:100", "a", 0, 1), ("sigma", "at:100", "b", 0, 0)),
    ]
    pools = pooled([verdict_of(w, line, o, false=false, found=found) for w, line, o, false, found in rows])
    threshold, pool = at_most(pools, "sigma", "foreign", pools["precall", "default", "foreign"])
    assert (threshold, pool and pool.recall().value) == (20.0, 0.5)
    table = {row[0]: row for row in equal(pools, "foreign").rows}
    assert table["3 sigma by hour of week"][1:4] == ("20", "2", "50 (18.8 to 81.2)")
    assert table["PyOD ECOD"][1] == "-"


def test_the_goals_have_a_column_for_each_scenario_and_what_a_backtest_adds():
    pools = pooled([verdict_of("precall", "default", "a", false=1, found=3)])
    figure = {"value": 4.0, "count": 2, "low": 0.5, "high": 14.0}
    care = [
        {
            "seed": 701,
            "listed_by_false": 1,
            "listed": 100,
            "exposure": 0.5,
            "false_care_alerts_per_1000_cells_week": figure,
            "held_out_false_per_1000_cells_week": figure,
            "contact_precision": {"value": 0.7, "count": 100, "low": 0.6, "high": 0.8},
        }
    ]
    rows = {row[0]: row[1:] for row in goals(pools, care).rows}
    assert goals(pools, care).head == ("figure", "to reach", "second family")
    assert rows["false per 1,000 cells a week"] == ("5", "10 (0.253 to 55.7)")
    assert rows["false care alerts per 1,000 cells a week"] == ("2", "4 (0.484 to 14.4)")
    assert rows["held-out false per 1,000 cells a week, by operator"] == ("3 within", "4 (0.5 to 14)")
    assert rows["of those listed at 0.5 or more by false incidents, %"][1].startswith("1 (")


def test_seeds_of_reports_are_apart_from_those_of_development():
    chosen = {seed for part in SEEDS.values() for seeds in part.values() for seed in seeds}
    assert not chosen & {*range(1, 17), *range(501, 517)}
    assert {name: len(seeds) for name, seeds in SEEDS["foreign"].items()} == {
        "foreign": 24,
        "foreign_hourly": 6,
        "foreign_daily": 2,
        "foreign_quiet": 6,
        "foreign_people": 3,
    }
    assert wanted("foreign", [601, 613]) == {
        "foreign": [601],
        "foreign_hourly": [613],
        "foreign_daily": [],
        "foreign_quiet": [],
        "foreign_people": [],
    }
