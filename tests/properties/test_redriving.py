"""Whatever happens to an incident and its receivers, each of them is told in order, and in the end what is true."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from detector.delivery.signing import demo_secret
from detector.domain.alert import Alert, alert_key
from detector.domain.customer import Customers
from detector.domain.errors import Transient
from detector.domain.policy import CarePolicy
from detector.domain.transport import Answer
from detector.store import Store, tables
from detector.store.database import Database
from detector.store.migrate import migrate
from jobs.push import FinalCheck, Relay
from jobs.redrive import redrive
from tests.lengths import examples
from tests.receiving import signed_receiver

START, TTL_S, INCIDENT = 1_774_339_200, 6 * 3600, "inc_1"
NAMES = ("desk", "mobile")
STEPS = st.sampled_from(
    [
        *(("answers", name, mood) for name in NAMES for mood in ("takes", "busy", "refuses", "lost")),
        ("update",),
        ("resolve",),
        ("withdraw",),
        ("reopen",),
        *(("push", wait) for wait in (1, 3600, 40_000)),
        ("redrive", None),
        ("redrive", "desk"),
    ]
)


class World:
    """One incident, two receivers in memory, the real outbox and relay."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, START
        self.mood = dict.fromkeys(NAMES, "takes")
        self.got: dict[str, list[dict]] = {name: [] for name in NAMES}
        self.bodies: dict[tuple[str, str], set[bytes]] = {}
        self.state, self.version = "", 0
        reference = SimpleNamespace(customers=Customers(), operator=SimpleNamespace(country="", timezone="UTC"))
        source = SimpleNamespace(reference=lambda _now: reference)
        receivers = {name: signed_receiver(name, f"https://{name}.example/", demo_secret(name)) for name in NAMES}
        self.relay = Relay(
            store=store,
            transport=self,
            receivers=receivers,
            final_check=FinalCheck(store=store, feeds=source, source_uri="/precall", care_policy=CarePolicy()),
            max_attempts=2,
        )
        with store.begin() as connection:
            for table in (tables.outbox, tables.incident, tables.receiver_state):
                connection.execute(delete(table))
            row = {"incident_id": INCIDENT, "started_at": START, "opened_at": START, "updated_at": START, "version": 1}
            row |= {"degradation_ids": [], "cells": [], "reason": "", "state": "open"}
            connection.execute(insert(tables.incident).values(**row))
        self.tell("opened")

    def send(self, request, route):
        """The transport: the receiver of this address, in its mood."""
        name, key = request.url.removeprefix("https://").partition(".")[0], request.headers["webhook-id"]
        self.bodies.setdefault((name, key), set()).add(request.body)
        mood = self.mood[name]
        if mood in ("takes", "lost"):
            self.got[name].append(json.loads(request.body) | {"key": key})
        if mood == "lost":  # it took the alert, and its answer never came
            raise Transient("no answer in time")
        return Answer({"takes": 204, "refuses": 400, "busy": 503}[mood])

    def cancel(self):
        raise AssertionError("nobody stops")

    def tell(self, type_: str, to: list[str] | None = None, *, state: str = "open") -> None:
        """What an assessment does: the incident as it stands, and an alert of it."""
        self.version += 1
        self.state = type_
        with self.store.begin() as connection:
            connection.execute(update(tables.incident).values(state=state))
            sequence = self.store.outbox.sequence(connection, INCIDENT) + 1
            key = alert_key(INCIDENT, type_, sequence)
            data = {"version": self.version}
            alert = Alert(
                key=key,
                incident_id=INCIDENT,
                type=type_,
                sequence=sequence,
                severity="major",
                time=self.now,
                expires_at=self.now + TTL_S,
                data=data,
            )
            self.store.outbox.add(connection, alert, NAMES if to is None else to, float(self.now))

    def take(self, step: tuple) -> None:
        match step:
            case ("answers", name, mood):
                self.mood[name] = mood
            case ("update",) if self.state in ("opened", "updated"):
                self.tell("updated")
            case ("resolve",) if self.state in ("opened", "updated"):
                self.tell("resolved", state="resolved")
            case ("reopen",) if self.state == "resolved":
                self.tell("updated")
            case ("withdraw",) if self.state in ("opened", "updated"):
                with self.store.begin() as connection:
                    notified = self.store.outbox.withdraw(connection, INCIDENT, float(self.now))
                    connection.execute(update(tables.incident).values(state="resolved"))
                self.tell("resolved", notified, state="resolved") if notified else None
                self.state = "withdrawn"
            case ("push", wait):
                self.push(wait)
            case ("redrive", name):
                redrive(self.store, float(self.now), float(self.now), name)

    def push(self, wait: int) -> None:
        self.now += wait
        for name in NAMES:
            self.relay.push(event_now=self.now, wall_now=self.now, receiver=name)

    def heal(self) -> None:
        """Every receiver takes again, the operator redrives, and time passes, shorter than an alert lives."""
        self.mood = dict.fromkeys(NAMES, "takes")
        for _ in range(3):
            redrive(self.store, float(self.now), float(self.now))
            for _ in range(4):
                self.push(2000)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("redriving")
    database = Database(f"sqlite:///{root / 'precall.db'}")
    migrate(database)
    yield Store(root, database, [], b"")
    database.close()


@settings(max_examples=examples(25, 250))
@given(steps=st.lists(STEPS, max_size=14))
def test_in_order_one_body_for_each_key_and_in_the_end_what_is_true(store, steps):
    world = World(store)
    for step in steps:
        world.take(step)
    world.heal()
    assert all(len(bodies) == 1 for bodies in world.bodies.values()), "no webhook-id ever had two bodies"
    order = {m.key: m.sequence for m in store.outbox.messages()}
    over = world.state in ("resolved", "withdrawn")
    for got in world.got.values():
        sequences = [order[one["key"]] for one in got]
        news = [n for at, n in enumerate(sequences) if n not in sequences[:at]]
        assert news == sorted(news), "later alerts come later"
        assert sequences == sorted(sequences), "what is sent again is the latest"
        kinds = [one["type"].split(".")[2] for one in got]
        if not over:
            assert got, "an incident that goes on is known to every receiver"
            assert kinds[-1] in ("opened", "updated")
            assert got[-1]["data"]["version"] == world.version
        elif got and world.state == "resolved":
            assert kinds[-1] == "resolved"
            assert got[-1]["data"]["version"] == world.version
        elif got:
            assert kinds[-1] == "resolved"
        assert "opened" not in kinds[next((at for at, kind in enumerate(kinds) if kind != "opened"), len(kinds)) :]
