"""Everything below `storage.path` is its owner's alone: folders 0700, files 0600; only inboxes stay as they were set."""

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

_OTHERS = 0o077
"""Rights of group and others (POSIX mode bits, IEEE 1003.1-2017)."""
_UMASK = 0o077
"""Mask of rights that files of the service do not give: those of group and others (IEEE 1003.1-2017)."""


def private_umask() -> None:
    """What this process makes from now on is its owner's alone."""
    os.umask(_UMASK)


def too_wide(root: Path, inboxes: Iterable[Path], *, deep: bool) -> Iterator[tuple[Path, int, int]]:
    """(path, its rights, the rights that it should have) of what others may reach below `root`; `deep`: also in folders of
    folders, else `root` and what lies in it. Inboxes are left out, and links are not followed.

    An inbox below `root` that others may write is meant for them: then the folders above it may keep the right to pass
    through (0711), by which no name in them can be listed.
    """
    passing = {inbox.absolute(): _passing(root.absolute(), inbox.absolute()) for inbox in inboxes}
    for path in (root, *_below(root, passing, deep)):
        try:
            mode = path.lstat().st_mode
        except OSError:  # gone meanwhile
            continue
        allowed = 0
        if stat.S_ISDIR(mode):
            for inbox, rights in passing.items():
                allowed |= rights if inbox.is_relative_to(path.absolute()) else 0
        if not stat.S_ISLNK(mode) and mode & _OTHERS & ~allowed:
            yield path, stat.S_IMODE(mode), stat.S_IMODE(mode) & ~(_OTHERS & ~allowed)


def narrow(root: Path, inboxes: Iterable[Path], *, deep: bool) -> list[Path]:
    """Take the rights of others away; returns what could not be changed."""
    left = []
    for path, _, mode in list(too_wide(root, inboxes, deep=deep)):
        try:
            path.chmod(mode)
        except OSError:
            left.append(path)
    return left


def _passing(root: Path, inbox: Path) -> int:
    """Which rights to pass through folders above the inbox are meant: those of its writers."""
    if inbox == root or not inbox.is_relative_to(root):
        return 0
    try:
        mode = inbox.stat().st_mode
    except OSError:
        return 0
    return (0o010 if mode & 0o020 else 0) | (0o001 if mode & 0o002 else 0)


def _below(folder: Path, inboxes: Collection[Path], deep: bool) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if path.absolute() in inboxes:
            continue
        yield path
        above = any(inbox.is_relative_to(path.absolute()) for inbox in inboxes)
        if entry.is_dir(follow_symlinks=False) and (deep or above):
            yield from _below(path, inboxes, deep)
