"""Every report of the registry keeps the contract of reports, and stands in the reference."""

from pathlib import Path

import pytest

from detector.domain.window import Window
from detector.reports import REPORTS, Past, ReportKind
from tests.contracts.report_contract import HOUR, ReportContract


class TestRegistry(ReportContract):
    @pytest.fixture(params=REPORTS.values(), ids=REPORTS.keys())
    def kind(self, request: pytest.FixtureRequest) -> ReportKind:
        found: ReportKind = request.param
        return found


@pytest.mark.parametrize("name", REPORTS)
def test_every_column_stands_in_the_reference(name):
    page = (Path(__file__).parents[2] / "docs/reference/reports.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    documented = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
    assert documented == [c.name for c in REPORTS[name].make(Past(window=Window(0, HOUR))).columns]
