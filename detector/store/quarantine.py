"""Files that could not be read: moved here by the source, kept for the operator to mend, and not for ever."""

import stat
from pathlib import Path


class Quarantine:
    """The folder `root`; it need not be there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prune(self, before: float) -> int:
        """Delete what was set aside before this moment (s, wall), and folders left empty; returns how many files went. What
        cannot be deleted stays."""
        found = sorted(self._root.rglob("*"), reverse=True)
        gone = sum(_removed(path, before) for path in found)
        for folder in found:
            try:
                if stat.S_ISDIR(folder.lstat().st_mode):
                    folder.rmdir()
            except OSError:  # not empty, or not ours to remove
                continue
        return gone


def _removed(path: Path, before: float) -> bool:
    """Whether this was an old file, link or pipe, and is no more."""
    try:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) or found.st_ctime >= before:
            return False
        path.unlink()
    except OSError:
        return False
    return True
