"""The folder of files that could not be read, each with its reason beside it; and the way back for those that were changed
there.

A reason bears the modification time that its file had when it was set aside. A file with another one was changed since, by
a person who corrects it or by a writer whose open handle followed it: it goes back to where it came from.
"""

import os
import re
import shutil
from collections.abc import Iterator
from errno import EXDEV
from pathlib import Path
from time import time

from detector.sources.file_names import path_of
from detector.sources.folder_listing import list_files

REASON = ".reason.txt"
OF_FEEDS = "feeds/"
"""Below the quarantine of `[sources]`, the folders of other feeds."""
_NAME_BYTES = 255
"""NAME_MAX of the common file systems."""
_OWN_FOLDER = re.compile(r"\.[0-9a-f]{12}$")
_SURE_AFTER_S = 600
"""A file unchanged for so long has no writer. Chosen: between file systems a file is copied, and an open handle loses what
it writes then."""


class Quarantine:
    """Files set aside from `inbox` in `root`, under their path in the inbox; a name that is taken, or too long to have a
    reason beside it, has a folder of its own."""

    def __init__(self, root: Path, inbox: Path) -> None:
        self._root, self._inbox = root, inbox
        self._stays: set[tuple[str, int]] = set()

    def move_in(self, name: str, sha256: str, look: tuple[int, int], reason: str) -> None:
        """Moves a file of the inbox here. `look`: its (size, mtime in ns) when it was judged; one that has changed since
        stays where it is. Raises OSError."""
        source = self._inbox / path_of(name)
        if not os.path.lexists(source) or look_at(source) != look:
            return
        target, beside = self._place(name, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(f"{reason}\n", encoding="utf-8", errors="backslashreplace")
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != EXDEV or not self._copied(source, target, look):
                beside.unlink(missing_ok=True)
                raise
        os.utime(beside, ns=(look[1], look[1]))

    def _copied(self, source: Path, target: Path, look: tuple[int, int]) -> bool:
        """Whether the file now lies in this other file system, and no more in the inbox."""
        if time() - look[1] / 1e9 < _SURE_AFTER_S:
            return False
        part = target.with_name(f".{target.name[:200]}.part")
        shutil.copy2(source, part, follow_symlinks=False)
        if look_at(source) != look:
            part.unlink()
            return False
        part.replace(target)
        source.unlink()
        return True

    def _place(self, name: str, sha256: str) -> tuple[Path, Path]:
        """(path of the file, path of its reason)."""
        target = self._root / path_of(name)
        beside = target.with_name(target.name + REASON) if len(os.fsencode(target.name + REASON)) <= _NAME_BYTES else None
        if beside is None or os.path.lexists(target):
            short = os.fsdecode(os.fsencode(target.name)[: _NAME_BYTES - 13 - len(REASON)])
            folder = f"{short}.{sha256[:12]}"
            return target.with_name(folder) / target.name, target.with_name(folder + REASON)
        return target, beside

    def release_changed(self) -> list[str]:
        """Moves what was changed here back into the inbox; returns the names. One whose name is taken there stays."""
        given = []
        for path, name, beside, own in self._kept():
            try:
                now = look_at(path)[1]
                if beside.stat().st_mtime_ns == now or (str(path), now) in self._stays:
                    continue
                target = self._inbox / path_of(name)
                if os.path.lexists(target):
                    self._stays.add((str(path), now))
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
                beside.unlink()
                if own:
                    path.parent.rmdir()
            except OSError:  # gone meanwhile, or a file system that takes nothing: it lies here with its reason
                continue
            given.append(name)
        return given

    def _kept(self) -> Iterator[tuple[Path, str, Path, bool]]:
        """(path, name in the inbox, its reason, whether in a folder of its own) of each file that has a reason."""
        listed = {name: path for path, name in list_files(self._root, "").files if not name.startswith(OF_FEEDS)}
        for name, path in listed.items():
            folder, _, last = name.rpartition("/")
            if name + REASON in listed:
                yield path, name, listed[name + REASON], False
            elif _OWN_FOLDER.search(folder) and folder + REASON in listed:
                above = folder.rpartition("/")[0]
                yield path, f"{above}/{last}" if above else last, listed[folder + REASON], True


def look_at(path: Path) -> tuple[int, int]:
    """(size, mtime in ns) of the file itself, by which it is seen whether it has changed. Raises OSError."""
    stat = path.lstat()
    return stat.st_size, stat.st_mtime_ns
