"""The bench that weighs combinations of KPIs: it finds what no single KPI shows, and pays for it."""

import numpy as np

from benchmarks.studies.combination import (
    Operator,
    false_episodes,
    fisher,
    found,
    squares,
    strongest,
    surprise,
    table,
    threshold_for,
)
from detector.domain.window import Window

PERIODS, CELLS, KPIS = 96 * 8, 6, 8


def operator(seed, mild):
    """A fault of six hours on one cell in which every KPI is `mild` standard deviations worse."""
    rng = np.random.default_rng(seed)
    starts = np.arange(PERIODS) * 900
    z = np.maximum(rng.standard_normal((PERIODS, CELLS, KPIS)), 0.0)
    window, cell = Window(int(starts[500]), int(starts[524])), np.arange(CELLS) == seed % CELLS
    z[500:524, cell] += mild
    troubled = np.zeros((PERIODS, CELLS), bool)
    troubled[499:536, cell] = True
    return Operator(z, starts, ("NR",) * CELLS, (("made up", cell, window),), troubled)


OPERATORS = [operator(seed, 1.6) for seed in range(3)]


def recall(rule, allowed=360.0):
    scores = [surprise(o, rule) for o in OPERATORS]
    threshold = threshold_for(OPERATORS, scores, allowed)
    weeks = sum(o.cell_weeks for o in OPERATORS) / 1000
    assert sum(false_episodes(o, s, threshold) for o, s in zip(OPERATORS, scores, strict=True)) <= allowed * weeks
    return sum(hit for o, s in zip(OPERATORS, scores, strict=True) for hit in found(o, s, threshold))


def test_many_kpis_a_little_worse_show_in_their_sum_at_equal_false_episodes():
    assert recall(squares) == recall(fisher) == 3
    assert recall(strongest) < 3


def test_an_episode_is_counted_once_and_not_in_a_fault():
    scores = np.zeros((PERIODS, CELLS))
    scores[[450, 452, 470], 1] = 9.0
    scores[510, 0] = 9.0
    assert false_episodes(OPERATORS[0], scores, 5.0) == 2


def test_the_table_names_every_rule():
    output = table(OPERATORS, {"strongest": strongest, "Fisher": fisher})
    assert output.startswith("3 faults")
    assert "| Fisher | " in output
