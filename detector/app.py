"""The composition root: the only place that wires."""

import json
import os
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from detector.clock import WallClock
from detector.delivery import Receiver
from detector.domain.errors import Misconfigured, PrecallError
from detector.domain.finding import Findings
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser

if TYPE_CHECKING:
    from detector.domain.ports import Clock, Source, Transport
    from detector.kpis import Catalogue
    from detector.store import Store
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
        "identity": secrets.token_hex(32), "token": secrets.token_urlsafe(24),
        "vault": urlsafe_b64encode(secrets.token_bytes(32)).decode(),  # a key of Fernet
        "webhook": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
    }  # fmt: skip
    try:
        if not path.exists():
            _keep(path, json.dumps(made, indent=2) + "\n")
        held = json.loads(path.read_text(encoding="utf-8"))
        if lost := sorted(made.keys() - held):
            raise ValueError(f"{', '.join(lost)} is missing")
        made |= held
        identity = bytes.fromhex(settings.storage.identity_key or made["identity"])
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(str(error), where=str(path), mend="restore the key file from your backup") from error
    vault = (settings.storage.vault_key or made["vault"]).encode()
    return Keys(identity, vault, settings.web.token or made["token"], made["webhook"])


def _keep(path: Path, text: str) -> None:
    """A file for its owner alone that appears whole; one that another process has made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.touch(mode=0o600)
    try:
        part.write_text(text, encoding="utf-8")
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)


@dataclass
class House:
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

        database = Database(self.settings.database_url)
        migrate(database)
        storage = self.settings.storage
        before = [key.encode() for key in storage.previous_vault_keys]
        return Store(storage.path, database, lambda: self.catalogue.computed, self.keys.vault, before)

    @cached_property
    def source(self) -> "Source":
        return _source(self.settings, self.pseudonymiser)

    @cached_property
    def transport(self) -> "Transport":
        from detector.delivery import HttpTransport

        return HttpTransport(WallClock(), timeout_s=self.settings.delivery.timeout_s)

    @cached_property
    def telemetry(self) -> "Telemetry":
        from detector.telemetry import Telemetry

        return Telemetry()

    def open(self) -> None:
        """Open everything now. Raises Misconfigured or Transient."""
        self.store.open()
        _ = self.source, self.transport, self.telemetry

    def close(self) -> None:
        if "store" in vars(self):
            self.store.database.close()


def read_catalogue(path: Path) -> "Catalogue":
    """The KPI catalogue; Misconfigured names the file and the key."""
    from detector.kpis import load_catalogue

    try:
        return load_catalogue(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(str(error), where=str(path), mend="name an existing KPI catalogue") from error


def wire(settings: Settings, *, clock: "Clock | None" = None, receivers: Sequence[Receiver] | None = None) -> House:
    """The house of these settings, with keys loaded and nothing else opened. Raises Misconfigured."""
    keys = load_keys(settings)
    heard = configured(settings) if receivers is None else receivers
    return House(settings, keys, names_of(settings, keys), clock or WallClock(), heard)


def open_house(settings: Settings, *, clock: "Clock | None" = None, receivers: Sequence[Receiver] | None = None) -> House:
    """The daemon's house: database migrated, folders made, everything opened. Raises Misconfigured or Transient."""
    house = wire(settings, clock=clock, receivers=receivers)
    house.open()
    return house


def names_of(settings: Settings, keys: Keys) -> Pseudonymiser:
    """The present pseudonyms, and those of earlier keys. Raises Misconfigured for a key or a version that cannot be."""
    storage, where = settings.storage, "storage.previous_identity_keys"
    versions = [version for version, _ in storage.previous_identity_keys]
    if len({*versions, storage.identity_version}) <= len(versions):
        raise Misconfigured("a version stands twice", where=where, mend="give every new key a version of its own")
    try:
        before = [Pseudonymiser(bytes.fromhex(key), version) for version, key in storage.previous_identity_keys]
    except ValueError as error:
        raise Misconfigured("a key is not hexadecimal", where=where, mend="write it as [[1, 'hex']]") from error
    return Pseudonymiser(keys.identity, storage.identity_version, before)


def _source(settings: Settings, pseudonymiser: Pseudonymiser) -> "Source":
    """The watched folder, made if it is not there."""
    from detector.sources.registry import open_source

    try:
        settings.sources.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where, mend = f"sources.path: {settings.sources.path}", "name a folder that can be read and written"
        raise Misconfigured(error.strerror or str(error), where=where, mend=mend) from error
    sources, quarantine = settings.sources, settings.storage.path / "quarantine"
    return open_source(
        sources.kind, sources.path, pseudonymiser, quarantine, wall=WallClock(), settle_s=sources.settle_s
    )  # fmt: skip


def configured(settings: Settings) -> list[Receiver]:
    """The receivers of the settings."""
    return [Receiver(r.name, r.url, r.secrets, r.format, r.min_severity, r.teams) for r in settings.receivers]


def check(settings: Settings) -> list[str]:
    """What is wrong with config, source, database and receivers, each in one line; empty = nothing."""
    try:
        house = open_house(settings)
    except PrecallError as error:
        return [str(error)]
    findings = Findings()
    problems = [*_source_problems(house, findings), *_receiver_problems(house.receivers)]
    problems += [f"{f.where}: {f.code}: {f.example} (x {f.count})" for f in findings]
    house.close()
    return problems


def _source_problems(house: House, findings: Findings) -> Iterator[str]:
    """What the watched folder lacks, and what its tables say that cannot be."""
    path = house.settings.sources.path
    try:
        topology = house.source.reference(house.clock.now(), findings).topology
    except PrecallError as error:
        yield str(error)
        return
    if not topology.cells:
        yield f"{path}: no cells; put a cells.csv there, see docs/how-to/connect-your-network.md"


def _receiver_problems(receivers: Sequence[Receiver]) -> Iterator[str]:
    """Addresses, secrets and formats that could never work; nothing is sent."""
    from detector.delivery import check_url, format_named, signed_headers

    if not receivers:
        yield "receivers: none configured; alerts are kept, but nobody is told"
    for receiver in receivers:
        try:
            check_url(receiver.url)
            format_named(receiver.format)
            signed_headers("check", b"", receiver.secrets, wall_now=0.0)
        except PrecallError as error:
            yield f"receiver '{receiver.name}': {error}"
