"""A site whose rows stop coming: the people behind it tell a reporting gap from an outage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.domain.degradation import Degradation
from detector.web import serializers
from jobs.commands.lookup import shown
from jobs.web_wiring import web_service_of
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import DELAY_S, HOUR, LIVE, QUARTER
from tests.acceptance.stalling_operator import StallingOperator, between

SITE1 = ("c00", "c01")
STOPPED, BACK = 4, 12
"""Live quarters: 13:00 and 15:00."""
SILENT = between(STOPPED, BACK, SITE1)
Place = Callable[[str, int], str]


def as_ever(cell: str, _hour: int) -> str:
    return cell


def gone(cell: str, hour: int) -> str:
    return "" if SILENT(cell, hour) else cell


def with_neighbours(cell: str, hour: int) -> str:
    return {"c00": "c02", "c01": "c03"}[cell] if SILENT(cell, hour) else cell


def back_at_two(cell: str, hour: int) -> str:
    return gone(cell, hour) if hour < LIVE + 2 * HOUR else cell


@pytest.fixture
def app_of(tmp_path: Path) -> Iterator[Callable[[Place | None, bool], SmallApp]]:
    opened: list[SmallApp] = []

    def make(people: Place | None, lost: bool) -> SmallApp:
        rules = {"power_lost": SILENT} if lost else {"silent": SILENT}
        StallingOperator(root=tmp_path / "operator", people=people, core=False, **rules).write()  # type: ignore[arg-type]
        opened.append(SmallApp(root=tmp_path))
        return opened[-1]

    yield make
    for app in opened:
        app.close()


def until(app: SmallApp, first: int, last: int) -> None:
    for quarter in range(first, last + 1):
        app.tick(LIVE + quarter * QUARTER + DELAY_S)
        app.tick(LIVE + quarter * QUARTER + DELAY_S + 600)


def of_site(app: SmallApp) -> list[Degradation]:
    return [d for d in app.store.degradations.all() if d.object_id in SITE1]


def asked(app: SmallApp, subscriber: str) -> dict[str, Any]:
    """What a caller is answered."""
    return dict(serializers.lookup(web_service_of(app.wired).lookup(subscriber, "test")))


def roots(app: SmallApp) -> list[tuple[str, str, str]]:
    return [(i.root_id, i.kind, i.state) for i in app.store.incidents.all()]


def test_people_as_ever_make_it_a_reporting_gap(app_of: Callable[..., SmallApp]) -> None:
    app = app_of(as_ever, False)
    until(app, 1, 7)
    assert {(d.kind, d.open, d.reporting_gap) for d in of_site(app)} == {("no_data", True, False)}
    possibly = asked(app, "p-c00-3")
    assert (possibly["answer"], possibly["since"]) == ("unknown", "2026-03-24T13:00:00Z")
    assert possibly["watch"]["basis"] == "silent"
    assert 0.05 <= possibly["watch"]["probability"] <= 0.1
    assert shown(possibly).startswith("possibly, data are missing since Tue 24 Mar, 13:00 UTC, 10 % likely")
    assert asked(app, "p-c07-3")["watch"] is None
    until(app, 8, 11)
    assert asked(app, "p-c00-3")["watch"] is None
    assert {(d.kind, d.open, d.reporting_gap) for d in of_site(app)} == {("no_data", False, True)}
    assert len(of_site(app)) == 2  # it is not raised again while nothing comes
    assert [f.where for f in app.store.findings.all() if f.code == "reporting_gap"] == ["s1"]
    until(app, 12, 13)
    assert roots(app) == []
    assert app.store.listings.all() == []


def test_people_who_moved_to_neighbours_make_it_an_outage(app_of: Callable[..., SmallApp]) -> None:
    app = app_of(with_neighbours, True)
    until(app, 1, 7)
    assert roots(app) == []
    until(app, 8, 9)
    assert {(d.kind, d.confirmed_by, d.started_at) for d in of_site(app)} == {
        ("outage", ("people",), LIVE + STOPPED * QUARTER)
    }
    assert roots(app) == [("s1", "outage", "open")]
    (incident,) = app.store.incidents.all()
    assert incident.started_at == LIVE + STOPPED * QUARTER
    assert "the people there are gone" in incident.reason
    listed = {row.subscriber for row in app.store.listings.all(incident_id=incident.incident_id, current=True)}
    assert len(listed) >= 20
    until(app, 10, 14)
    assert roots(app) == [("s1", "outage", "resolved")]


def test_people_who_come_back_before_the_data_do_end_the_outage(app_of: Callable[..., SmallApp]) -> None:
    app = app_of(back_at_two, True)
    until(app, 1, 11)
    assert roots(app) == [("s1", "outage", "open")]
    until(app, 12, 12)
    (incident,) = app.store.incidents.all()
    assert (incident.state, incident.ended_at) == ("resolved", LIVE + 2 * HOUR)
    assert not any(d.reporting_gap for d in of_site(app))


def test_without_attachments_it_stays_missing_data(app_of: Callable[..., SmallApp]) -> None:
    app = app_of(None, True)
    until(app, 1, 11)
    assert {(d.kind, d.open) for d in of_site(app)} == {("no_data", True)}
    assert roots(app) == []
