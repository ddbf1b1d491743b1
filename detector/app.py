"""The composition root: the only place that wires."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from detector.clock import WallClock
from detector.delivery import Receiver, receiver_of
from detector.domain.errors import Misconfigured, PrecallError
from detector.domain.finding import Findings
from detector.keys import Keys, check_keys, load_keys, names_of
from detector.rights import narrow, private_umask, too_wide
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

__all__ = ["App", "Keys", "build_app", "check", "configured", "load_keys", "names_of", "read_catalogue", "wire"]


@dataclass
class App:
    """Everything wired, nothing running. What is not asked for is not opened and not imported."""

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
        """What the first feed says that says anything; no feed is opened."""
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
    heard = configured(settings) if receivers is None else receivers
    return App(settings, keys, names_of(settings, keys), clock or WallClock(), heard)


def build_app(settings: Settings, *, clock: "Clock | None" = None, receivers: Sequence[Receiver] | None = None) -> App:
    """The app of the daemon: database migrated, folders made, everything opened. Raises Misconfigured or Transient."""
    app = wire(settings, clock=clock, receivers=receivers)
    narrow(settings.storage.path, settings.inboxes.values(), deep=True)
    app.open()
    return app


def configured(settings: Settings) -> list[Receiver]:
    """The receivers of the settings."""
    return [receiver_of(entry) for entry in settings.receivers]


def check(settings: Settings, *, served: bool = False) -> list[str]:
    """What keeps `precall run` from starting, or somebody from hearing of it, each in one line; empty = nothing. Everything
    that `run` opens is opened: catalogue, rules, keys, database, folders, tables, the port; receivers' addresses are looked
    up. `served`: a daemon of this store has the port already."""
    from detector.delivery import receiver_problems
    from detector.feedback.reading import words

    problems = [*_right_problems(settings), *_port_problems(settings, served)]
    problems += receiver_problems(configured(settings))
    try:
        words()
        app = wire(settings)
        app.open()
    except PrecallError as error:
        return list(dict.fromkeys([str(error), *problems]))
    findings = Findings()
    try:
        problems = [*_folder_problems(app), *_feed_problems(app, findings), *problems]
        problems += [f"{f.where}: {f.code}: {f.example} (x {f.count})" for f in findings]
    finally:
        app.close()
    return problems


def _right_problems(settings: Settings) -> Iterator[str]:
    """What others may read or write below `storage.path`."""
    root = settings.storage.path
    narrow(root, settings.inboxes.values(), deep=False)  # a folder made by hand is mended without a word
    wide = list(too_wide(root, settings.inboxes.values(), deep=True)) if root.is_dir() else []
    if wide:
        path, mode, _ = wide[0]
        others = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
        mend = "`precall run` makes them their owner's alone when it starts, or run chmod -R go= on them"
        yield f"storage.path: {path} ({mode:04o}){others}: open to other users of this machine; {mend}"


def _port_problems(settings: Settings, served: bool) -> Iterator[str]:
    """A port that cannot be had, a token that opens nothing."""
    from detector.listening import listen
    from detector.web.access import Access  # heavy, and only asked for here

    try:
        Access(settings.web.token or load_keys(settings).token)
        if not served:
            listen(settings.web.host, settings.web.port).close()
    except PrecallError as error:
        yield str(error)


def _folder_problems(app: App) -> Iterator[str]:
    """Folders that cannot be written, or not be read."""
    kept = app.settings.storage.path
    try:
        with TemporaryFile(dir=kept):
            pass
    except OSError as error:
        yield f"storage.path: {kept}: {error.strerror or error}; name a folder that can be written"
    for key, watched in app.settings.inboxes.items():
        try:
            next(watched.iterdir(), None)
        except OSError as error:
            yield f"{key}: {watched}: {error.strerror or error}; name a folder that can be read"


def _feed_problems(app: App, findings: Findings) -> Iterator[str]:
    """What the feeds lack, and what their tables say that cannot be."""
    feeds, now = app.feeds, app.clock.now()
    try:
        topology = feeds.reference(now, findings).topology
        for one in (feeds.contacts, feeds.surveys, feeds.events):
            feeds.everything(one, now, findings)
    except PrecallError as error:
        yield str(error)
        return
    told_apart = bool(app.settings.feeds)
    path = app.settings.sources.path
    if not topology.cells:
        yield f"{'feeds' if told_apart else path}: no cells; put a cells.csv there, see docs/how-to/connect-your-network.md"
        return
    from jobs.sampling import sample

    reference = feeds.reference(now)
    feeds.files(0.0, now)  # the first of two looks: what has not changed since is complete
    for feed in feeds.counters:
        where = f"feed '{feed.name}'" if told_apart else f"{path / 'counters'}"
        try:
            if not feed.files(0.0, now):
                yield f"{where}: no counter files have come yet"
        except PrecallError as error:
            yield f"{where}: {error}"
    where = "feeds" if told_apart else f"{path / 'counters'}"
    seen = sample(feeds, app.catalogue, reference, findings, now=now)
    if seen.there and not seen.kpis:
        yield f"{where}: nothing is measured: no KPI can be computed from the newest {seen.files} files"
    elif seen.there and seen.little:
        yield (
            f"{where}: little is measured: {seen.measured} of {seen.objects} cells and core functions have "
            f"counters in the newest {seen.files} files"
        )
