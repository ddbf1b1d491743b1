"""A burst is a finding once while it lasts, and none where trouble is known."""

from dataclasses import replace
from pathlib import Path

import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.contact_burst import Burst
from detector.domain.finding import Findings
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.operations import Maintenance, Operations
from detector.domain.policy import FeedbackPolicy
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.store import Store
from detector.store.database import Database
from jobs.contact_bursts import scan_bursts
from jobs.reporting import report
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import LIVE, write_reference

DAY, QUARTER = 86_400, 900
NOW = 1_774_000_800
NETWORK = Topology({f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n // 3}") for n in range(30)})
REFERENCE = Reference(topology=NETWORK)


@pytest.fixture
def store(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'precall.db'}")
    database.create()
    store = Store(tmp_path, database, (), b"9" * 43 + b"=")
    ordinary = [contact(f"o{n}", NOW - 20 * DAY + n * 5000, f"c{n % 30}", f"sub_{n}") for n in range(300)]
    with store.begin() as connection:
        store.interactions.add(connection, ordinary + [contact(f"k{n}", NOW - n * 60, "c4", f"sub_{n}") for n in range(9)])
    yield store
    database.close()


def contact(name: str, at: int, cell: str, who: str) -> Interaction:
    return Interaction(
        interaction_id=name, at=at, kind="contact", channel="call", subscriber=who, category="network", cell_id=cell
    )


def scan(store: Store, now: int, reference: Reference = REFERENCE) -> list[tuple[str, str]]:
    findings = Findings()
    scan_bursts(store, reference, FeedbackPolicy(), findings, floor=5, now=now)
    return [(f.code, f.where) for f in findings]


def test_it_is_reported_once_while_it_lasts(store: Store) -> None:
    assert scan(store, NOW + 60) == [("contact_burst", "site s1")]
    assert scan(store, NOW + 60 + QUARTER) == []
    assert [(one.place_id, one.contacts) for one in store.contact_bursts.all()] == [("s1", 9)]


def test_it_is_looked_for_once_in_a_quarter_of_an_hour(store: Store) -> None:
    scan(store, NOW - 60 * 60)
    assert scan(store, NOW - 60 * 60 + QUARTER - 1) == []


def test_a_known_incident_explains_it(store: Store) -> None:
    one = Incident(
        incident_id="inc_1",
        root_kind="site",
        root_id="s1",
        kind="outage",
        started_at=NOW - 3600,
        opened_at=NOW - 3000,
        severity="major",
        degradation_ids=(),
        cells=("c3", "c4", "c5"),
        reason="",
    )
    with store.begin() as connection:
        store.incidents.save(connection, (one,))
    assert scan(store, NOW + 60) == []


@pytest.mark.parametrize(("status", "expected"), [("active", []), ("cancelled", [("contact_burst", "site s1")])])
def test_works_explain_it_unless_they_were_cancelled(store: Store, status: str, expected: list[tuple[str, str]]) -> None:
    works = Maintenance("site", "s1", Window(NOW - 3600, NOW + 3600), status=status)
    reference = replace(REFERENCE, operations=Operations(maintenance=(works,)))
    assert scan(store, NOW + 60, reference) == expected


def test_the_reports_of_perception_and_risk_are_read_from_the_store(tmp_path: Path) -> None:
    write_reference(tmp_path / "operator")
    app = SmallApp(root=tmp_path)
    one = Burst(
        place_kind="site", place_id="s1", since=LIVE, until=LIVE + 600, contacts=9, people=8, expected=0.2, chance=1e-9
    )
    with app.store.begin() as connection:
        app.store.contact_bursts.replace(connection, [one])
        app.store.models.save_risk(connection, None, "3 complaints")
    perception, why = (report(name, app.feeds, app.store, app.settings, now=LIVE + 3600) for name in ("perception", "risk"))
    app.close()
    assert any(note.startswith("Burst: site s1, 9 contacts of 8 people") for note in perception.notes)
    assert "3 complaints" in why.notes[0]
