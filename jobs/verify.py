"""`precall verify` and `precall rebuild`: what is wrong with a store, and what of it can be mended."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from detector.domain.errors import Misconfigured, PrecallError
from detector.keys import FILE, compare_keys, known_fingerprints, load_keys
from detector.rights import too_wide
from detector.settings import Settings
from detector.store import Store
from detector.store.database import Database
from detector.store.verify import RESTORE, Trouble, Verification


@dataclass(frozen=True)
class Verified:
    """What was found: `troubles` have to be mended, `notes` are worth knowing."""

    troubles: Sequence[Trouble]
    notes: Sequence[str] = field(default=())

    def shown(self) -> str:
        said = [*map(str, self.troubles), *(f"note: {line}" for line in self.notes)]
        return "\n".join([*said, f"{len(self.troubles)} to mend" if self.troubles else "all well"])

    def as_json(self) -> dict[str, Any]:
        return {"troubles": [asdict(one) for one in self.troubles], "notes": list(self.notes), "ok": not self.troubles}


def verify(settings: Settings, *, at_work: bool) -> Verified:
    """Everything below `storage.path` and in the database; nothing is changed. `at_work`: a daemon runs on this store."""
    root = settings.storage.path
    if not root.is_dir():
        return Verified(
            [Trouble("folder", str(root), "there is no store", "start precall once, or name another storage.path")]
        )
    troubles = list(_rights(settings))
    url = settings.database_url
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).is_file():
        return Verified([*troubles, Trouble("database", url, "it is gone", RESTORE)])
    try:
        database = Database(url, settings.storage.limits)
    except PrecallError as error:
        return Verified([*troubles, Trouble("database", error.where, error.what, error.mend)])
    try:
        return _verified(settings, database, troubles, at_work)
    finally:
        database.close()


def _verified(settings: Settings, database: Database, troubles: list[Trouble], at_work: bool) -> Verified:
    vault_key = b""
    try:
        if not (settings.storage.path / FILE).exists():
            raise Misconfigured("it is gone", where=FILE, mend="restore the key file from your backup")
        keys = load_keys(settings)
        vault_key = keys.vault
        compare_keys(settings, keys, database, known_fingerprints(database))
    except Misconfigured as error:
        troubles.append(Trouble("keys", error.where, error.what, error.mend))
    except PrecallError:
        pass  # the database is looked at below
    previous = [key.encode() for key in settings.storage.previous_vault_keys]
    verification = Verification(Store(settings.storage.path, database, (), vault_key, previous), at_work=at_work)
    found = list(verification.everything())
    if not vault_key:
        found = [one for one in found if one.kind != "vault"]
    return Verified([*troubles, *found], verification.notes)


def _rights(settings: Settings) -> Iterator[Trouble]:
    wide = list(too_wide(settings.storage.path, settings.inboxes.values(), deep=True))
    if wide:
        what = (
            f"others may reach it ({wide[0][1]:04o}), and {len(wide) - 1} more" if len(wide) > 1 else "others may reach it"
        )
        mend = "the next start of precall makes it its owner's alone, or run `precall rebuild`"
        yield Trouble("rights", str(wide[0][0]), what, mend)
