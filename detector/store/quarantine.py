"""Files that could not be read: moved here by the source, kept for the operator to mend, and not for ever."""

from pathlib import Path


class Quarantine:
    """The folder `root`; it need not be there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prune(self, before: float) -> int:
        """Delete what was set aside before this moment (s, wall), and folders left empty; returns how many files went."""
        found = sorted(self._root.rglob("*"), reverse=True)
        old = [path for path in found if path.is_file() and path.stat().st_ctime < before]
        for path in old:
            path.unlink(missing_ok=True)
        for folder in (path for path in found if path.is_dir() and not any(path.iterdir())):
            folder.rmdir()
        return len(old)
