"""All state: SQL for what must be consistent, Parquet for KPI history and presence, arrays for the detector."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from detector.domain.errors import Transient
from detector.domain.kpi import Kpi
from detector.store.atomic_write import make_folder
from detector.store.audit import AuditLog
from detector.store.communications import CommunicationRepository
from detector.store.cursors import CursorRepository, ProgressRepository
from detector.store.damage import Damage
from detector.store.database import Database
from detector.store.decisions import Decisions, MissingDataRepository
from detector.store.degradations import DegradationRepository
from detector.store.experience import ExperienceRepository
from detector.store.feed_states import CounterNameRepository, FeedStateRepository
from detector.store.feedback import FeedbackRepository
from detector.store.findings import FindingRepository
from detector.store.impacts import ImpactRepository, ListingRepository
from detector.store.incidents import IncidentRepository
from detector.store.interactions import InteractionRepository
from detector.store.notifications import NotificationRepository, OutlookRepository, WaitingRepository
from detector.store.outbox import Outbox
from detector.store.quarantine import Quarantine
from detector.store.receiver_states import ReceiverStateRepository
from detector.store.retention import Retention
from detector.store.service_state import DaemonLeaseRepository, KeyFingerprintRepository, SavedClockRepository
from detector.store.sessions import WebSessions
from detector.store.stored_files import StoredFiles
from detector.store.ticks import PendingTick, Ticks

if TYPE_CHECKING:
    from detector.store.arrays import ArrayStore
    from detector.store.erasure import Erasure
    from detector.store.history import KpiHistory
    from detector.store.learned_models import ContactBurstRepository, LearnedModelRepository
    from detector.store.presence import PresenceStore
    from detector.store.source_files import SourceFileRepository
    from detector.store.tombstones import TombstoneRepository
    from detector.store.vault import Vault

FOLDERS = ("quarantine", "kpi", "presence", "state", "audit-waiting")
"""Below `storage.path`, the quarantine first: what has taken another folder's place goes there."""
__all__ = ["PendingTick", "Store"]


class Store:
    """The repositories of one store. `root` holds the files; the database is the one given, its tables ready. `kpis`: those
    of the catalogue, or a function that reads it at the first use of the history.

    What needs DuckDB, arrays or the vault's key is made at its first use: a command that reads tables imports
    none of it.
    """

    def __init__(
        self,
        root: Path,
        database: Database,
        kpis: Sequence[Kpi] | Callable[[], Sequence[Kpi]],
        vault_key: bytes,
        earlier_vault_keys: Sequence[bytes] = (),
    ) -> None:
        self.root = root
        self.database = database
        self._kpis, self._vault_keys = kpis, (vault_key, earlier_vault_keys)
        self.ticks = Ticks(database)
        self.degradations = DegradationRepository(database)
        self.incidents = IncidentRepository(database)
        self.impacts = ImpactRepository(database)
        self.listings = ListingRepository(database)
        self.decisions = Decisions(database)
        self.missing_data = MissingDataRepository(database)
        self.outbox = Outbox(database)
        self.receiver_states = ReceiverStateRepository(database)
        self.cursors = CursorRepository(database)
        self.progress = ProgressRepository(database)
        self.notifications = NotificationRepository(database)
        self.waiting = WaitingRepository(database)
        self.outlooks = OutlookRepository(database)
        self.findings = FindingRepository(database)
        self.feeds = FeedStateRepository(database)
        self.counter_names = CounterNameRepository(database)
        self.daemon_leases = DaemonLeaseRepository(database)
        self.saved_clock = SavedClockRepository(database)
        self.key_fingerprints = KeyFingerprintRepository(database)
        self.interactions = InteractionRepository(database)
        self.communications = CommunicationRepository(database)
        self.experience = ExperienceRepository(database)
        self.feedback = FeedbackRepository(database)
        self.audit = AuditLog(database, root / "audit-waiting")
        self.sessions = WebSessions(database)
        self.retention = Retention(database)
        self.quarantine = Quarantine(root / "quarantine")
        self.stored = StoredFiles(root, database)
        self.damage = Damage(root, database)

    @cached_property
    def tombstones(self) -> "TombstoneRepository":
        from detector.store.tombstones import TombstoneRepository

        return TombstoneRepository(self.database)

    @cached_property
    def models(self) -> "LearnedModelRepository":
        from detector.store.learned_models import LearnedModelRepository

        return LearnedModelRepository(self.database)

    @cached_property
    def contact_bursts(self) -> "ContactBurstRepository":
        from detector.store.learned_models import ContactBurstRepository

        return ContactBurstRepository(self.database)

    @cached_property
    def source_files(self) -> "SourceFileRepository":
        from detector.store.source_files import SourceFileRepository

        return SourceFileRepository(self.database)

    @cached_property
    def history(self) -> "KpiHistory":
        from detector.store.history import KpiHistory

        kpis = self._kpis() if callable(self._kpis) else self._kpis
        return KpiHistory(self.root / "kpi", self.database, kpis, self.stored, self.damage)

    @cached_property
    def presence(self) -> "PresenceStore":
        from detector.store.presence import PresenceStore

        return PresenceStore(self.root / "presence", self.database, self.stored, self.damage)

    @cached_property
    def arrays(self) -> "ArrayStore":
        from detector.store.arrays import ArrayStore

        return ArrayStore(self.root / "state", self.damage)

    @cached_property
    def vault(self) -> "Vault":
        from detector.store.vault import Vault

        return Vault(self.database, *self._vault_keys)

    @cached_property
    def erasure(self) -> "Erasure":
        from detector.store.erasure import Erasure

        return Erasure(self.database, self.stored, self.arrays)

    def open(self) -> None:
        """Make everything now: before several threads use it, and so that an invalid key is an error at the start."""
        self.mend_folders()
        _ = self.tombstones, self.source_files, self.history, self.presence, self.arrays, self.vault, self.erasure

    def mend_folders(self) -> None:
        """Every folder of the store is there; what has taken its place, a file or a link that leads nowhere, is set aside.
        Raises Transient."""
        try:
            for name in FOLDERS:
                path = self.root / name
                if path.is_dir():
                    continue
                if path.exists() or path.is_symlink():
                    self.damage.clear(path)
                make_folder(path)
        except OSError as error:
            what, mend = error.strerror or str(error), "mend the folder; it is tried again"
            raise Transient(what, where=str(error.filename or self.root), mend=mend) from error

    def begin(self) -> AbstractContextManager[Connection]:
        """One transaction over all tables."""
        return self.database.begin()
