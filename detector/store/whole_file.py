"""A file appears whole or not at all: written beside its name, forced to the disk, renamed."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives the path to write to; at the end of the block it takes the place of `path`, after an error it is gone.

    The name is the writer's own, so that two daemons never write into one another's file. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_abandoned(root: Path, before: float) -> int:
    """Delete parts that nobody has written to since `before` (s, wall): their writers were killed."""
    gone = [path for path in root.rglob(".*.part") if path.stat().st_mtime < before]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
