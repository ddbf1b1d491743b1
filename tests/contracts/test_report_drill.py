"""A report is one file and one line of the registry: this module adds one, and everything that shows reports shows it."""

from collections import Counter

import pytest
from fastapi.testclient import TestClient

from detector.clock import MovingClock
from detector.domain.window import Window
from detector.reports import REPORTS, Column, Past, Report, ReportKind
from detector.reports.report import few, rounded_people
from detector.sources.identity import Pseudonymiser
from detector.sources.memory import InMemoryReference
from detector.store.memory import InMemoryStore
from detector.web import create_app
from detector.web.in_memory import InMemoryWebService
from detector.web.store_care_service import StoreCareService
from tests.contracts.report_contract import ReportContract

TOKEN = "a-token-of-this-test"
COLUMNS = (Column("kind", "Kind"), Column("incidents", "Incidents", "count"), Column("listed", "People listed", "people"))


def incident_kinds(past: Past) -> Report:
    """A row a kind of incident: how many, and how many people they list."""
    kinds = {one.incident_id: one.kind for one in past.incidents}
    incidents = Counter(kinds.values())
    listed = Counter(kinds[one.incident_id] for one in past.listings if one.incident_id in kinds)
    rows = [(kind, incidents[kind], rounded_people(listed[kind], past.floor)) for kind in sorted(incidents)]
    shown = [row for row in rows if not few(listed[row[0]], past.floor)]
    return Report("incident_kinds", REPORT.title, COLUMNS, tuple(shown))


REPORT = ReportKind(name="incident_kinds", title="Incidents by kind", make=incident_kinds, needs=("incidents", "listings"))


class TestDrill(ReportContract):
    @pytest.fixture
    def kind(self) -> ReportKind:
        return REPORT


def report_of_an_empty_past(name: str, /, *, now: int, window: Window, step: str) -> Report:
    return REPORTS[name].make(Past(window=window, step=step))


def test_api_and_pages_show_a_report_that_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REPORTS, REPORT.name, REPORT)  # type: ignore[arg-type]  # the line of the registry
    pseudonymiser = Pseudonymiser(b"0123456789abcdef")
    care = StoreCareService(
        InMemoryStore(), InMemoryReference("reference"), MovingClock(0), pseudonymiser, report_of_an_empty_past
    )
    app = create_app(InMemoryWebService(), care, token=TOKEN)
    client = TestClient(app, headers={"authorization": f"Bearer {TOKEN}"})
    assert REPORT.name in {one["name"] for one in client.get("/v1/reports").json()["reports"]}
    assert [one["name"] for one in client.get(f"/v1/reports/{REPORT.name}").json()["columns"]] == [
        "kind",
        "incidents",
        "listed",
    ]
    assert REPORT.title in client.get("/reports").text
    assert REPORT.title in client.get(f"/reports/{REPORT.name}").text
