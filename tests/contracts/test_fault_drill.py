"""A kind of fault added by one file and one entry: interference that cuts calls and slows data while a machine runs."""

import csv
from pathlib import Path

import pytest

from detector.simulator import Scenario, simulate
from detector.simulator.complaint_texts import COMPLAINT_TEXTS
from detector.simulator.effects import Effects, Span
from detector.simulator.fault import AlarmPattern, Fault, FaultKind
from detector.simulator.faults import FAULT_KINDS
from detector.simulator.topology import Network
from tests.contracts.fault_contract import MONDAY, FaultContract


class Interference(FaultKind):
    name = "interference"
    weight = 50.0
    scopes = ("site",)
    hours = (2, 4)
    alarm = AlarmPattern(0.9, "major", "Uplink interference")
    slows = True
    topic = "cut"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        share = span.inside * fault.severity
        effects.add("drop", span.periods, list(fault.cells), share)
        effects.speed[span.periods, list(fault.cells)] *= (1 - 0.7 * span.inside)[:, None]


KIND = Interference()


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAULT_KINDS, "interference", KIND)  # the one entry


class TestInterference(FaultContract):
    @pytest.fixture
    def kind(self) -> FaultKind:
        return KIND


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_dataset_with_it_has_its_truth_its_alarms_its_sufferers_and_what_they_say(tmp_path: Path) -> None:
    scenario = Scenario(cells=60, days=2, seed=5, start=MONDAY, fault_rate=1500.0, subscribers_per_cell=30)
    simulate(tmp_path, scenario)
    own = {row["fault_id"] for row in rows(tmp_path / "truth.csv") if row["kind"] == "interference"}
    assert own
    assert all(row["customer_affecting"] == "1" for row in rows(tmp_path / "truth.csv") if row["fault_id"] in own)
    alarms = [row for row in rows(tmp_path / "alarms.csv") if row["alarm_id"].removeprefix("al-") in own]
    assert {(row["severity"], row["text"]) for row in alarms} == {("major", "Uplink interference")}
    assert own & {row["fault_id"] for row in rows(tmp_path / "truth_subscribers.csv")}
    cut = {text for texts in COMPLAINT_TEXTS.values() for text in texts["cut"]}
    assert cut & {row["text"] for row in rows(tmp_path / "contacts.csv")}
