"""Aggregation: parts add up to the whole, the order of files is no matter, no event is counted twice."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detector.domain.cell import Cell, Topology
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import Reference
from detector.kpis import aggregate, compute, load_catalogue
from tests.tables import frame_from_table, kpi, table_from_frame

SHIPPED = load_catalogue((Path(__file__).parents[2] / "config" / "kpis.toml").read_text())
CELLS = tuple(f"c{i}" for i in range(6))
TOPOLOGY = Topology({name: Cell(cell_id=name, technology="LTE") for name in CELLS})
REFERENCE = Reference(topology=TOPOLOGY)
COUNTS = st.integers(0, 10_000).map(float) | st.just(float("nan"))
SHAPE = (3, len(CELLS), 2)


@st.composite
def frames(draw: st.DrawFn) -> KpiFrame:
    numerator, denominator = (draw(arrays(np.float64, SHAPE, elements=COUNTS)) for _ in range(2))
    suspect = draw(arrays(np.bool_, SHAPE[:2]))
    return KpiFrame(
        starts=np.arange(3) * 900,
        duration_s=900,
        objects=CELLS,
        kpis=(kpi("x"), kpi("y")),
        numerator=numerator,
        denominator=denominator,
        suspect=suspect,
    )


@settings(max_examples=40, deadline=None)
@given(frames(), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_parts_aggregated_twice_are_the_whole(frame: KpiFrame, part_of: list[int]) -> None:
    sites = {f"s{s}": [c for c, own in zip(CELLS, part_of, strict=True) if own == s] for s in range(3)}
    through_sites = aggregate(aggregate(frame, sites), {"network": list(sites)})
    at_once = aggregate(frame, {"network": CELLS})
    for one, other in ((through_sites.numerator, at_once.numerator), (through_sites.denominator, at_once.denominator)):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(through_sites.suspect, at_once.suspect)


@settings(max_examples=40, deadline=None)
@given(frames())
def test_a_group_lies_between_its_members_and_one_member_is_itself(frame: KpiFrame) -> None:
    whole = aggregate(frame, {"network": CELLS}).value[:, 0]
    known = np.isfinite(frame.numerator) & np.isfinite(frame.denominator) & (frame.denominator > 0)
    members = np.where(known & (frame.denominator > 0), frame.value, np.nan)
    pure = known.all(axis=1)
    assert np.all(whole[pure] >= members.min(axis=1)[pure] - 1e-9)
    assert np.all(whole[pure] <= members.max(axis=1)[pure] + 1e-9)
    np.testing.assert_array_equal(aggregate(frame, {"c0": ["c0"]}).value[:, 0], frame.value[:, 0])


def test_a_ratio_of_a_site_is_of_its_sums_and_missing_cells_do_not_count() -> None:
    frame = frame_from_table(
        """
        time  | object | lte_rrc_sr
        08:00 | c1     | 1/2
        08:00 | c2     | 98/98
        08:15 | c1     | -
        08:15 | c2 !   | 9/10
        """,
        [kpi("lte_rrc_sr")],
    )
    site = aggregate(frame, {"site": ["c1", "c2", "c3"], "empty": ["c9"]})
    assert table_from_frame(site).splitlines()[1:] == ["08:00 | site   | 99/100", "08:15 | site ! | 9/10"]


VALUES = arrays(np.float64, (len(CELLS), 4), elements=COUNTS)
NAMES = ("RRC.ConnEstabAtt.sum", "RRC.ConnEstabSucc.sum", "DRB.IPVolDl.sum", "RRC.ConnMean")


def _batch(values: np.ndarray, start: int, rows: slice = slice(None), columns: slice = slice(None)) -> CounterBatch:
    part = values[rows, columns]
    return CounterBatch(
        file="f",
        start=start,
        duration_s=900,
        objects=CELLS[rows],
        counters=NAMES[columns],
        values=part,
        suspect=np.zeros(len(part), bool),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_order_of_files_without_overlap_is_no_matter(periods: list[np.ndarray], shuffle: object) -> None:
    batches = [
        _batch(values, p * 900, rows, columns)
        for p, values in enumerate(periods)
        for rows in (slice(0, 2), slice(2, 6))
        for columns in (slice(0, 1), slice(1, 4))
    ]
    in_order = compute(batches, SHIPPED, REFERENCE, Findings())
    shuffle.shuffle(batches)  # type: ignore[attr-defined]
    mixed = compute(batches, SHIPPED, REFERENCE, Findings())
    whole = compute([_batch(values, p * 900) for p, values in enumerate(periods)], SHIPPED, REFERENCE, Findings())
    for other in (mixed, whole):
        again = other[900].aligned(in_order[900].objects)
        assert again.kpis == in_order[900].kpis
        np.testing.assert_array_equal(again.starts, in_order[900].starts)
        np.testing.assert_array_equal(again.numerator, in_order[900].numerator)
        np.testing.assert_array_equal(again.denominator, in_order[900].denominator)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 999), min_size=1, max_size=5), st.booleans(), st.booleans(), st.booleans())
def test_an_event_is_counted_once_whatever_the_file_splits_it_into(
    parts: list[int], with_sum: bool, with_stem: bool, by_slice: bool
) -> None:
    """Each way to write the same attempts, alone or together, gives the same number of attempts."""
    total = float(sum(parts))
    counters = {f"RRC.ConnEstabAtt.cause{i}": float(n) for i, n in enumerate(parts)}
    counters |= {"RRC.ConnEstabAtt.sum": total} if with_sum else {}
    counters |= {"RRC.ConnEstabAtt": total} if with_stem else {}
    counters |= {"RRC.ConnEstabAtt.SNSSAI1": total} if by_slice else {}
    batch = CounterBatch(
        file="f",
        start=0,
        duration_s=900,
        objects=("c0",),
        counters=tuple(counters),
        values=np.array([list(counters.values())]),
        suspect=np.zeros(1, bool),
    )
    frame = compute([batch], SHIPPED, REFERENCE, Findings())[900]
    assert frame.numerator[0, 0, frame.kpi_index["lte_attempts"]] == total


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (3, 2), elements=st.integers(0, 500).map(float)))
def test_five_minute_rows_sum_to_the_quarter_hour(counts: np.ndarray) -> None:
    names = ("RRC.ConnEstabAtt", "RRC.ConnEstabSucc")
    both = np.stack([counts.sum(axis=1), counts[:, 0]], axis=1)
    fine = [
        CounterBatch(
            file="f",
            start=i * 300,
            duration_s=300,
            objects=("c0",),
            counters=names,
            values=both[i : i + 1],
            suspect=np.zeros(1, bool),
        )
        for i in range(3)
    ]
    coarse = CounterBatch(
        file="f",
        start=0,
        duration_s=900,
        objects=("c0",),
        counters=names,
        values=both.sum(axis=0)[None, :],
        suspect=np.zeros(1, bool),
    )
    summed, whole = (compute(b, SHIPPED, REFERENCE, Findings())[900] for b in (fine, [coarse]))
    np.testing.assert_allclose(summed.value, whole.value, equal_nan=True)
