"""A dataset under a moving clock: each thing is known when it would have been, and not a second earlier."""

import pytest

from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.identity import Pseudonymiser
from tests.unit.sources.operator_directory import DAY, HOUR, MINUTE, NAMES, NEVER, T0, dataset

COUNTERS = """object_id,start,duration_s,A
    c1,2026-03-24T08:00:00Z,900,1
    c1,2026-03-24T08:15:00Z,900,2
    c1,2026-03-24T08:30:00Z,900,3"""


@pytest.mark.parametrize(
    ("tables", "options", "delay", "arrivals"),
    [
        ({}, {}, 300, [20, 35, 50]),
        ({"operator.toml": 'arrival_delay = "10 min"'}, {}, 600, [25, 40, 55]),
        ({"operator.toml": "arrival_delay = 60"}, {"arrival_delay_s": 0}, 0, [15, 30, 45]),
        ({"arrivals.csv": "file,arrived_at\ncounters/t.csv,2026-03-24T09:40:00Z"}, {}, 300, [100, 100, 100]),
    ],
)
def test_a_period_arrives_at_its_end_plus_the_delay(tmp_path, tables, options, delay, arrivals):
    source = dataset(tmp_path, {"counters/t.csv": COUNTERS, **tables}, **options)
    source_files = source.files(0, NEVER)
    assert [(p.arrived_at - T0) / MINUTE for p in source_files] == arrivals
    assert [p.window for p in source_files] == [Window(T0 + 900 * i, T0 + 900 * (i + 1)) for i in range(3)]
    first = source_files[0].arrived_at
    assert source.files(0, first - 1) == []
    assert source_files[0] in source.files(first - 1, first)
    assert source_files[0] not in source.files(first, NEVER)
    assert source.reference(T0, Findings()).operator.arrival_delay_s == delay


def test_each_file_reads_its_own_period_only(tmp_path):
    source = dataset(tmp_path, {"counters/t.csv": COUNTERS})
    read = [[b.values.tolist() for b in source.read(p, Findings())] for p in source.files(0, NEVER)]
    assert read == [[[[1.0]]], [[[2.0]]], [[[3.0]]]]


def test_rows_from_the_far_future_are_set_aside(tmp_path):
    early = "file,arrived_at\ncounters/t.csv,2026-03-22T00:00:00Z"
    source = dataset(tmp_path, {"counters/t.csv": COUNTERS, "arrivals.csv": early})
    findings = Findings()
    source_files = source.files(0, T0 - 2 * DAY)
    assert len(source_files) == 3
    assert [b for p in source_files for b in source.read(p, findings)] == []
    assert findings.count("clock_in_future") == 3


def test_a_file_that_names_no_period_is_given_first_so_that_it_can_be_refused(tmp_path):
    source = dataset(tmp_path, {"counters/t.csv": COUNTERS, "counters/broken.xml": "<measCollecFile>"})
    assert source.files(0, T0 + 20 * MINUTE)[0].name == "counters/broken.xml"


def test_attachments_arrive_after_their_hour(tmp_path):
    rows = """subscriber_id,cell_id,start,duration_s,seconds,attempts,failures
        001,c1,2026-03-24T09:00:00Z,3600,60,,
        002,c2,2026-03-24T08:00:00Z,3600,1800,4,1
        001,c1,2026-03-24T08:00:00Z,3600,900,2,0
        003,c1,2026-03-24T08:00:00Z,3600,none,2,0"""
    source, findings = dataset(tmp_path, {"attachments/day/a.csv": rows}), Findings()
    assert len(source.presence(0, T0 + HOUR + 5 * MINUTE - 1, findings)) == 0
    first = source.presence(0, T0 + HOUR + 5 * MINUTE, findings)
    assert sorted(zip((first.subscribers[i] for i in first.subscriber), first.seconds.tolist(), strict=True)) == sorted(
        [(NAMES.subscriber("001"), 900.0), (NAMES.subscriber("002"), 1800.0)]
    )
    later = source.presence(T0 + HOUR + 5 * MINUTE, NEVER, findings)
    assert (later.subscribers, later.cells, later.seconds.tolist()) == ((NAMES.subscriber("001"),), ("c1",), [60.0])
    assert findings.count("row_rejected") == findings.count("not_a_number") == 1


def test_a_broken_attachment_file_is_a_finding_and_the_others_are_read(tmp_path):
    good = "subscriber_id,cell_id,start,duration_s,seconds\n001,c1,2026-03-24T08:00:00Z,3600,60"
    source, findings = dataset(tmp_path, {"attachments/a.csv": good, "attachments/b.csv": "subscriber_id\n1"}), Findings()
    assert len(source.presence(0, NEVER, findings)) == 1
    (finding,) = findings
    assert (finding.code, finding.where) == ("file_rejected", "attachments/b.csv")


def test_a_dataset_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(Misconfigured, match="no such directory"):
        dataset(tmp_path, {}).__class__(tmp_path / "gone", NAMES)


def test_pseudonyms_depend_on_key_version_and_kind():
    other = Pseudonymiser(b"o" * 32)
    newer = Pseudonymiser(b"k" * 32, 2)
    assert len({NAMES.subscriber("1"), NAMES.account("1"), other.subscriber("1"), newer.subscriber("1")}) == 4
    assert NAMES.subscriber("1") == Pseudonymiser(b"k" * 32).subscriber("1")
    assert newer.account("1").startswith("acc_2_")
    assert NAMES.subscriber("") == ""
    with pytest.raises(Misconfigured, match="fewer than 16 bytes"):
        Pseudonymiser(b"short")
