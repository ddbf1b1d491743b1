"""The composition root: the only place that wires."""

import json
import os
import secrets
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from detector.clock import WallClock
from detector.delivery import HttpTransport, Receiver, check_url, format_named, signed_headers
from detector.domain.coverage import LITTLE
from detector.domain.errors import Misconfigured, PrecallError
from detector.domain.finding import Findings
from detector.domain.ports import Clock, Source, Transport
from detector.kpis import Catalogue, load_catalogue
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.sources.registry import open_source
from detector.store import Store
from detector.store.database import Database
from detector.store.migrate import migrate
from detector.telemetry import Telemetry
from jobs.sampling import sample


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
    pseudonymiser = names_of(settings, keys)
    database = Database(settings.database_url)
    migrate(database)
    before = [key.encode() for key in settings.storage.previous_vault_keys]
    store = Store(settings.storage.path, database, catalogue.computed, keys.vault, before)
    transport = HttpTransport(WallClock(), timeout_s=settings.delivery.timeout_s)
    return House(
        settings, keys, catalogue, pseudonymiser, _source(settings, pseudonymiser), store, clock or WallClock(),
        transport, configured(settings) if receivers is None else receivers,
    )  # fmt: skip


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


def _source(settings: Settings, pseudonymiser: Pseudonymiser) -> Source:
    """The watched folder, made if it is not there."""
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
    return [
        Receiver(r.name, r.url, r.secrets, r.format, r.min_severity, r.teams, audience=r.audience)
        for r in settings.receivers
    ]


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
        return
    reference = house.source.reference(house.clock.now())
    seen = sample(house.source, house.catalogue, reference, findings, now=house.clock.now())
    if not seen.there:
        yield f"{path / 'counters'}: no counter files have come yet"
    elif not seen.kpis:
        yield f"{path / 'counters'}: nothing is measured: no KPI can be computed from the newest {seen.files} files"
    elif seen.measured < LITTLE * seen.objects:
        yield (
            f"{path / 'counters'}: little is measured: {seen.measured} of {seen.objects} cells and core functions have "
            f"counters in the newest {seen.files} files"
        )


def _receiver_problems(receivers: Sequence[Receiver]) -> Iterator[str]:
    """Addresses, secrets and formats that could never work; nothing is sent."""
    if not receivers:
        yield "receivers: none configured; alerts are kept, but nobody is told"
    for receiver in receivers:
        try:
            check_url(receiver.url)
            format_named(receiver.format)
            signed_headers("check", b"", receiver.secrets, wall_now=0.0)
        except PrecallError as error:
            yield f"receiver '{receiver.name}': {error}"
