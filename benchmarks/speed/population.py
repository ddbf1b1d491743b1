"""An operator's people for the benchmarks, of any size: tables of customers in an inbox, weeks of attachments in a store."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from detector.domain.degradation import Degradation, degradation_id
from detector.domain.exposure import Presence
from detector.domain.incident import Incident, incident_id
from detector.domain.window import Window
from detector.settings import Settings, load
from detector.sources.identity import Pseudonymiser
from detector.store import Store

START = 1_774_339_200
"""2026-03-24 08:00 UTC: the incident begins here."""
NOW = START + 1200
BAD_CELLS = 60
PEOPLE_PER_CELL = 40
HOUR_S = 3600
_TIERS = ("consumer", "family", "enterprise")


@dataclass
class People:
    """`subscribers` with a home and a work cell each, and `attachments` rows of theirs in the `hours` before START."""

    subscribers: int
    attachments: int
    hours: int = 28 * 24

    @property
    def past(self) -> Window:
        return Window(START - self.hours * HOUR_S, START)

    @cached_property
    def names(self) -> Pseudonymiser:
        return Pseudonymiser(b"0" * 32, 1)

    @cached_property
    def cells(self) -> tuple[str, ...]:
        return tuple(f"c{i:05d}" for i in range(max(BAD_CELLS, self.subscribers // PEOPLE_PER_CELL)))

    @staticmethod
    def raw(number: int) -> str:
        return f"49170{number:08d}"

    def write_tables(self, inbox: Path) -> None:
        """Families of four, every tenth person with a withdrawal, nine in ten with a consent."""
        inbox.mkdir(parents=True, exist_ok=True)
        numbers = range(self.subscribers)
        rows = (
            f"{self.raw(i)},f{i // 4},{'business' if i % 9 == 0 else 'consumer'},{i % 50 == 0:d},sms,en" for i in numbers
        )
        _write(inbox / "subscribers.csv", "subscriber_id,account_id,segment,vip,preferred_channel,language", rows)
        firms = (f"f{i},{_TIERS[i % 3]},gold" for i in range(self.subscribers // 4 + 1))
        _write(inbox / "accounts.csv", "account_id,kind,tier", firms)
        _write(inbox / "consents.csv", "holder_kind,holder_id,purpose,channel,state,since", self._consents())
        cells = (f"{name},LTE,s{name[:-1]}" for name in self.cells)
        _write(inbox / "cells.csv", "cell_id,technology,site_id", cells)

    def _consents(self) -> Iterator[str]:
        for i in range(self.subscribers):
            if i % 10:
                yield f"subscriber,{self.raw(i)},proactive_contact,any,granted,2026-01-05T00:00Z"
            else:
                yield f"subscriber,{self.raw(i)},network_care_analysis,any,withdrawn,2026-02-{1 + i % 28:02d}T00:00Z"

    def write_presence(self, store: Store) -> None:
        """As it would have arrived, hour by hour."""
        keys = np.array([self.names.subscriber(self.raw(i)) for i in range(self.subscribers)], dtype=object)
        rng = np.random.default_rng(self.subscribers)
        home, work = rng.integers(0, len(self.cells), (2, self.subscribers)).astype(np.int32)
        for hour in range(-self.hours, 0):
            begins = START + hour * HOUR_S
            with store.begin() as connection:
                rows, at = self._hour(rng, keys, (home, work), begins), begins + HOUR_S + 300
                store.presence.write(rows, at, connection, at + 1)

    def _hour(
        self, rng: np.random.Generator, keys: np.ndarray, places: tuple[np.ndarray, np.ndarray], begins: int
    ) -> Presence:
        count = self.attachments // self.hours
        who = rng.integers(0, self.subscribers, count)
        at_work = (8 <= begins // HOUR_S % 24 < 17) & (rng.random(count) < 0.7)
        there = np.where(at_work, places[1][who], places[0][who])
        there = np.where(rng.random(count) < 0.1, rng.integers(0, len(self.cells), count), there).astype(np.int32)
        people, number = np.unique(who, return_inverse=True)
        attempts = rng.poisson(4.0, count).astype(float)
        return Presence(
            subscribers=tuple(keys[people].tolist()),
            cells=self.cells,
            subscriber=number.astype(np.int32),
            cell=there,
            start=np.full(count, begins, np.int64),
            duration_s=np.full(count, HOUR_S, np.int32),
            seconds=rng.uniform(600, 3600, count),
            attempts=attempts,
            failures=rng.binomial(attempts.astype(int), 0.02).astype(float),
        )

    def incident(self, began: int = START) -> tuple[Incident, list[Degradation]]:
        """60 cells that fail a third of their set-ups, by default since a quarter of an hour."""
        bad = self.cells[:BAD_CELLS]
        found = [
            Degradation(
                degradation_id=degradation_id(c, "accessibility", began),
                object_id=c,
                family="accessibility",
                kpi="lte_rrc_sr",
                kind="accessibility",
                started_at=began,
                detected_at=NOW,
                severity="major",
                neg_log10_p=20.0,
                expected=0.99,
                observed=0.66,
                numerator=660.0,
                denominator=1000.0,
                excess=330.0,
                periods=1,
                duration_s=900,
            )
            for c in bad
        ]
        ids = tuple(d.degradation_id for d in found)
        incident = Incident(
            incident_id=incident_id(ids[0]),
            root_kind="edge",
            root_id="hub1",
            kind="accessibility",
            started_at=began,
            opened_at=NOW,
            severity="major",
            degradation_ids=ids,
            cells=bad,
            reason="measured for speed",
            updated_at=NOW,
            confidence=0.99,
        )
        return incident, found


def settings_of(root: Path) -> Settings:
    """An app below `root` that knows these people by the same pseudonyms; in `root`/my.toml for the command line, too."""
    identity = (b"0" * 32).hex()
    page = f"""[storage]
path = "{root}"
identity_key = "{identity}"
[sources]
kind = "dataset"
path = "{root}/inbox"
[web]
port = 0
"""
    (root / "my.toml").write_text(page, encoding="utf-8")
    return load(root / "my.toml")


def _write(path: Path, header: str, rows: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        file.writelines(row + "\n" for row in rows)
