"""What every report promises: columns and rows that fit, nobody named, nothing of a few people, the same twice.

`ReportContract` runs over the kinds that `kinds_of` gives: over the registry in test_reports.py, over its own one in any
module that adds a report.
"""

import json
from dataclasses import replace

import pytest

from detector.domain.cell import Cell, Topology
from detector.domain.communication import Communication
from detector.domain.customer import Account, Customers, Membership, Subscriber, SubscriberEvent
from detector.domain.experience import Experience
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.window import Window
from detector.reports import Past, ReportKind
from detector.reports.report import KINDS
from tests.listings import listing_of

MIDNIGHT, HOUR = 1_774_224_000, 3600  # Mon 23 March 2026, 00:00 UTC
FLOOR = 5


def past(people: int = 30) -> Past:
    """Two sites in two regions; `people` suffer from an outage at the first, one person of it from another at the second."""
    cells = {
        f"c{n}": Cell(
            cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", tac=f"t{n}", region=f"r{n}", vendor="v", software="1"
        )
        for n in (1, 2)
    }
    keys = [f"sub_{n:03d}" for n in range(people)]
    subscribers = {key: Subscriber(key=key, account="acc_1", segment="consumer") for key in keys}
    members = tuple(Membership("acc_1", key, "line") for key in keys)
    customers = Customers(subscribers, {"acc_1": Account("acc_1", "enterprise", "gold", "99.9", "team")}, members)
    outage = Incident(
        incident_id="inc_1",
        root_kind="site",
        root_id="s1",
        kind="outage",
        started_at=MIDNIGHT + 8 * HOUR,
        opened_at=MIDNIGHT + 8 * HOUR,
        severity="major",
        degradation_ids=(),
        cells=("c1",),
        reason="",
        state="resolved",
        resolved_at=MIDNIGHT + 10 * HOUR,
    )
    slow = replace(outage, incident_id="inc_2", root_id="s2", kind="integrity", cells=("c2",))
    listed = [
        listing_of(
            incident_id="inc_1",
            subscriber=key,
            account="acc_1",
            basis="present",
            probability=0.9,
            exposure_s=2.0 * HOUR,
            listed_at=MIDNIGHT + 9 * HOUR,
            degraded_s=3600.0,
        )
        for key in keys
    ]
    listed += [
        listing_of(
            incident_id="inc_2",
            subscriber=key,
            account="acc_1",
            basis="present",
            probability=0.8,
            exposure_s=HOUR,
            listed_at=MIDNIGHT + 9 * HOUR,
        )
        for key in keys[:1]
    ]
    contacts = [
        Interaction(
            interaction_id=f"k_{key}",
            at=MIDNIGHT + 9 * HOUR,
            kind="contact",
            channel="call",
            subscriber=key,
            category="network",
        )
        for key in keys[: people // 2]
    ]
    days = [
        Experience(
            day=MIDNIGHT,
            holder_kind="subscriber",
            holder=key,
            index=61.0,
            degraded_s=3600.0,
            failures=2.0,
            worst=0.9,
            incidents=1,
            trend=-39.0,
            by_harm={"coverage": 3600.0},
        )
        for key in keys
    ]
    days += [
        Experience(
            day=MIDNIGHT,
            holder_kind="account",
            holder="acc_1",
            index=70.0,
            degraded_s=3600.0 * people,
            failures=2.0,
            worst=0.9,
            incidents=1,
            trend=-30.0,
        )
        for _ in keys[:1]
    ]
    asked = [
        Communication(
            incident_id="inc_1", subscriber=key, recipient=key, at=MIDNIGHT + 9 * HOUR, action="data_boost", offer="data_1gb"
        )
        for key in keys
    ]
    return Past(
        window=Window(MIDNIGHT, MIDNIGHT + 7 * 24 * HOUR),
        timezone="UTC",
        floor=FLOOR,
        topology=Topology(cells),
        customers=customers,
        incidents=(outage, slow),
        listings=tuple(listed),
        interactions=tuple(contacts),
        experience=tuple(days),
        events=tuple(SubscriberEvent(key, MIDNIGHT + 20 * HOUR, "left") for key in keys[:2]),
        communications=tuple(asked),
        offers={"data_1gb": 2.0},
        expected_presence={"c1": 40.0, "c2": 40.0},
        withdrew=7,
    )


class ReportContract:
    """Derive from it, with a fixture `kind`."""

    def test_a_row_has_a_value_for_every_column_of_a_known_kind(self, kind: ReportKind) -> None:
        made = kind.make(past())
        assert {c.kind for c in made.columns} <= set(KINDS)
        assert len({c.name for c in made.columns}) == len(made.columns)
        assert all(len(row) == len(made.columns) for row in made.rows)
        assert made.title == kind.title
        json.dumps(made.records(), allow_nan=False)

    def test_of_nothing_there_is_nothing_to_say(self, kind: ReportKind) -> None:
        made = kind.make(Past(window=Window(0, HOUR)))
        assert made.columns
        assert not [row for row in made.records() if any(isinstance(v, int | float) and v for v in row.values())]

    def test_the_same_past_in_another_order_gives_the_same_report(self, kind: ReportKind) -> None:
        one = past()
        turned = replace(
            one,
            incidents=one.incidents[::-1],
            listings=one.listings[::-1],
            interactions=one.interactions[::-1],
            experience=one.experience[::-1],
            events=one.events[::-1],
            communications=one.communications[::-1],
        )
        assert kind.make(one) == kind.make(turned)

    def test_nobody_is_named(self, kind: ReportKind) -> None:
        one = past()
        said = json.dumps([kind.make(one).records(), kind.make(one).notes])
        assert not [key for key in one.customers.subscribers if key in said]

    @pytest.mark.parametrize("people", [1, FLOOR - 1])
    def test_nothing_is_shown_of_a_few_people(self, kind: ReportKind, people: int) -> None:
        made = kind.make(past(people))
        about = [c.name for c in made.columns if c.kind in ("people", "hours", "share", "index", "money")]
        reported = [(row, name) for row in made.records() for name in about if row[name] is not None]
        assert not reported

    def test_people_are_counted_in_steps_of_the_floor(self, kind: ReportKind) -> None:
        made = kind.make(past())
        people = [c.name for c in made.columns if c.kind == "people"]
        reported = [row[name] for row in made.records() for name in people if row[name] is not None]
        assert all(number % FLOOR == 0 for number in reported)
