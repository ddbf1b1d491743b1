"""The dataset that a simulated operator writes: complete, equal for equal seeds, and as CONTRACTS.md section 1 says."""

import csv
import xml.etree.ElementTree as ElementTree
from gzip import decompress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from detector.simulator import Scenario, Summary, simulate

MONDAY = 1_772_409_600
COLUMNS = {
    "cells.csv": "cell_id technology site_id node_id tac region plmn band layer indoor latitude longitude azimuth_deg "
    "vendor software state ldn valid_from valid_to",
    "neighbours.csv": "cell_id neighbour_id",
    "topology_edges.csv": "child_kind child_id parent_kind parent_id relation valid_from valid_to",
    "network_functions.csv": "nf_id kind serves",
    "arrivals.csv": "file arrived_at",
    "alarms.csv": "alarm_id object_kind object_id raised_at cleared_at type severity probable_cause text",
    "tickets.csv": "ticket_id object_kind object_id opened_at closed_at status eta text",
    "subscribers.csv": "subscriber_id account_id segment vip vulnerable minor guardian_id preferred_channel language device "
    "plan partner lifetime_value nps",
    "accounts.csv": "account_id kind name tier sla care_team parent_id",
    "account_members.csv": "account_id subscriber_id role",
    "consents.csv": "holder_kind holder_id purpose channel state since basis",
    "contacts.csv": "contact_id subscriber_id at channel category text cell_id latitude longitude "
    "outcome escalated reopened",
    "surveys.csv": "survey_id subscriber_id at score trigger text",
    "subscriber_events.csv": "subscriber_id at kind",
    "maintenance.csv": "scope_kind scope_id start end reason status actual_end expected_impact",
    "calendar.csv": "start end scope_kind scope_id name kind",
    "truth.csv": "fault_id object_id start end kind customer_affecting",
    "truth_subscribers.csv": "fault_id subscriber_id failures degraded_s",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def small(out: Path, *, form: str = "csv", **changes: Any) -> Summary:
    chosen: dict[str, Any] = {
        "cells": 30,
        "days": 2,
        "seed": 7,
        "start": MONDAY,
        "fault_rate": 1500.0,
        "subscribers_per_cell": 8,
    } | changes
    return simulate(out, Scenario(**chosen), form=form)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("operator")
    small(out)
    return out


@pytest.mark.parametrize("name", COLUMNS)
def test_every_file_has_the_columns_of_the_contract_in_its_order(operator: Path, name: str) -> None:
    with (operator / name).open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == COLUMNS[name].split()


def test_the_summary_counts_what_was_written(operator: Path, tmp_path: Path) -> None:
    summary = small(tmp_path)
    assert summary.faults == len({r["fault_id"] for r in rows(operator / "truth.csv")}) > 5
    assert (summary.subscribers, summary.complaints) == (240, len(rows(operator / "contacts.csv")))
    assert summary.end - summary.start == 2 * 86_400


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(operator: Path, tmp_path: Path) -> None:
    small(tmp_path / "again")
    assert files(tmp_path / "again") == files(operator)
    small(tmp_path / "other", seed=8)
    assert files(tmp_path / "other")["counters/2026-03-02/lte.csv"] != files(operator)["counters/2026-03-02/lte.csv"]


def test_chronic_cells_stand_in_a_file_of_their_own(operator: Path, tmp_path: Path) -> None:
    small(tmp_path, chronic_cells=3)
    assert len({r["cell_id"] for r in rows(tmp_path / "chronic.csv")}) == 3
    assert not (operator / "chronic.csv").exists()
    assert (tmp_path / "truth.csv").read_bytes() == (operator / "truth.csv").read_bytes()


def test_a_quiet_operator_has_no_fault_no_sufferer_and_no_works(tmp_path: Path) -> None:
    summary = small(tmp_path, fault_free=True, subscribers_per_cell=40)
    assert summary.faults == 0
    assert [rows(tmp_path / f"{n}.csv") for n in ("truth", "truth_subscribers", "maintenance", "tickets")] == [[]] * 4
    assert rows(tmp_path / "contacts.csv"), "people call for other reasons too"


def test_no_fault_begins_in_the_history(tmp_path: Path) -> None:
    small(tmp_path, history_days=1)
    starts = [r["start"] for r in rows(tmp_path / "truth.csv")]
    assert starts
    assert min(starts) >= "2026-03-03T00:00:00Z"


def test_references_between_files_hold(operator: Path) -> None:
    cells = {r["cell_id"] for r in rows(operator / "cells.csv")}
    functions = {r["nf_id"] for r in rows(operator / "network_functions.csv")}
    people = {r["subscriber_id"]: r for r in rows(operator / "subscribers.csv")}
    accounts = {r["account_id"] for r in rows(operator / "accounts.csv")}
    assert {r["object_id"] for r in rows(operator / "truth.csv")} <= cells | functions
    assert {c for r in rows(operator / "neighbours.csv") for c in r.values()} <= cells
    assert {r["account_id"] for r in people.values()} <= accounts
    assert {r["subscriber_id"] for r in rows(operator / "truth_subscribers.csv")} <= set(people)
    minors = [r for r in people.values() if r["minor"] == "true"]
    assert minors
    assert all(people[m["guardian_id"]]["minor"] == "false" for m in minors)


def test_about_two_thirds_granted_proactive_contact_and_some_took_it_back(tmp_path: Path) -> None:
    small(tmp_path, cells=60, days=1, subscribers_per_cell=40)
    own = [
        r
        for r in rows(tmp_path / "consents.csv")
        if r["holder_kind"] == "subscriber" and r["purpose"] == "proactive_contact"
    ]
    granted = {r["holder_id"] for r in own if r["state"] == "granted"}
    assert 0.6 < len(granted) / 2400 < 0.7
    assert granted & {r["holder_id"] for r in own if r["state"] == "withdrawn"}


def test_attachments_are_hours_with_an_instant_and_at_most_an_hour_a_person(operator: Path) -> None:
    found = (
        duckdb.connect()
        .execute(
            f"select subscriber_id, epoch(start), sum(seconds), bool_and(failures <= attempts), max(duration_s) "
            f"from '{operator}/attachments/*.parquet' group by all"
        )
        .fetchall()
    )
    assert {int(start) % 3600 for _, start, *_ in found} == {0}
    assert max(seconds for _, _, seconds, _, _ in found) == 3600
    assert all(fits and length == 3600 for *_, fits, length in found)


def test_late_rows_come_in_files_of_their_own_after_their_period(tmp_path: Path) -> None:
    small(tmp_path, days=4, cells=60)
    listed = rows(tmp_path / "arrivals.csv")
    assert listed
    for row in listed:
        block = rows(tmp_path / row["file"])
        assert block
        assert row["arrived_at"] > max(r["start"] for r in block)


def read_xml(path: Path) -> dict[tuple[str, str], str]:
    """(last RDN's value, counter) -> text, of either XML form."""
    raw = decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found = {}
    for info in ElementTree.fromstring(raw).iter():
        if not info.tag.endswith("}measInfo"):
            continue
        kids = [(e.tag.rpartition("}")[2], e) for e in info]
        names = {e.get("p"): e.text for tag, e in kids if tag == "measType"}
        listed = [n for tag, e in kids if tag == "measTypes" for n in (e.text or "").split()]
        for value in (e for tag, e in kids if tag == "measValue"):
            cell = value.get("measObjLdn", "").rpartition("=")[2]
            for result in value:
                if result.tag.endswith("}r"):
                    found[cell, names[result.get("p")] or ""] = result.text or ""
                elif result.tag.endswith("}measResults"):
                    found |= {(cell, n): v for n, v in zip(listed, (result.text or "").split(), strict=True)}
    return found


def test_pm_xml_and_tables_give_the_same(operator: Path, tmp_path: Path) -> None:
    small(tmp_path, days=1, form="xml")
    small(tmp_path / "csv", days=1)
    for node, table in (("enb-001", "lte"), ("gnb-001", "nr"), ("amf-1", "amf"), ("enb-003", "lte")):
        (path,) = (tmp_path / "counters" / "2026-03-02").glob(f"A20260302.0900+0100-0915+0100_{node}.xml*")
        from_xml = read_xml(path)
        by_object = {
            r["object_id"]: r
            for r in rows(tmp_path / "csv" / "counters" / "2026-03-02" / f"{table}.csv")
            if r["start"] == "2026-03-02T08:00:00Z"
        }
        assert from_xml
        for (cell, counter), text in from_xml.items():
            assert text == "NIL" or float(text) == pytest.approx(float(by_object[cell][counter]), abs=0.006)


@pytest.mark.parametrize(
    ("changes", "says"), [({"form": "json"}, "use csv or xml"), ({"cells": 2}, "at least 6 cells"), ({"days": 0}, "1 day")]
)
def test_what_makes_no_operator_is_refused_with_a_reason(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        small(tmp_path, **changes)
