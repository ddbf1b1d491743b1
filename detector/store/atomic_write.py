"""A file appears whole or not at all, and is still there after a power cut: written beside its name, forced to the disk,
renamed, and the folder forced to the disk as well."""

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""Rights of everything below `storage.path`: its owner's alone."""
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP})
"""What fsync of a folder answers on file systems that keep no order of names (some network and FUSE file systems)."""


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Gives the path to write to; at the end of the block it takes the place of `path`, after an error it is gone. After a
    power cut it is the new file, or the old one if not `durable`: for what can be made anew.

    The name is the writer's own, so that two daemons never write into one another's file. Raises OSError.
    """
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """The folder and those above it, each durable; new ones are their owner's alone. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """The names in this folder survive a power cut. Raises OSError; a file system that cannot do it is passed over."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(folder)


def move(path: Path, target: Path) -> None:
    """The file, folder or link under another name, also on another file system; durable. Raises OSError."""
    make_folder(target.parent)
    shutil.move(path, target)
    sync_folder(target.parent)
    sync_folder(path.parent)


def remove_abandoned(root: Path, before: float) -> int:
    """Delete parts that nobody has written to since `before` (s, wall): their writers were killed."""
    gone = 0
    for path in root.rglob(".*.part"):
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
                gone += 1
        except OSError:  # another process was faster, or it is a folder
            continue
    return gone
