"""The secrets of an installation, and the proof that they are those with which its store was made."""

import hashlib
import hmac
import json
import os
import secrets
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from detector.domain.errors import Misconfigured, Transient
from detector.domain.key_fingerprints import KeyFingerprints
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from detector.store.database import Database

FILE = "keys.json"
_RESTORE = "restore the key file from your backup"


@dataclass(frozen=True)
class Keys:
    """Secrets of this installation; made at the first start, kept in `keys.json`, readable by its owner alone."""

    identity: bytes
    vault: bytes
    token: str
    webhook: str


def load_keys(settings: Settings) -> Keys:
    """The configured keys, and for those left empty the ones under `storage.path`; new ones for a store without people.

    A key file that others may read is made its owner's alone, with a log line. Raises Misconfigured for a key file that
    cannot be used, and where it is gone beside a store that has people: under new keys nobody would be found in it.
    """
    path = settings.storage.path / FILE
    try:
        held = _read(path)
    except (OSError, ValueError) as error:
        raise Misconfigured(_reason(error), where=str(path), mend=_RESTORE) from error
    if held is not None:
        return _configured(settings, held, str(path))
    made = {
        "identity": secrets.token_hex(32),
        "token": secrets.token_urlsafe(24),
        "vault": urlsafe_b64encode(secrets.token_bytes(32)).decode(),  # a key of Fernet
        "webhook": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
    }
    _check_absent(settings, _configured(settings, made, str(path)), path)
    try:
        _keep(path, json.dumps(made, indent=2) + "\n")
        return _configured(settings, _read(path) or made, str(path))  # another process may have been faster
    except (OSError, ValueError) as error:
        raise Misconfigured(_reason(error), where=str(path), mend="name a folder that can be written") from error


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)


def _read(path: Path) -> dict[str, str] | None:
    """What the key file holds; None if there is none. Raises OSError or ValueError."""
    if not path.exists() and not path.is_symlink():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    names = ("identity", "token", "vault", "webhook")
    if not isinstance(held, dict) or (lost := sorted(k for k in names if not isinstance(held.get(k), str))):
        raise ValueError(f"{', '.join(lost) if isinstance(held, dict) else 'everything'} is missing")
    bytes.fromhex(held["identity"])
    rights = path.stat().st_mode & 0o777
    if rights & 0o077:
        path.chmod(0o600)
        sys.stderr.write(f"precall: {path}: others could read it ({rights:04o}); it is its owner's alone now (0600)\n")
    return held


def _configured(settings: Settings, held: Mapping[str, str], where: str) -> Keys:
    storage = settings.storage
    try:
        identity = bytes.fromhex(held["identity"])
    except ValueError as error:
        raise Misconfigured("identity is not hexadecimal", where=where, mend=_RESTORE) from error
    try:
        identity = bytes.fromhex(storage.identity_key) if storage.identity_key else identity
    except ValueError as error:
        mend = "write 32 random bytes as 64 digits and letters a to f"
        raise Misconfigured("not hexadecimal", where="storage.identity_key", mend=mend) from error
    vault = (storage.vault_key or held["vault"]).encode()
    return Keys(identity, vault, settings.web.token or held["token"], held["webhook"])


def _keep(path: Path, text: str) -> None:
    """A file for its owner alone that appears whole and survives a power cut; one that another process has made meanwhile
    stays."""
    from detector.store.atomic_write import make_folder, sync_folder

    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


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


def fingerprint(key: bytes, purpose: str) -> str:
    """By which a key is known again; the key cannot be computed from it."""
    return hmac.new(key, f"precall {purpose} key".encode(), hashlib.sha256).hexdigest()[:32]


def check_keys(settings: Settings, keys: Keys, database: "Database") -> None:
    """These keys are those of the store, or follow them by a rotation; their fingerprints are kept.

    A store of earlier versions has none: there the sealed identities bear the keys out. Raises Misconfigured with the mend.
    """
    from detector.store.service_state import KeyFingerprintRepository

    kept = KeyFingerprintRepository(database)
    held = kept.get()
    now = compare_keys(settings, keys, database, held)
    if now != held:
        with database.begin() as connection:
            kept.replace(connection, now)
            if held is not None and now.identity.keys() != held.identity.keys():
                _let_go(connection)


def _let_go(connection: "Connection") -> None:
    """Attachments under earlier pseudonyms are not read again under new ones: those of erased people would come along."""
    from sqlalchemy import delete

    from detector.store.tables import stored_file

    connection.execute(delete(stored_file).where(stored_file.c.path.startswith("presence/")))


def known_fingerprints(database: "Database") -> KeyFingerprints | None:
    """Those that the store keeps; None for one of an earlier version."""
    from detector.store.service_state import KeyFingerprintRepository

    return KeyFingerprintRepository(database).get()


def compare_keys(settings: Settings, keys: Keys, database: "Database", held: KeyFingerprints | None) -> KeyFingerprints:
    """The fingerprints to keep from now on. Raises Misconfigured for keys that neither are the store's nor follow them."""
    if held is not None and _follows(held, _present(settings, keys)):
        return held
    now = _with(held, _present(settings, keys))
    if has_people(database):
        where = str(settings.storage.path / FILE)
        if held is None:
            _check_vault(settings, keys, database, where)
        else:
            _check_rotation(held, settings, keys, where)
    else:
        now = _with(None, _present(settings, keys))
    return now


def _present(settings: Settings, keys: Keys) -> KeyFingerprints:
    version = settings.storage.identity_version
    return KeyFingerprints({version: fingerprint(keys.identity, "identity")}, (fingerprint(keys.vault, "vault"),))


def _follows(held: KeyFingerprints, present: KeyFingerprints) -> bool:
    """Nothing has changed since they were kept."""
    same = all(held.identity.get(version) == found for version, found in present.identity.items())
    return same and held.vault[-1:] == present.vault


def _with(held: KeyFingerprints | None, present: KeyFingerprints) -> KeyFingerprints:
    before = held or KeyFingerprints()
    vaults = [one for one in before.vault if one not in present.vault]
    return KeyFingerprints({**before.identity, **present.identity}, (*vaults, *present.vault))


def _check_rotation(held: KeyFingerprints, settings: Settings, keys: Keys, where: str) -> None:
    """Each new key has the one before it among the previous ones. Raises Misconfigured."""
    storage = settings.storage
    version, mine = storage.identity_version, fingerprint(keys.identity, "identity")
    known = held.identity
    if version in known and known[version] != mine:
        mend = f"{_RESTORE}, or give the new key another storage.identity_version and name the old one among "
        raise Misconfigured(
            f"another identity key than the one of version {version} that the store was made with",
            where="storage.identity_key" if storage.identity_key else where,
            mend=mend + "storage.previous_identity_keys",
        )
    earlier = {number: fingerprint(bytes.fromhex(key), "identity") for number, key in storage.previous_identity_keys}
    newest = max(known)
    if version not in known and earlier.get(newest) != known[newest]:
        mend = f"{_RESTORE}, or name the key of version {newest} among storage.previous_identity_keys"
        raise Misconfigured("the identity key that the store was made with is not there", where=where, mend=mend)
    vaults = [fingerprint(key.encode(), "vault") for key in (keys.vault.decode(), *storage.previous_vault_keys)]
    if held.vault and held.vault[-1] not in vaults:
        mend = f"{_RESTORE}, or name the key that sealed it among storage.previous_vault_keys"
        raise Misconfigured(
            "another vault key than the one that the store was made with",
            where="storage.vault_key" if storage.vault_key else where,
            mend=mend,
        )


def _check_vault(settings: Settings, keys: Keys, database: "Database", where: str) -> None:
    """A store of an earlier version: a sealed identity opens, and has the pseudonym under which it is kept."""
    from sqlalchemy import select

    from detector.store.tables import vault as table
    from detector.store.vault import Vault

    names = names_of(settings, keys)
    present = table.c.pseudonym.startswith(f"sub_{names.version}_", autoescape=True)
    with database.read() as connection:
        one = connection.execute(select(table.c.pseudonym).where(present).limit(1)).scalar()
    if one is None:
        return
    raw = Vault(database, keys.vault, [key.encode() for key in settings.storage.previous_vault_keys]).open(one)
    if raw is not None and one != names.subscriber(raw):
        raise Misconfigured("another identity key than the store was made with", where=where, mend=_RESTORE)


@contextmanager
def _store_of(settings: Settings) -> Iterator["Database | None"]:
    """The database of the settings, brought to the present schema; None where SQLite has no file yet."""
    url = settings.database_url
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        yield None
        return
    from detector.store.database import Database
    from detector.store.migrate import migrate

    database = Database(url, settings.storage.limits)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


def check_store_beside(settings: Settings, keys: Keys) -> None:
    """The same for a command that does not open the store of the settings, if that can be opened. Raises Misconfigured."""
    with suppress(Transient), _store_of(settings) as database:  # one that is away is not needed
        if database is not None:
            check_keys(settings, keys, database)


def has_people(database: "Database") -> bool:
    """Whether the store holds anything under a pseudonym."""
    from sqlalchemy import select

    from detector.store.pii_columns import subject_tables
    from detector.store.tables import metadata, stored_file

    queries = [select(next(iter(table.primary_key))).limit(1) for table in subject_tables(metadata)]
    queries.append(select(stored_file.c.path).where(stored_file.c.path.startswith("presence/")).limit(1))
    with database.read() as connection:
        return any(connection.execute(query).first() is not None for query in queries)


def _check_absent(settings: Settings, keys: Keys, path: Path) -> None:
    """There is no key file: that is a first start, or the file is gone beside a store that cannot be read without it. The
    configured keys may still be those of the store. Raises Misconfigured or Transient."""
    with _store_of(settings) as database:
        if database is None or not has_people(database):
            return
        held = known_fingerprints(database)
        if held is None or not _follows(held, _present(settings, keys)):
            what = "it is gone, and the store beside it has people, whom no other keys can find"
            raise Misconfigured(what, where=str(path), mend=_RESTORE)
