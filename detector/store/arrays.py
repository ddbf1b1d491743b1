"""Detector state (baselines, mobility profiles, evidence) as arrays on disk, each with the identity of what it was made
from."""

import shutil
import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from detector.domain.errors import Transient
from detector.domain.window import Tick
from detector.store.atomic_write import atomic_write
from detector.store.damage import Damage
from detector.store.mapped import mapped
from detector.store.mobility_profiles import MADE_FROM, without
from detector.store.stored_files import CHANGED, refuse_passing

Arrays = Mapping[str, np.ndarray[Any, Any]]
_MADE_FROM = "made_from"
_CHECKSUM = "checksum"
_UNREADABLE = (
    OSError,
    ValueError,
    BadZipFile,
    EOFError,
    KeyError,
    struct.error,
    zlib.error,
    NotImplementedError,
    RuntimeError,
)
"""What numpy and zipfile raise for a file whose bytes are not what they should be."""


class ArrayStore:
    """`made_from` is a hash of catalogue and settings: a mismatch, or damage, means "not there", so it is rebuilt. A damaged
    file is set aside."""

    def __init__(self, root: Path, damage: Damage) -> None:
        self._root, self._damage = root, damage
        self._cache: dict[str, tuple[int, str, dict[str, np.ndarray[Any, Any]]]] = {}

    def save(self, name: str, arrays: Arrays, made_from: str) -> None:
        """Replace the state of this name, whole. Raises Transient when it cannot be written."""
        path = self._root / f"{name}.npz"
        try:
            with atomic_write(path, durable=False) as part, part.open("wb") as file:
                np.savez(file, **{_MADE_FROM: np.array(made_from), _CHECKSUM: np.array(_checksum(arrays))}, **arrays)  # type: ignore[arg-type]
        except OSError as error:
            raise Transient(error.strerror or str(error), where=str(path), mend="free space; it is tried again") from error

    def load(self, name: str, made_from: str, *, in_place: bool = False) -> dict[str, np.ndarray[Any, Any]] | None:
        """The arrays, or None if they are not there, damaged, or made from something else. `in_place`: read-only, where they
        lie on the disk, for those too large to be held. Raises Transient if that cannot be checked now."""
        path = self._root / f"{name}.npz"
        try:
            changed_at = path.stat().st_mtime_ns
            if name in self._cache and self._cache[name][:2] == (changed_at, made_from):
                return self._cache[name][2]
            found = mapped(path) if in_place else _read(path)
            checksum = str(found.pop(_CHECKSUM))
            whole = checksum == _checksum({key: array for key, array in found.items() if key != _MADE_FROM})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except _UNREADABLE as error:
            refuse_passing(error, path)
            self.set_aside(path, f"unreadable ({type(error).__name__})")
            return None
        if not whole:
            self.set_aside(path, CHANGED)
            return None
        if str(found.pop(_MADE_FROM, "")) != made_from:
            return None
        if "/" not in name:  # what lies in folders is read once
            self._cache[name] = (changed_at, made_from, found)
        return found

    def trouble(self, path: Path) -> str:
        """Why this file is damaged; empty if it is whole."""
        try:
            found = _read(path)
            checksum = str(found.pop(_CHECKSUM))
            found.pop(_MADE_FROM)
        except _UNREADABLE as error:
            return f"unreadable ({type(error).__name__})"
        return "" if checksum == _checksum(found) else CHANGED

    def set_aside(self, path: Path, why: str) -> None:
        """A damaged file goes to quarantine."""
        self._damage.set_aside(path, why, "it is made anew")

    def keep(self, name: str, under: str) -> None:
        """The present state of this name under another one as well, before it is replaced. Raises Transient."""
        path = self._root / f"{name}.npz"
        if not path.exists():
            return
        kept = self._root / f"{under}.npz"
        try:
            with atomic_write(kept, durable=False) as part:
                shutil.copyfile(path, part)
        except OSError as error:
            raise Transient(error.strerror or str(error), where=str(kept), mend="free space; it is tried again") from error

    def prune(self, folder: str, keep: int) -> None:
        """Keep the newest `keep` files of a folder (names sort by time)."""
        for path in sorted((self._root / folder).glob("*.npz"))[:-keep]:
            path.unlink(missing_ok=True)

    def forget_ahead(self, folders: Sequence[str], after: int, ticks: Collection[Tick] = ()) -> None:
        """Delete the files of these ticks, and of all that start after this moment (s): pruning keeps what sorts last."""
        named = {f"{tick.start}-{tick.duration_s}" for tick in ticks}
        for path in [path for folder in folders for path in (self._root / folder).glob("*.npz")]:
            start = path.stem.partition("-")[0]
            if path.stem in named or (start.isdecimal() and int(start) > after):
                path.unlink(missing_ok=True)

    def entries_of(self, names: Sequence[str]) -> int:
        """How many entries of the mobility profile are about these people."""
        profile = self.load("habit", MADE_FROM)
        return 0 if profile is None else without(profile, names)[1]

    def forget(self, names: Sequence[str]) -> int:
        """Removes these people from the mobility profile; returns how many entries went. Raises Transient."""
        profile = self.load("habit", MADE_FROM)
        if profile is None:
            return 0
        left, gone = without(profile, names)
        if len(left["subscribers"]) < len(profile["subscribers"]):
            self.save("habit", left, MADE_FROM)
        return gone

    def prune_older(self, name: str, before: float) -> int:
        """Delete this state if it was last made before this moment (s, wall); returns how many files went."""
        path = self._root / f"{name}.npz"
        if not path.exists() or path.stat().st_mtime >= before:
            return 0
        path.unlink(missing_ok=True)
        return 1


def _read(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def _checksum(arrays: Arrays) -> str:
    digest = sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()
