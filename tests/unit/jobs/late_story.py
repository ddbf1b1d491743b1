"""Timelines in which what a tick showed is corrected later: the words are those of tests/unit/incidents/story.py."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.operations import Operations
from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick, utc
from detector.kpis import Catalogue
from detector.store import Store
from detector.store.database import Database
from jobs import models
from jobs.decide import TickDecider
from jobs.ledger import no_checkpoint
from jobs.score import TickScorer
from tests.tables import at
from tests.unit.incidents.story import KPIS, evidence, network

QUARTER = 900


CATALOGUE = Catalogue(KPIS, hash="story")


@dataclass(kw_only=True)
class LateStory:
    """A store in which ticks are decided as they come, by evidence in words; `correct` changes what one showed."""

    root: Path
    sites: int = 6
    operations: Operations = field(default_factory=Operations)
    words: dict[int, dict[str, str]] = field(default_factory=dict)
    versions: Counter[int] = field(default_factory=Counter)
    now: int = 0
    duration_s: int = QUARTER

    def __post_init__(self) -> None:
        self.database = Database(f"sqlite:///{self.root}/story.db")
        self.database.create()
        self.store = Store(self.root, self.database, KPIS, Fernet.generate_key())
        self.topology = network(self.sites)
        self.objects = (*self.topology.cells, *self.topology.functions)

    def tell(self, table: str) -> "LateStory":
        header, *rows = [[c.strip() for c in line.split("|")] for line in table.strip().splitlines()]
        for start, *words in rows:
            self.shows(at(start), dict(zip(header[1:], words, strict=True)))
            self.decide(at(start) + self.duration_s + 300)
        return self

    def correct(self, when: str, changes: Mapping[str, Mapping[str, str]]) -> "LateStory":
        """At this moment it turns out what these ticks really showed."""
        for start, words in changes.items():
            self.shows(at(start), self.words.get(at(start), {}) | dict(words))
        self.decide(at(when))
        return self

    def shows(self, start: int, words: Mapping[str, str]) -> None:
        """This is the evidence of the tick from now on."""
        tick = Tick(start, self.duration_s)
        self.words[start] = dict(words)
        self.versions[start] += 1
        models.save_evidence(self.store, self.catalogue, evidence(tick, dict(words), self.objects))
        with self.store.begin() as connection:
            self.store.ticks.add_pending(connection, "decide", tick, self.versions[start])

    def decide(self, now: int, checkpoint: Any = no_checkpoint) -> None:
        """Everything that is owed, at this clock."""
        self.now = max(now, self.now)
        deciding = self.deciding(checkpoint)
        deciding.again()
        list(deciding.forward())

    def deciding(self, checkpoint: Any = no_checkpoint) -> TickDecider:
        reference = Reference(topology=self.topology, operations=self.operations)
        scoring = TickScorer(self.store, reference, self.catalogue, DetectionPolicy(), self.now, checkpoint)
        return TickDecider(scoring, IncidentPolicy())

    @property
    def catalogue(self) -> Any:
        return CATALOGUE

    @property
    def degradations(self) -> list[Degradation]:
        """Those that stand."""
        return [d for d in self.store.degradations.all() if d.withdrawn_at is None]

    @property
    def incidents(self) -> list[Incident]:
        """Those that stand, oldest first."""
        return [i for i in reversed(self.store.incidents.all()) if i.withdrawn_at is None]

    @property
    def outcome(self) -> list[tuple[object, ...]]:
        """What is so in the end, whenever it was found."""
        return sorted((d.degradation_id, d.kind, d.severity, d.started_at, d.cleared_at or 0) for d in self.degradations)

    def lines(self) -> list[str]:
        """The whole store, a line each."""
        return [*map(line_of, self.store.degradations.all()), *map(headline_of, reversed(self.store.incidents.all()))]


def line_of(d: Degradation) -> str:
    end = "" if d.cleared_at is None else f"-{clock(d.cleared_at)}"
    gone = f" withdrawn {clock(d.withdrawn_at)}" if d.withdrawn_at is not None else ""
    gone += ", replaced" if d.superseded_by else ""
    return f"{d.object_id} {d.kind} {clock(d.started_at)}{end} told {clock(d.detected_at)}{gone}"


def headline_of(i: Incident) -> str:
    gone = f" withdrawn {clock(i.withdrawn_at)}" if i.withdrawn_at is not None else ""
    return f"{i.root_kind.upper()} {i.root_id} {i.kind} {clock(i.opened_at)} {i.state} v{i.version}{gone}"


def clock(at: int) -> str:
    return f"{utc(at):%H:%M}"
