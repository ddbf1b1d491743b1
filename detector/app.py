"""The composition root: the only place that wires."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from detector.clock import WallClock
from detector.delivery import Receiver, receiver_of
from detector.domain.errors import Misconfigured
from detector.keys import Keys, check_keys, load_keys, names_of
from detector.rights import narrow, private_umask
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.toml_file import text_of

if TYPE_CHECKING:
    from detector.domain.ports import Clock, Operator
    from detector.domain.transport import Transport
    from detector.kpis import Catalogue
    from detector.sources.feeds import Feeds
    from detector.store import Store
    from detector.store.database import Database
    from detector.telemetry import Telemetry

__all__ = ["App", "Keys", "build_app", "configured", "load_keys", "names_of", "read_catalogue", "wire"]


@dataclass
class App:
    """Everything wired, nothing running. Parts are opened and imported at their first use."""

    settings: Settings
    keys: Keys
    pseudonymiser: Pseudonymiser
    clock: "Clock"
    receivers: Sequence[Receiver]

    @cached_property
    def catalogue(self) -> "Catalogue":
        return read_catalogue(self.settings.sources.kpis)

    @cached_property
    def store(self) -> "Store":
        """Over a database whose tables are brought to the present schema."""
        from detector.store import Store
        from detector.store.database import Database
        from detector.store.migrate import migrate

        database = Database(self.settings.database_url, self.settings.storage.limits)
        _check_not_empty(database, self.settings.storage.path)
        migrate(database)
        check_keys(self.settings, self.keys, database)
        storage = self.settings.storage
        before = [key.encode() for key in storage.previous_vault_keys]
        return Store(storage.path, database, lambda: self.catalogue.computed, self.keys.vault, before)

    @cached_property
    def feeds(self) -> "Feeds":
        """Open, and not yet read. Raises Misconfigured."""
        from detector.sources.registry import open_feeds

        settings = self.settings
        storage, of_sources = settings.storage.path, settings.sources.feed if settings.has_sources else None
        return open_feeds(settings.feeds, self.pseudonymiser, storage, of_sources=of_sources, wall=WallClock())

    @property
    def operator(self) -> "Operator":
        """The first feed's settings that are not empty; no feed is opened."""
        from detector.domain.ports import Operator

        of_sources = [self.settings.sources.feed] if self.settings.has_sources else []
        said = (feed.said_operator() for feed in (*of_sources, *self.settings.feeds))
        return next((one for one in said if one is not None), Operator())

    @cached_property
    def transport(self) -> "Transport":
        from detector.delivery import HttpTransport

        return HttpTransport(timeout_s=self.settings.delivery.timeout_s)

    @cached_property
    def telemetry(self) -> "Telemetry":
        from detector.telemetry import Telemetry

        return Telemetry()

    def open(self) -> None:
        """Open everything now. Raises Misconfigured or Transient."""
        self.store.open()
        _ = self.feeds, self.transport, self.telemetry

    def close(self) -> None:
        if "store" in vars(self):
            self.store.database.close()
        if "transport" in vars(self):
            from detector.delivery import HttpTransport

            if isinstance(self.transport, HttpTransport):
                self.transport.close()


def _check_not_empty(database: "Database", root: Path) -> None:
    """An empty database beside the history of a store has lost everything. Raises Misconfigured."""
    from detector.store.migrate import present

    if present(database) is None and any((root / "kpi").rglob("[!.]*.parquet")):
        mend = f"restore it from your backup, or move {root / 'kpi'} and {root / 'presence'} away to begin anew"
        raise Misconfigured("it is empty beside the files of a store", where="storage.database", mend=mend)


def read_catalogue(path: Path) -> "Catalogue":
    """The KPI catalogue; Misconfigured names the file and the key."""
    from detector.kpis import load_catalogue

    return load_catalogue(text_of(path, mend="name an existing KPI catalogue"), where=str(path))


def wire(settings: Settings, *, clock: "Clock | None" = None, receivers: Sequence[Receiver] | None = None) -> App:
    """The app of these settings, with keys loaded and nothing else opened. Raises Misconfigured."""
    private_umask()
    keys = load_keys(settings)
    known = configured(settings) if receivers is None else receivers
    return App(settings, keys, names_of(settings, keys), clock or WallClock(), known)


def build_app(settings: Settings, *, clock: "Clock | None" = None, receivers: Sequence[Receiver] | None = None) -> App:
    """The app of the daemon: database migrated, folders made, everything opened. Raises Misconfigured or Transient."""
    app = wire(settings, clock=clock, receivers=receivers)
    narrow(settings.storage.path, settings.inboxes.values(), deep=True)
    app.open()
    return app


def configured(settings: Settings) -> list[Receiver]:
    """The receivers of the settings."""
    return [receiver_of(entry) for entry in settings.receivers]
