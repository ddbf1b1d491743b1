"""Counter tables: CSV, packed CSV and Parquet are the same table; what is wrong in a row costs that row or value only."""

import gzip
from datetime import UTC

import duckdb
import numpy as np
import pytest

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.counter_tables import load_counter_table, periods
from tests.unit.sources.operator_directory import T0

TABLE = b"""object_id,start,duration_s,suspect,dimension,A,L.E-RAB.Att
c2,2026-03-24T08:15:00Z,900,,,3,
c1,2026-03-24T15:00:00+07:00,900,true,,1,0.5
c1,2026-03-24T08:00:00Z,3600,,,9,9
c2,2026-03-24T08:00:00Z,900,0,5qi=1,2,-1
"""


def load(path, findings=None):
    return load_counter_table(path, path.name, UTC, Findings() if findings is None else findings)


@pytest.fixture(params=["csv", "csv.gz", "parquet"])
def path(request, tmp_path):
    csv = tmp_path / "t.csv"
    csv.write_bytes(TABLE)
    path = tmp_path / f"t.{request.param}"
    if request.param == "csv.gz":
        path.write_bytes(gzip.compress(TABLE))
    elif request.param == "parquet":
        duckdb.sql(f"COPY (SELECT * FROM read_csv('{csv}')) TO '{path}' (FORMAT parquet)")
    return path


def test_one_batch_per_period_in_order_of_time(path):
    batches = list(load(path).batches())
    assert [(b.start, b.duration_s, b.objects) for b in batches] == [
        (T0, 900, ("c1", "c2#5qi=1")),
        (T0, 3600, ("c1",)),
        (T0 + 900, 900, ("c2",)),
    ]
    assert batches[0].counters == ("A", "L.E-RAB.Att")
    assert batches[0].values.tolist() == [[1, 0.5], [2, -1]]
    assert batches[0].suspect.tolist() == [True, False]
    assert np.isnan(batches[2].values[0, 1]), "an empty cell is NULL, not 0"


def test_periods_are_found_without_loading(path):
    assert periods(path, path.name, UTC) == [Window(T0, T0 + 900), Window(T0, T0 + 3600), Window(T0 + 900, T0 + 1800)]


def test_a_window_is_half_open(path):
    assert [b.start for b in load(path).batches(Window(T0 + 900, T0 + 901))] == [T0 + 900]
    assert list(load(path).batches(Window(T0 + 901, T0 + 5000))) == []


@pytest.mark.parametrize(
    ("row", "code", "example", "kept"),
    [
        ("c1,2026-03-24T08:00:00Z,900,x", "not_a_number", "line 3: A x", 2),
        ("c1,2026-03-24T08:00:00Z,900,inf", "not_a_number", "line 3: A inf", 2),
        ("c1,noon,900,1", "not_a_time", "line 3: start 'noon' is no time", 1),
        (",2026-03-24T08:00:00Z,900,1", "row_rejected", "line 3: no object", 1),
        ("c1,2026-03-24T08:00:00Z,-5,1", "row_rejected", "line 3: no object, start or duration", 1),
        ("c1,2026-03-24T08:00:00Z", "row_rejected", "line 3: 2 fields under 4 columns", 1),
        ("c1,2026-03-24T08:00:00,900,1", "time_without_offset", "taken as UTC", 2),
    ],
)
def test_a_wrong_row_is_a_finding_with_its_place_and_the_rest_stays(tmp_path, row, code, example, kept):
    path = tmp_path / "t.csv"
    path.write_text(f"object_id,start,duration_s,A\nc0,2026-03-24T08:00:00Z,900,1\n{row}\n")
    findings = Findings()
    assert sum(len(b.objects) for b in load(path, findings).batches()) == kept
    found = next(f for f in findings if f.code == code)
    assert (found.where, found.count) == ("t.csv", 1)
    assert example in found.example


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"object_id,start,A\nc1,2026-03-24T08:00:00Z,1\n", "t.csv: column 'duration_s' is missing; its header reads obj"),
        (b"", "t.csv: it is empty"),
        (b"PAR1 and no more", "t.csv: it is no table"),
        (gzip.compress(TABLE * 50, mtime=0)[:-20], "t.csv: gzip data are cut off"),
    ],
)
def test_what_is_no_counter_table_is_refused_in_one_line_without_naming_the_machine(tmp_path, content, said):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(Permanent) as refusal:
        load(path)
    assert str(refusal.value).startswith(said)
    assert str(tmp_path) not in str(refusal.value)
