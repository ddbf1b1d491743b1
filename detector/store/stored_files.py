"""Checksums of the files that the store wrote, by which damaged files are found."""

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, select, update

from detector.domain.errors import Transient
from detector.store.database import Database
from detector.store.records import batches, upsert
from detector.store.tables import stored_file as table

DAMAGED = "damaged"
GONE, CHANGED = "it is gone", "its bytes are not those that were written"
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.ESTALE})
"""A shortage of this machine is no evidence about the file."""
_Look = tuple[int, int, int]


def feed_of(path: str) -> str:
    """The feed that stands in the name of a file; empty if none does.

    >>> feed_of("presence/20260324/1774339200@probes.parquet"), feed_of("presence/20260324/1774339200.parquet")
    ('probes', '')
    """
    return path.rpartition("/")[2].removesuffix(".parquet").partition("@")[2]


@dataclass(frozen=True)
class StoredFile:
    """`path` below `storage.path`; for attachments the arrivals that it holds: later than `after`, up to `until` (s)."""

    path: str
    after: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Content:
    """Of a file: the SHA-256 of its bytes, in hexadecimal digits, and how many there are."""

    sha256: str
    size: int


class StoredFiles:
    """One row for each file and content. A file is whole if it has the size and the SHA-256 of one of its rows: while a file
    is written anew, the old and the new content both count, so that no crash between makes a whole file a damaged one.

    A file that no row names was written by an earlier version: it is taken as whole until `adopt` has named it.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self.root, self._database = root, database
        self._whole: dict[Path, _Look] = {}

    def name(self, path: Path) -> str:
        """As it is in the table."""
        return path.relative_to(self.root).as_posix()

    def measured(self, path: Path) -> Content:
        """What the file holds now. Raises Transient."""
        try:
            return Content(_sha256(path), path.stat().st_size)
        except OSError as error:
            raise Transient(error.strerror or str(error), where=str(path), mend="it is tried again") from error

    def record(
        self, connection: Connection, path: Path, content: Content, *, after: float | None = None, until: float | None = None
    ) -> None:
        """The file is whole with this content, too: part of the caller's transaction."""
        row = {"path": self.name(path), "sha256": content.sha256, "size": content.size, "state": ""}
        upsert(connection, table, [row | {"after_at": after, "until_at": until}])

    def renew(self, connection: Connection, path: Path, content: Content) -> None:
        """As `record`, for a file that holds the same arrivals as before."""
        query = select(table.c.after_at, table.c.until_at).where(table.c.path == self.name(path)).limit(1)
        after, until = connection.execute(query).first() or (None, None)
        self.record(connection, path, content, after=after, until=until)

    def settle(self, connection: Connection, path: Path, content: Content) -> None:
        """From now on with this content alone."""
        here = (table.c.path == self.name(path), table.c.sha256 != content.sha256)
        connection.execute(delete(table).where(*here))

    def forget(self, connection: Connection, names: Iterable[str]) -> None:
        """These files are none of the store's any more."""
        for part in batches(names):
            connection.execute(delete(table).where(table.c.path.in_(part)))

    def mark(self, connection: Connection, name: str) -> None:
        """The file is damaged or gone: what it held is pulled again."""
        connection.execute(update(table).where(table.c.path == name).values(state=DAMAGED))

    def restore(self, connection: Connection, name: str) -> None:
        """The file is there and whole again."""
        connection.execute(update(table).where(table.c.path == name).values(state=""))

    def damaged(self, folder: str) -> list[StoredFile]:
        """Files below this folder that were marked."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).where(_below(folder), table.c.state == DAMAGED).order_by(table.c.path))
            return list({r.path: StoredFile(r.path, r.after_at, r.until_at) for r in rows}.values())

    def named(self, folder: str) -> set[str]:
        """Files that should lie below this folder."""
        with self._database.read() as connection:
            return set(connection.execute(select(table.c.path).where(_below(folder), table.c.state == "")).scalars())

    def troubles(self, paths: Sequence[Path]) -> dict[Path, str]:
        """What is wrong with those of these files that are not whole, in words. A file is read whole once, and again when
        its size, its time or its place on the disk has changed. Raises Transient if that cannot be checked now."""
        looks = {path: _look(path) for path in paths}
        wrong = {path: look for path, look in looks.items() if isinstance(look, str)}
        unseen = {p: look for p, look in looks.items() if not isinstance(look, str) and self._whole.get(p) != look}
        known = self._known([self.name(path) for path in unseen])
        for path, look in unseen.items():
            if why := _unlike(path, look[0], known.get(self.name(path), {})):
                wrong[path] = why
            else:
                self._whole[path] = look
        return wrong

    def unnamed(self, paths: Sequence[Path]) -> list[Path]:
        """Files of which no checksum is known."""
        known = self._known([self.name(path) for path in paths])
        return [path for path in paths if self.name(path) not in known]

    def checked(self, paths: Sequence[Path]) -> dict[Path, str]:
        """As `troubles`, and every file is read whole, whatever was found before."""
        for path in paths:
            self._whole.pop(path, None)
        return self.troubles(paths)

    def _known(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """Name -> SHA-256 -> size."""
        found: dict[str, dict[str, int]] = {}
        if not names:
            return found
        with self._database.read() as connection:
            for part in batches(names):
                for row in connection.execute(select(table).where(table.c.path.in_(part))):
                    found.setdefault(row.path, {})[row.sha256] = row.size
        return found


def _look(path: Path) -> _Look | str:
    try:
        stat = path.stat()
        if not path.is_file():
            return "it is no file"
    except OSError as error:
        return _said(error, path)
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _unlike(path: Path, size: int, known: Mapping[str, int]) -> str:
    """Why this is none of the known contents; empty if it is one, or if none is known."""
    if not known:
        return ""
    if size not in known.values():
        return f"{size} bytes instead of {max(known.values())}"
    try:
        return "" if known.get(_sha256(path)) == size else CHANGED
    except OSError as error:
        return _said(error, path)


def _said(error: OSError, path: Path) -> str:
    refuse_passing(error, path)
    return GONE if isinstance(error, FileNotFoundError | NotADirectoryError) else (error.strerror or str(error)).lower()


def refuse_passing(error: Exception, path: Path) -> None:
    """Raises Transient for an error that is the machine's of this moment, not the file's."""
    if isinstance(error, OSError) and error.errno in _PASSING:
        raise Transient(error.strerror or str(error), where=str(path), mend="it is tried again") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _below(folder: str) -> ColumnElement[bool]:
    return table.c.path.startswith(f"{folder}/", autoescape=True)
