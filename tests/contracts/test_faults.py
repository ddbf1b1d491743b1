"""The contract of simulated faults over every kind in the registry."""

import pytest

from detector.simulator.fault import FaultKind
from detector.simulator.faults import FAULT_KINDS
from tests.contracts.fault_contract import FaultContract

TRUTH = (
    "outage",
    "sleeping",
    "access",
    "setup",
    "drop",
    "handover",
    "throughput",
    "drift",
    "software",
    "core",
    "glitch",
)  # CONTRACTS.md section 1


class TestFaults(FaultContract):
    @pytest.fixture(params=FAULT_KINDS)
    def kind(self, request: pytest.FixtureRequest) -> FaultKind:
        return FAULT_KINDS[request.param]


def test_the_registry_names_the_kinds_of_the_contract() -> None:
    assert tuple(FAULT_KINDS) == TRUTH
    assert all(kind.name == name for name, kind in FAULT_KINDS.items())


def test_a_glitch_alone_affects_no_customer() -> None:
    assert [name for name, kind in FAULT_KINDS.items() if not kind.customer_affecting] == ["glitch"]
