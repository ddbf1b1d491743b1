"""The truth as files: CSV, gzipped CSV and Parquet, with everything that can be wrong with them."""

import gzip

import duckdb
import pytest

from detector.backtest.truth import read_truth
from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.domain.window import Window

HEAD = "fault_id,object_id,start,end,kind,customer_affecting\n"


def key(raw: str) -> str:
    return f"key-of-{raw}"


def test_absent_files_are_unknown(tmp_path):
    truth = read_truth(tmp_path, key)
    assert (truth.faults, truth.sufferers, truth.complaints) == (None, None, None)


def test_an_empty_truth_is_a_truth(tmp_path):
    (tmp_path / "truth.csv").write_text(HEAD)
    assert read_truth(tmp_path, key).faults == ()


def test_several_rows_of_one_fault_are_its_objects(tmp_path):
    (tmp_path / "truth.csv").write_text(
        HEAD + "f1,c1,1970-01-01T00:01:40Z,1970-01-01T01:03:20+01:00,outage,1\n"
        "f1,c2,1970-01-01T00:02:00Z,1970-01-01T00:05:00Z,outage,1\nf2,c3,1970-01-01T02:00:00Z,1970-01-01T03:00:00Z,glitch,0\n"
    )
    first, second = read_truth(tmp_path, key).faults
    assert first.scopes == (("c1", Window(100, 200)), ("c2", Window(120, 300)))
    assert (first.window, first.customer_affecting, second.customer_affecting) == (Window(100, 300), True, False)


def test_a_glitch_affects_nobody_even_where_the_column_is_absent(tmp_path):
    rows = "f1,c1,1970-01-01T00:01:40Z,1970-01-01T00:03:20Z,outage\nf2,c1,1970-01-01T00:01:40Z,1970-01-01T00:03:20Z,glitch\n"
    (tmp_path / "truth.csv").write_text("fault_id,object_id,start,end,kind\n" + rows)
    assert {f.fault_id: f.customer_affecting for f in read_truth(tmp_path, key).faults} == {"f1": True, "f2": False}


def test_times_without_offset_take_the_operators_zone_with_a_finding(tmp_path):
    (tmp_path / "truth.csv").write_text(HEAD + "f1,c1,1970-01-01T01:00:00,1970-01-01T01:00:00Z,outage,1\n")
    findings = Findings()
    (fault,) = read_truth(tmp_path, key, timezone="Europe/Berlin", findings=findings).faults
    assert fault.window == Window(0, 3600)
    assert [(f.code, f.where, f.count) for f in findings] == [("time_without_offset", "truth.csv", 1)]


def test_a_row_that_cannot_be_read_is_counted_and_the_rest_goes_on(tmp_path):
    good = "f1,c1,1970-01-01T00:01:40Z,1970-01-01T00:03:20Z,outage,1\n"
    (tmp_path / "truth.csv").write_text(HEAD + good + "f2,c1,yesterday Z,1970-01-01T00:03:20Z,outage,1\nf3,c1,,,,\n")
    findings = Findings()
    assert [f.fault_id for f in read_truth(tmp_path, key, findings=findings).faults] == ["f1"]
    assert findings.count("row_rejected") == 2


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "truth.csv").write_text("fault_id,object_id,start,kind\n")
    with pytest.raises(Misconfigured, match=r"truth\.csv: column 'end' is missing") as caught:
        read_truth(tmp_path, key)
    assert "\n" not in str(caught.value)


def test_who_suffered(tmp_path):
    (tmp_path / "truth_subscribers.csv").write_text(
        "fault_id,subscriber_id,failures,degraded_s\nf1,s1,1,0\nf1,s2,0,300\nf1,s3,0,299\nf2,s3,,900.5\n"
    )
    assert read_truth(tmp_path, key).sufferers == {"f1": {"key-of-s1", "key-of-s2"}, "f2": {"key-of-s3"}}


CONTACTS = """contact_id,subscriber_id,at,channel,category,cell_id
k1,s1,1970-01-02T00:00:00Z,call,network,c9
k2,s2,1970-01-02T00:00:00Z,call,,
k3,s1,1970-01-02T00:00:00Z,call,billing,c9
k4,,1970-01-02T00:00:00Z,social,Network,c9
"""
ATTACHMENTS = """subscriber_id,cell_id,start,duration_s,seconds
s2,c1,1970-01-01T23:00:00Z,3600,1200
s2,c2,1970-01-02T00:00:00Z,3600,1200
s2,c3,1970-01-01T21:00:00Z,3600,1200
s1,c4,1970-01-01T23:00:00Z,3600,1200
"""


def test_complaints_are_network_or_empty_with_the_senders_place_where_they_name_none(tmp_path):
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "attachments" / "day1").mkdir(parents=True)
    (tmp_path / "attachments" / "day1" / "a.csv.gz").write_bytes(gzip.compress(ATTACHMENTS.encode()))
    first, second, social = read_truth(tmp_path, key).complaints
    assert (first.subscriber, first.cell_id, first.attachments) == ("key-of-s1", "c9", ())
    assert second.attachments == (("c1", Window(82800, 86400)), ("c2", Window(86400, 90000)))
    assert (social.subscriber, social.cell_id) == ("", "c9")


def test_parquet_is_equal_to_csv(tmp_path):
    (tmp_path / "c.csv").write_text(CONTACTS)
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{tmp_path}/c.csv')) TO '{tmp_path}/contacts.parquet'")
    duckdb.sql(
        "COPY (SELECT 'f1' AS fault_id, 'c1' AS object_id, TIMESTAMPTZ '1970-01-01 00:01:40+00' AS start, "
        f"TIMESTAMPTZ '1970-01-01 00:03:20+00' AS \"end\", 'outage' AS kind) TO '{tmp_path}/truth.parquet'"
    )
    truth = read_truth(tmp_path, key)
    assert [c.contact_id for c in truth.complaints] == ["k1", "k2", "k4"]
    assert truth.faults[0].window == Window(100, 200)


def test_a_line_break_in_a_customers_text_is_part_of_it(tmp_path):
    (tmp_path / "contacts.csv").write_text(
        'contact_id,at,channel,cell_id,text\nk1,1970-01-02T00:00:00Z,call,c9,"no signal\nsince noon"\n'
        'k2,1970-01-02T00:00:00Z,call,c9\nk3,1970-01-02T00:00:00Z,call,c9,"open\nk4,1970-01-02T00:00:00Z,call,c9,x\n'
    )
    assert [c.contact_id for c in read_truth(tmp_path, key).complaints] == ["k1", "k4"]
