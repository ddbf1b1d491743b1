"""The files that a backtest leaves behind, column by column."""

import csv
import json
from datetime import datetime

import pytest

from detector.backtest.matching import match
from detector.backtest.output_files import write
from detector.backtest.results import Results
from detector.backtest.scorecard import score_replay
from detector.backtest.summary import summarise
from detector.domain.window import Window
from tests.unit.backtest.small_truth import degraded, incident, listed
from tests.unit.backtest.synthetic_week import replay

COLUMNS = {
    "degradations.csv": "degradation_id,object_id,dimension,kpi,kind,started_at,detected_at,cleared_at,severity,evidence,"
    "expected,observed,incident_id",
    "incidents.csv": "incident_id,root_kind,root_id,opened_at,resolved_at,severity,cells,exposed,affected,affected_low,"
    "affected_high,accounts,alarm_id,ticket_id,suppressed_reason,started_at,ended_at",
    "affected.csv": "incident_id,subscriber_id,account_id,basis,probability,exposure_s,listed_at,delisted_at,contactable,"
    "why_not,action,decided_at",
}


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def week():
    results, truth = replay()
    return match(results, truth)


def test_columns_are_the_contracts_in_its_order(tmp_path, week):
    write(tmp_path, week.results, summarise(week))
    assert {name: (tmp_path / name).read_text().splitlines()[0] for name in COLUMNS} == COLUMNS
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*COLUMNS, "alerts.jsonl", "summary.json"])


def test_every_row_is_there_and_every_time_is_utc(tmp_path, week):
    write(tmp_path, week.results, summarise(week))
    degradations, incidents = table(tmp_path / "degradations.csv"), table(tmp_path / "incidents.csv")
    assert len(degradations) == len(week.results.degradations)
    assert {d["incident_id"] for d in degradations} == {i["incident_id"] for i in incidents}
    assert all(datetime.fromisoformat(d["detected_at"]).utcoffset().total_seconds() == 0 for d in degradations)
    assert [d["detected_at"] for d in degradations] == sorted(d["detected_at"] for d in degradations)
    assert len(table(tmp_path / "affected.csv")) == len(week.results.listings)


def test_an_object_and_its_dimension_stand_apart_and_unknown_is_empty(tmp_path):
    one = degraded("d1", "a1#5qi=1", 100)
    write(
        tmp_path,
        Results(window=Window(0, 86400), cells=1, settings_hash="h", degradations=(one,), incidents=(incident("i1", one),)),
        {},
    )
    (row,), (row_of_incident,) = table(tmp_path / "degradations.csv"), table(tmp_path / "incidents.csv")
    assert (row["object_id"], row["dimension"], row["cleared_at"], row["incident_id"]) == ("a1", "5qi=1", "", "i1")
    assert (row_of_incident["resolved_at"], row_of_incident["affected"], row_of_incident["cells"]) == ("", "", "1")


def test_a_merged_incidents_degradations_belong_to_the_older_one(tmp_path):
    one, two = degraded("d1", "a1", 100), degraded("d2", "a2", 110)
    both = (incident("old", one, two), incident("new", two, merged_into="old"))
    write(
        tmp_path, Results(window=Window(0, 86400), cells=1, settings_hash="h", degradations=(one, two), incidents=both), {}
    )
    assert [d["incident_id"] for d in table(tmp_path / "degradations.csv")] == ["old", "old"]


def test_identify_resolves_pseudonyms_and_nothing_else_does(tmp_path):
    results = Results(window=Window(0, 86400), cells=1, settings_hash="h", listings=(listed("i1", "key-7", 0.25, 10, 20),))
    write(tmp_path, results, {})
    assert table(tmp_path / "affected.csv")[0]["subscriber_id"] == "key-7"
    write(tmp_path, results, {}, identify={"key-7": "262011234"}.__getitem__)
    (row,) = table(tmp_path / "affected.csv")
    assert (row["subscriber_id"], row["account_id"], row["probability"]) == ("262011234", "", "0.25")
    assert (row["listed_at"], row["delisted_at"]) == ("1970-01-01T00:10:00Z", "1970-01-01T00:20:00Z")


def test_alerts_are_one_body_a_line_with_planned_at(tmp_path, week):
    write(tmp_path, week.results, {})
    bodies = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert len(bodies) == len(week.results.alerts)
    assert bodies[0]["planned_at"].endswith("Z")


def test_a_failure_leaves_the_old_file_whole(tmp_path, week):
    write(tmp_path, week.results, {"foresight": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(tmp_path, week.results, {"foresight": float("nan")})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"foresight": 1}
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_conclude_writes_all_six_files_with_truth_read_from_the_dataset(tmp_path, week):
    dataset, out = tmp_path / "dataset", tmp_path / "out"
    dataset.mkdir()
    fault = week.truth.faults[0]
    start, end = (datetime.fromtimestamp(t).astimezone().isoformat() for t in (fault.window.start, fault.window.end))
    (dataset / "truth.csv").write_text(f"fault_id,object_id,start,end,kind\nf1,{fault.scopes[0][0]},{start},{end},outage\n")
    summary = score_replay(week.results, dataset, out, pseudonym=str)
    assert (summary["faults"], summary["recall"]["value"]) == (1, 1.0)
    assert json.loads((out / "summary.json").read_text()) == summary
    assert "Faults found" in (out / "report.html").read_text()
