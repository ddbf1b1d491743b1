"""What lies in a folder: finished files by name, and what is no file, with the reason."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from detector.sources.file_names import name_text

UNFINISHED = (".part", ".tmp")
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass
class FolderListing:
    """`files`: (path, name below the root) in order of name. `odd`: name -> why it is passed over."""

    files: list[tuple[Path, str]] = field(default_factory=list)
    odd: dict[str, str] = field(default_factory=dict)


def list_files(root: Path, folder: str) -> FolderListing:
    """The finished files in a folder and below. Links to folders are not followed; nothing is opened."""
    found = FolderListing()
    base = os.fspath(root)
    waiting = [os.path.join(base, folder)]  # noqa: PTH118  Path costs ten times as much, and there may be 100,000 names
    while waiting:
        above = waiting.pop()
        try:
            entries = list(_entries(above))
        except FileNotFoundError:  # not there, or taken away between two looks
            continue
        except OSError as error:
            found.odd[name_text(os.path.relpath(above, base))] = f"the folder cannot be read: {error.strerror}"
            continue
        for entry in entries:
            _take(entry, base, found, waiting)
    found.files.sort(key=lambda item: item[1])
    return found


def files_below(root: Path, folder: str) -> list[tuple[Path, str]]:
    """(path, name below the root) of the finished files in a folder, in order of name."""
    return list_files(root, folder).files


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _take(entry: os.DirEntry[str], base: str, found: FolderListing, waiting: list[str]) -> None:
    name = name_text(os.path.relpath(entry.path, base))
    try:
        if entry.is_dir(follow_symlinks=False):
            waiting.append(entry.path)
            return
        if entry.name.startswith(".") or entry.name.endswith(UNFINISHED):
            return
        if entry.is_file():
            found.files.append((Path(entry.path), name))
            return
        kind = _KINDS.get(stat.S_IFMT(entry.stat().st_mode), "a link to a folder")
        found.odd[name] = f"it is {kind}, no file"
    except OSError as error:
        found.odd[name] = "it is a link to nothing" if entry.is_symlink() else f"it cannot be looked at: {error.strerror}"
