"""Files of the store that are damaged: moved to quarantine, kept as findings and in the log, never a reason to stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from detector.clock import WallClock
from detector.domain.errors import Transient
from detector.domain.finding import Findings
from detector.store.atomic_write import move
from detector.store.database import Database
from detector.store.findings import FindingRepository

FOLDER = "quarantine/store"
"""Below `storage.path`: damaged files under their own names, each with a `.reason.txt` beside it."""


class Damaged(Transient):
    """Data that a job needs lay in a damaged file, which is set aside by now: `jobs.restore` pulls them again."""


class Damage:
    """Sets damaged files aside. `root` is `storage.path`."""

    def __init__(self, root: Path, database: Database) -> None:
        self._root, self._database = root, database
        self._findings = FindingRepository(database)

    def set_aside(self, path: Path, why: str, then: str, mark: Callable[[Connection], object] | None = None) -> None:
        """Record the finding (and `mark` what the file held, in the same transaction), then move the file to quarantine.

        `then`: what becomes of its data, in words. A file that cannot be moved stays where it is, and is not read any more.
        Raises Transient if nothing can be recorded.
        """
        name = path.relative_to(self._root).as_posix()
        findings = Findings()
        findings.add("store_damaged", name, f"{why}; {then}")
        self.note(findings, mark)
        target = self._free(self._root / FOLDER / name)
        try:
            if path.exists() or path.is_symlink():
                move(path, target)
                target.with_name(f"{target.name}.reason.txt").write_text(f"{why}; {then}\n", encoding="utf-8")
        except OSError as error:
            _log().warning("damaged file cannot be moved to quarantine", file=name, reason=error.strerror or str(error))

    def keep(self, path: Path) -> None:
        """A file of which nothing is known goes to quarantine. Raises OSError."""
        move(path, self._free(self._root / FOLDER / path.relative_to(self._root)))

    def clear(self, path: Path) -> None:
        """What stands where a folder belongs goes out of its way. Raises Transient or OSError."""
        name = path.relative_to(self._root).as_posix()
        findings = Findings()
        findings.add("store_damaged", name, "it is no folder; set aside, and the folder is made anew")
        self.note(findings)
        if FOLDER.startswith(name):  # the quarantine itself
            move(path, self._free(path.with_name(f"{path.name}.set-aside")))
        else:
            move(path, self._free(self._root / FOLDER / name))

    def note(self, findings: Findings, mark: Callable[[Connection], object] | None = None) -> None:
        """Keep the findings, a line of the log each; `mark` changes something in the same transaction. Raises Transient."""
        with self._database.begin() as connection:
            if mark is not None:
                mark(connection)
            self._findings.add(connection, findings, WallClock().now())
        for one in findings:
            _log().warning(one.code.replace("_", " "), file=one.where, reason=one.example)

    @staticmethod
    def _free(target: Path) -> Path:
        """A name that nothing has yet."""
        number, free = 1, target
        while free.exists() or free.is_symlink():
            number += 1
            free = target.with_name(f"{target.name}.{number}")
        return free


def _log() -> Any:
    """Imported at the first log line: most commands never do."""
    import structlog

    return structlog.get_logger()
