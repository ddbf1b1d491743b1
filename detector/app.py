"""The composition root: the only place that wires."""

import json
import os
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from detector.clock import WallClock
from detector.delivery import Receiver
from detector.domain.errors import Misconfigured, PrecallError
from detector.domain.finding import Findings
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.toml_file import text_of

if TYPE_CHECKING:
    from detector.domain.ports import Clock, Operator, Source, Transport
    from detector.kpis import Catalogue
    from detector.store import Store
    from detector.telemetry import Telemetry

_RESOLVED_WITHIN_S = 5.0
"""How long `check` waits for name servers."""


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
        if not isinstance(held, dict) or (lost := sorted(k for k in made if not isinstance(held.get(k), str))):
            raise ValueError(f"{', '.join(lost) if isinstance(held, dict) else 'everything'} is missing")
        made |= held
        identity = bytes.fromhex(made["identity"])
    except (OSError, ValueError) as error:
        raise Misconfigured(str(error), where=str(path), mend="restore the key file from your backup") from error
    if settings.storage.identity_key:
        identity = _hexadecimal(settings.storage.identity_key)
    vault = (settings.storage.vault_key or made["vault"]).encode()
    return Keys(identity, vault, settings.web.token or made["token"], made["webhook"])


def _hexadecimal(key: str) -> bytes:
    try:
        return bytes.fromhex(key)
    except ValueError as error:
        mend = "write 32 random bytes as 64 digits and letters a to f"
        raise Misconfigured("not hexadecimal", where="storage.identity_key", mend=mend) from error


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

    @property
    def operator(self) -> "Operator":
        """What operator.toml says, without the tables beside it."""
        from detector.sources.reference import read_operator

        return read_operator(self.settings.sources.path / "operator.toml")

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
        if "transport" in vars(self):
            from detector.delivery import HttpTransport

            if isinstance(self.transport, HttpTransport):
                self.transport.close()


def read_catalogue(path: Path) -> "Catalogue":
    """The KPI catalogue; Misconfigured names the file and the key."""
    from detector.kpis import load_catalogue

    return load_catalogue(text_of(path, mend="name an existing KPI catalogue"), where=str(path))


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
    from detector.sources.watch import Watching

    try:
        settings.sources.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where, mend = f"sources.path: {settings.sources.path}", "name a folder that can be read and written"
        raise Misconfigured(error.strerror or str(error), where=where, mend=mend) from error
    sources, quarantine = settings.sources, settings.storage.path / "quarantine"
    return open_source(
        sources.kind, sources.path, pseudonymiser, quarantine, wall=WallClock(),
        how=Watching(
            settle_s=sources.settle_s, patience_s=sources.incomplete_after_s, file_s=sources.file_budget_s,
            largest_bytes=int(sources.largest_file_mb * 2**20),
        ),
    )  # fmt: skip


def configured(settings: Settings) -> list[Receiver]:
    """The receivers of the settings."""
    return [
        Receiver(r.name, r.url, r.secrets, r.format, r.min_severity, r.teams, audience=r.audience)
        for r in settings.receivers
    ]


def check(settings: Settings, *, served: bool = False) -> list[str]:
    """What keeps `precall run` from starting, or somebody from hearing of it, each in one line; empty = nothing. Everything
    that `run` opens is opened: catalogue, rules, keys, database, folders, tables, the port; receivers' addresses are looked
    up. `served`: a daemon of this store has the port already."""
    from detector.feedback.reading import words

    problems = [*_port_problems(settings, served), *_receiver_problems(configured(settings))]
    try:
        words()
        house = open_house(settings)
    except PrecallError as error:
        return list(dict.fromkeys([str(error), *problems]))
    findings = Findings()
    try:
        problems = [*_folder_problems(house), *_source_problems(house, findings), *problems]
        problems += [f"{f.where}: {f.code}: {f.example} (x {f.count})" for f in findings]
    finally:
        house.close()
    return problems


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


def _folder_problems(house: House) -> Iterator[str]:
    """Folders that cannot be written, or not be read."""
    kept, watched = house.settings.storage.path, house.settings.sources.path
    try:
        with TemporaryFile(dir=kept):
            pass
    except OSError as error:
        yield f"storage.path: {kept}: {error.strerror or error}; name a folder that can be written"
    try:
        next(watched.iterdir(), None)
    except OSError as error:
        yield f"sources.path: {watched}: {error.strerror or error}; name a folder that can be read"


def _source_problems(house: House, findings: Findings) -> Iterator[str]:
    """What the watched folder lacks, and what its tables say that cannot be."""
    path, now = house.settings.sources.path, house.clock.now()
    try:
        topology = house.source.reference(now, findings).topology
        for read in (house.source.contacts, house.source.surveys, house.source.subscriber_events):
            read(0.0, now, findings)
    except PrecallError as error:
        yield str(error)
        return
    if not topology.cells:
        yield f"{path}: no cells; put a cells.csv there, see docs/how-to/connect-your-network.md"
        return
    from jobs.sampling import sample

    reference = house.source.reference(now)
    house.source.pieces(0.0, now)  # the first of two looks: what has not changed since is complete
    seen = sample(house.source, house.catalogue, reference, findings, now=now)
    if not seen.there:
        yield f"{path / 'counters'}: no counter files have come yet"
    elif not seen.kpis:
        yield f"{path / 'counters'}: nothing is measured: no KPI can be computed from the newest {seen.files} files"
    elif seen.little:
        yield (
            f"{path / 'counters'}: little is measured: {seen.measured} of {seen.objects} cells and core functions have "
            f"counters in the newest {seen.files} files"
        )


def _receiver_problems(receivers: Sequence[Receiver]) -> Iterator[str]:
    """Addresses, secrets and formats that could never work; nothing is sent."""
    from detector.delivery import check_url, format_named, signed_headers, unresolved

    if not receivers:
        yield "receivers: none configured; alerts are kept, but nobody is told"
    able = []
    for receiver in receivers:
        try:
            check_url(receiver.url)
            format_named(receiver.format)
            signed_headers("check", b"", receiver.secrets, wall_now=0.0)
            able.append(receiver)
        except PrecallError as error:
            yield f"receiver '{receiver.name}': {error}"
    unknown = unresolved([one.url for one in able], within_s=_RESOLVED_WITHIN_S)
    for receiver in able:
        if why := unknown.get(receiver.url):
            where = f"receiver '{receiver.name}': {check_url(receiver.url)}"
            yield f"{where}: {why}; mend the host in its url, or your name server"
