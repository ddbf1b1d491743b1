"""All state: SQL for what must be consistent, Parquet for KPI history and presence, arrays for the detector."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection

from detector.domain.kpi import Kpi
from detector.store.arrays import ArrayStore
from detector.store.audit import AuditLog
from detector.store.book import Book
from detector.store.communications import Communications
from detector.store.database import Database
from detector.store.decisions import Before, Decided, Decisions
from detector.store.erased import ErasedPeople
from detector.store.erasure import Erasure
from detector.store.experience import Experiences
from detector.store.history import KpiHistory
from detector.store.interactions import Interactions
from detector.store.notes import Notes
from detector.store.outbox import Message, Outbox
from detector.store.pieces import Pieces
from detector.store.presence import PresenceStore
from detector.store.quarantine import Quarantine
from detector.store.retention import Retention
from detector.store.ticks import Debt, Ticks
from detector.store.vault import Vault
from detector.store.verdicts import Verdicts

__all__ = ["Before", "Debt", "Decided", "Message", "Store"]


class Store:
    """The rooms of one store. `root` holds the files; the database is the one given, its tables ready."""

    def __init__(
        self,
        root: Path,
        database: Database,
        kpis: Sequence[Kpi],
        vault_key: bytes,
        earlier_vault_keys: Sequence[bytes] = (),
    ) -> None:
        self.root = root
        self.database = database
        self.ticks = Ticks(database)
        self.pieces = Pieces(database)
        self.history = KpiHistory(root / "kpi", database, kpis)
        self.presence = PresenceStore(root / "presence")
        self.arrays = ArrayStore(root / "state")
        self.book = Book(database)
        self.decisions = Decisions(database)
        self.outbox = Outbox(database)
        self.notes = Notes(database)
        self.interactions = Interactions(database)
        self.communications = Communications(database)
        self.experience = Experiences(database)
        self.verdicts = Verdicts(database)
        self.vault = Vault(database, vault_key, earlier_vault_keys)
        self.audit = AuditLog(database, root / "audit-waiting")
        self.retention = Retention(database)
        self.quarantine = Quarantine(root / "quarantine")
        self.erased = ErasedPeople(self.notes)
        self.erasure = Erasure(database, root, self.arrays)

    def begin(self) -> AbstractContextManager[Connection]:
        """One transaction over all tables."""
        return self.database.begin()
