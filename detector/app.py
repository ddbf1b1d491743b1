"""The composition root: the only place that wires."""

import json
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from detector.clock import WallClock
from detector.delivery import HttpTransport, Receiver
from detector.domain.errors import Misconfigured, PrecallError
from detector.domain.ports import Clock, Source, Transport
from detector.kpis import Catalogue, load_catalogue
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.sources.registry import open_source
from detector.store import Store
from detector.store.database import Database
from detector.store.migrate import migrate
from detector.telemetry import Telemetry


@dataclass(frozen=True)
class Keys:
    """Secrets of this installation; made at the first start, kept in `keys.json`, readable by its owner alone."""

    identity: bytes
    vault: bytes
    token: str
    webhook: str


def load_keys(settings: Settings) -> Keys:
    """The configured keys, and for those left empty the ones under `storage.path`.

    Raises Misconfigured for a key file that cannot be used.
    """
    path = settings.storage.path / "keys.json"
    made = {
        "identity": secrets.token_hex(32), "vault": Fernet.generate_key().decode(), "token": secrets.token_urlsafe(24),
        "webhook": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
    }  # fmt: skip
    try:
        if path.exists():
            made |= json.loads(path.read_text(encoding="utf-8"))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        identity = bytes.fromhex(settings.storage.identity_key or made["identity"])
    except (OSError, ValueError) as error:
        raise Misconfigured(str(error), where=str(path), mend="restore the key file from your backup") from error
    vault = (settings.storage.vault_key or made["vault"]).encode()
    return Keys(identity, vault, settings.web.token or made["token"], made["webhook"])


@dataclass
class House:
    """Everything wired, nothing running."""

    settings: Settings
    keys: Keys
    catalogue: Catalogue
    pseudonymiser: Pseudonymiser
    source: Source
    store: Store
    clock: Clock
    transport: Transport
    receivers: Sequence[Receiver]
    telemetry: Telemetry = field(default_factory=Telemetry)

    def close(self) -> None:
        self.store.database.close()


def read_catalogue(path: Path) -> Catalogue:
    """The KPI catalogue; Misconfigured names the file and the key."""
    try:
        return load_catalogue(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(str(error), where=str(path), mend="name an existing KPI catalogue") from error


def open_house(settings: Settings, *, clock: Clock | None = None, receivers: Sequence[Receiver] | None = None) -> House:
    """Wire the daemon's house: database migrated, folders made, keys loaded. Raises Misconfigured or Transient."""
    keys = load_keys(settings)
    catalogue = read_catalogue(settings.sources.kpis)
    pseudonymiser = Pseudonymiser(keys.identity, settings.storage.identity_version)
    database = Database(settings.database_url)
    migrate(database)
    store = Store(settings.storage.path, database, catalogue.computed, keys.vault)
    transport = HttpTransport(WallClock(), timeout_s=settings.delivery.timeout_s)
    return House(
        settings, keys, catalogue, pseudonymiser, _source(settings, pseudonymiser), store, clock or WallClock(),
        transport, configured(settings) if receivers is None else receivers,
    )  # fmt: skip


def _source(settings: Settings, pseudonymiser: Pseudonymiser) -> Source:
    """The watched folder, made if it is not there."""
    settings.sources.path.mkdir(parents=True, exist_ok=True)
    sources, quarantine = settings.sources, settings.storage.path / "quarantine"
    return open_source(
        sources.kind, sources.path, pseudonymiser, quarantine, wall=WallClock(), settle_s=sources.settle_s
    )  # fmt: skip


def configured(settings: Settings) -> list[Receiver]:
    """The receivers of the settings."""
    return [Receiver(r.name, r.url, r.secrets, r.format, r.min_severity, r.teams) for r in settings.receivers]


def check(settings: Settings) -> list[str]:
    """What is wrong with config, source, database and receivers, each in one line; empty = nothing."""
    problems: list[str] = []
    try:
        house = open_house(settings)
    except PrecallError as error:
        return [str(error)]
    if not (settings.sources.path / "cells.csv").exists():
        problems.append(f"sources.path: {settings.sources.path} has no cells.csv; put one there, see docs/reference")
    if not settings.receivers:
        problems.append("receivers: none configured; alerts are kept but nobody is told")
    house.close()
    return problems
