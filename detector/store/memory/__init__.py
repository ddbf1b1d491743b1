"""A store in memory, for tests: the repositories of `store.protocols` over dictionaries, with transactions that roll
back."""

from detector.store.memory.network import MemoryDegradations, MemoryIncidents, MemoryMissingData, MemorySteps
from detector.store.memory.people import (
    MemoryCommunications,
    MemoryFeedback,
    MemoryImpacts,
    MemoryInteractions,
    MemoryListings,
)
from detector.store.memory.state import (
    MemoryCounterNames,
    MemoryCursors,
    MemoryFeeds,
    MemoryFindings,
    MemoryModels,
    MemoryPerIncident,
    MemoryProgress,
)
from detector.store.memory.tables import Tables


class InMemoryStore:
    """Implements `store.protocols.StateStore`."""

    def __init__(self) -> None:
        tables = Tables()
        self.begin = tables.begin
        self.incidents = MemoryIncidents(tables, "incidents")
        self.degradations = MemoryDegradations(tables, "degradations")
        self.impacts = MemoryImpacts(tables, "impacts")
        self.listings = MemoryListings(tables, "listings")
        self.cursors = MemoryCursors(tables, "cursors")
        self.progress = MemoryProgress(tables, "progress")
        self.findings = MemoryFindings(tables, "findings")
        self.notifications = MemoryPerIncident(tables, "notifications")
        self.waiting = MemoryPerIncident(tables, "waiting")
        self.outlooks = MemoryPerIncident(tables, "outlooks")
        self.feeds = MemoryFeeds(tables, "feeds")
        self.counter_names = MemoryCounterNames(tables, "counter_names")
        self.missing_data = MemoryMissingData(tables, "missing_data")
        self.models = MemoryModels(tables, "models")
        self.communications = MemoryCommunications(tables, "communications")
        self.interactions = MemoryInteractions(tables, "interactions")
        self.feedback = MemoryFeedback(tables, "feedback")
        self.ticks = MemorySteps(tables, "pending")
