"""A store in memory, for tests: the repositories of `store.protocols` over dictionaries, with transactions that roll
back."""

from typing import TYPE_CHECKING

from detector.store.memory.customers import (
    InMemoryCommunications,
    InMemoryExperience,
    InMemoryFeedback,
    InMemoryImpacts,
    InMemoryInteractions,
    InMemoryListings,
)
from detector.store.memory.network import InMemoryDegradations, InMemoryIncidents, InMemoryMissingData, InMemorySteps
from detector.store.memory.outbox import InMemoryAuditLog, InMemoryOutbox
from detector.store.memory.state import (
    InMemoryCounterNames,
    InMemoryCursors,
    InMemoryFeeds,
    InMemoryFindings,
    InMemoryModels,
    InMemoryPerIncident,
    InMemoryProgress,
)
from detector.store.memory.tables import Tables

if TYPE_CHECKING:
    from detector.store import Store
    from detector.store.protocols import StateStore


class InMemoryStore:
    """Implements `store.protocols.StateStore`."""

    def __init__(self) -> None:
        tables = Tables()
        self.begin = tables.begin
        self.incidents = InMemoryIncidents(tables, "incidents")
        self.degradations = InMemoryDegradations(tables, "degradations")
        self.impacts = InMemoryImpacts(tables, "impacts")
        self.listings = InMemoryListings(tables, "listings")
        self.cursors = InMemoryCursors(tables, "cursors")
        self.progress = InMemoryProgress(tables, "progress")
        self.findings = InMemoryFindings(tables, "findings")
        self.notifications = InMemoryPerIncident(tables, "notifications")
        self.waiting = InMemoryPerIncident(tables, "waiting")
        self.outlooks = InMemoryPerIncident(tables, "outlooks")
        self.feeds = InMemoryFeeds(tables, "feeds")
        self.counter_names = InMemoryCounterNames(tables, "counter_names")
        self.missing_data = InMemoryMissingData(tables, "missing_data")
        self.models = InMemoryModels(tables, "models")
        self.communications = InMemoryCommunications(tables, "communications")
        self.interactions = InMemoryInteractions(tables, "interactions")
        self.feedback = InMemoryFeedback(tables, "feedback")
        self.experience = InMemoryExperience(tables, "experience")
        self.outbox = InMemoryOutbox(tables, "outbox")
        self.audit = InMemoryAuditLog(tables, "audit")
        self.ticks = InMemorySteps(tables, "pending")


def conforming(memory: InMemoryStore, sql: "Store") -> "tuple[StateStore, StateStore]":
    """Both stores, as the protocols have them: the type checker fails here when one of them differs."""
    return memory, sql
