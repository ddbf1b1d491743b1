"""What cannot have been meant is a finding with the likeliest correction."""

import numpy as np
import pytest

from detector.app import read_catalogue
from detector.domain.cell import Cell, Topology
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.ports import SourceFile
from detector.settings import Sources
from jobs.intake import Intake, check_counter_names, check_period_lengths

CATALOGUE = read_catalogue(Sources().kpis)


def intake_of(*counters: str) -> Intake:
    batch = CounterBatch(
        file="counters/7.csv",
        start=0,
        duration_s=900,
        objects=("c1", "c2"),
        counters=counters,
        values=np.ones((2, len(counters))),
        suspect=np.zeros(2, bool),
    )
    intake = Intake()
    intake.add(SourceFile("dataset", "counters/7.csv", "", 1200.0), [batch])
    return intake


def network(vendor: str = "") -> Topology:
    return Topology({name: Cell(cell_id=name, technology="LTE", vendor=vendor) for name in ("c1", "c2")})


NAMES = {
    ("RRC.ConnEstabAtt.sum", "RRC.ConnEstabSucc"): "",
    ("RRC.ConnEstabAtt", "pmNobodysCounter"): "",
    ("RRC.ConnEstabAtt", "RRC.ConEstabSucc"): "unknown_counter RRC.ConEstabSucc: did you mean RRC.ConnEstabSucc?",
    (
        "RRC.ConnEstabAtt",
        "L.RRC.ConnReq.Suc",
    ): "unknown_counter L.RRC.ConnReq.Suc: did you mean L.RRC.ConnReq.Succ of Huawei?",
    ("Foo", "Bar"): "unknown_counters counters/#.csv: none of its 2 counters is known (Foo, Bar)",
    ("rrc_setup_rate",): "unknown_counters counters/#.csv: named like a finished ratio",
}


@pytest.mark.parametrize("counters", NAMES)
def test_a_counter_that_is_not_understood_is_named_with_what_was_probably_meant(counters: tuple[str, ...]) -> None:
    findings = Findings()
    check_counter_names(intake_of(*counters), CATALOGUE, network(), findings)
    said = [f"{f.code} {f.where}: {f.example}" for f in findings]
    code, _, words = NAMES[counters].partition(": ")
    assert len(said) == bool(code)
    assert all(line.startswith(f"{code}: ") and words in line for line in said)


VENDORS = {"Ericsson": ["set vendor = Huawei"], "ericsson": ["set vendor = Huawei"], "Huawei": [], "": [], "Nokia": []}


@pytest.mark.parametrize("vendor", VENDORS)
def test_names_of_another_vendor_than_the_cells_say_whose_they_are(vendor: str) -> None:
    findings = Findings()
    check_counter_names(intake_of("L.RRC.ConnReq.Att", "L.RRC.ConnReq.Succ"), CATALOGUE, network(vendor), findings)
    found = [(f.code, f.count, f.example.rpartition(": ")[2]) for f in findings]
    assert found == [("wrong_vendor", 2, mend) for mend in VENDORS[vendor]]


LENGTHS = {
    (900, 900): "",
    (300, 900): "",
    (3600, 900): "",
    (15, 900): "it is written in minutes: duration_s = 900 was probably meant",
    (1, 3600): "it is written in hours: duration_s = 3600 was probably meant",
    (900_000, 900): "it is written in milliseconds: duration_s = 900 was probably meant",
    (10, 900): "duration_s = 900 was probably meant",
}


@pytest.mark.parametrize(("length", "apart"), LENGTHS)
def test_a_length_in_another_unit_is_recognised_by_how_far_apart_periods_begin(length: int, apart: int) -> None:
    findings = Findings()
    check_period_lengths("files counters/#.csv", [0, apart, 2 * apart, 9 * apart], length, findings)
    assert [f.example.partition("apart; ")[2] for f in findings] == [said for said in [LENGTHS[length, apart]] if said]


def test_two_periods_prove_nothing() -> None:
    findings = Findings()
    check_period_lengths("files counters/#.csv", [0, 900], 15, findings)
    assert not list(findings)
