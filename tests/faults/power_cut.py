"""Power cuts and failing disks for a real process: what it writes below one folder is recorded, and may be made to fail.

`library()` compiles `power_cut.c` with the C compiler of the machine (None if there is none). Started with the
variables of `environment(...)`, any dynamically linked program is watched (Python, DuckDB and SQLite are):

| variable | meaning |
|---|---|
| `POWER_CUT_ROOT` | the folder that is watched, with all below it; everything else is left alone |
| `POWER_CUT_JOURNAL` | file outside that folder to which each call is appended; none: nothing is recorded |
| `POWER_CUT_KILL_AT` | the process ends by SIGKILL right after so many calls |
| `POWER_CUT_ERROR` | `EIO`, `ENOSPC` or `EROFS`: what failing calls answer; none: nothing fails |
| `POWER_CUT_CALLS` | which calls may fail, comma-separated, of the kinds below; default `write,sync` |
| `POWER_CUT_AT` | the how manieth of these calls fails first, counted in each process on its own; default 1 |
| `POWER_CUT_TIMES` | how many fail from there on; 0: all that follow, as on a full disk; default 1 |

Kinds of calls: `write` (write, pwrite, ftruncate, posix_fallocate and the like), `sync` (fsync, fdatasync), `name` (open
with O_CREAT or O_TRUNC, rename, link, unlink, mkdir, rmdir). A child that was forked reads the variables anew. Writes
through a memory map (the `-shm` file of SQLite) are not seen. A full disk is `POWER_CUT_ERROR=ENOSPC POWER_CUT_TIMES=0`.

For a power cut: `Disk(folder)` before the process starts, then `disk.replay(journal)` and `disk.restore(folder)` puts the
folder into the state that a cut after the last recorded call leaves: of a file what was written before its last fsync, of a
folder the names of before its own last fsync. `restore(folder, seed=...)` keeps a random part of the rest as well: any of
the later writes, whole or torn, and any number of the later names in their order.

    disk = Disk(root)
    subprocess.run(command, env=environment(library, root, journal, kill_at=500))
    disk.replay(journal)
    disk.restore(root)          # start the service again: it must go on from here
"""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_SOURCE = Path(__file__).with_suffix(".c")
_HEAD = struct.Struct("=2scxIQqQII")
_SECTOR = 512
"""A torn write ends at a multiple of this."""


@contextmanager
def library() -> Iterator[Path | None]:
    """The compiled recorder; None where there is no C compiler, or it cannot make one. It lies on the disk: nothing may be
    executed from some file systems in memory, where the folders of tests are."""
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="precall-", dir="/tmp") as folder:
        made = Path(folder) / "power_cut.so"
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(_SOURCE), "-ldl", "-lpthread"]
        done = subprocess.run(command, capture_output=True, timeout=240, check=False)
        yield made if done.returncode == 0 else None


def environment(
    library: Path,
    root: Path,
    journal: Path | None = None,
    *,
    kill_at: int = 0,
    error: str = "",
    calls: str = "write,sync",
    at: int = 1,
    times: int = 1,
) -> dict[str, str]:
    """This process's environment, and the variables above. `root` must be there."""
    given = {
        "ROOT": str(root),
        "JOURNAL": "" if journal is None else str(journal),
        "KILL_AT": str(kill_at),
        "ERROR": error,
        "CALLS": calls,
        "AT": str(at),
        "TIMES": str(times),
    }
    return os.environ | {f"POWER_CUT_{name}": value for name, value in given.items()} | {"LD_PRELOAD": str(library)}


@dataclass(frozen=True)
class Record:
    """One call that succeeded. `op`: c create, w write, t truncate, g allocate, s sync, r rename, l link, u unlink,
    m mkdir."""

    op: str
    inode: int
    offset: int
    data: bytes
    one: str
    two: str


def records(journal: Path) -> Iterator[Record]:
    """All calls in their order; the last one may be torn, and is then left out."""
    with journal.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            magic, op, _, inode, offset, length, first, second = _HEAD.unpack(head)
            assert magic == b"P7", "the journal is damaged"
            data, one, two = (file.read(n) for n in (length, first, second))
            if len(two) == second and len(one) == first:
                yield Record(op.decode(), inode, offset, data, os.fsdecode(one), os.fsdecode(two))


@dataclass
class _File:
    """`durable`: what survives for sure; `later`: what was done since, in order: (offset, data), or (size, None)."""

    durable: bytearray = field(default_factory=bytearray)
    later: list[tuple[int, bytes | None]] = field(default_factory=list)

    def surviving(self, random: Random | None) -> bytes:
        content = bytearray(self.durable)
        for offset, data in self.later:
            if random is None or random.random() < 0.5:
                continue
            whole = data is None or random.random() < 0.7
            _do(content, offset, data if whole or data is None else data[: random.randrange(0, len(data) + 1, _SECTOR)])
        return bytes(content)

    def sync(self) -> None:
        for offset, data in self.later:
            _do(self.durable, offset, data)
        self.later.clear()


def _do(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        content[offset:] = b"" if len(content) >= offset else bytes(offset - len(content))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass
class _Folder:
    """`durable` and `now`: name -> inode; `later`: changes since the last sync, each of one or two names at once."""

    durable: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    later: list[dict[str, int | None]] = field(default_factory=list)

    def change(self, names: dict[str, int | None]) -> None:
        _rename(self.now, names)
        self.later.append(names)

    def surviving(self, random: Random | None) -> dict[str, int]:
        names = dict(self.durable)
        for change in self.later[: random.randint(0, len(self.later)) if random is not None else 0]:
            _rename(names, change)
        return names

    def sync(self) -> None:
        for change in self.later:
            _rename(self.durable, change)
        self.later.clear()


def _rename(names: dict[str, int], change: dict[str, int | None]) -> None:
    for name, inode in change.items():
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode


class Disk:
    """The folder `root` as it is on the disk now: all of it durable."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._top = self._root.stat().st_ino
        self._files: dict[int, _File] = {}
        self._folders: dict[int, _Folder] = {}
        self._read(self._root)

    def _read(self, folder: Path) -> None:
        names = {path.name: path.lstat().st_ino for path in folder.iterdir()}
        self._folders[folder.stat().st_ino] = _Folder(dict(names), dict(names))
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                self._read(path)
            elif path.is_file():
                self._files[path.stat().st_ino] = _File(bytearray(path.read_bytes()))

    def replay(self, journal: Path, until: int | None = None) -> int:
        """What the recorded calls (the first `until` of them) did; returns how many."""
        number = 0
        for record in records(journal):
            if number == until:
                break
            self._take(record)
            number += 1
        return number

    def _take(self, record: Record) -> None:
        if record.op in "wtg":
            self._write(record)
        elif record.op == "s":
            for node in (self._files.get(record.inode), self._folders.get(record.inode)):
                if node is not None:
                    node.sync()
        elif record.op in "cm":
            if record.op == "c":
                self._files[record.inode] = _File()
            else:
                self._folders[record.inode] = _Folder()
            self._change(record.one, record.inode)
        elif record.op == "u":
            self._change(record.one, None)
        else:
            self._move(record)

    def _write(self, record: Record) -> None:
        file = self._files.setdefault(record.inode, _File())
        if record.op == "w":
            file.later.append((record.offset, record.data))
        elif record.op == "t":
            file.later.append((record.offset, None))
        else:
            file.later.append((record.offset, b""))

    def _move(self, record: Record) -> None:
        old, new = self._parent(record.one), self._parent(record.two)
        old_name, new_name = Path(record.one).name, Path(record.two).name
        if record.op == "l":
            new.change({new_name: record.inode})
        elif old is new:
            new.change({old_name: None, new_name: record.inode})
        else:
            new.change({new_name: record.inode})
            old.change({old_name: None})

    def _change(self, path: str, inode: int | None) -> None:
        self._parent(path).change({Path(path).name: inode})

    def _parent(self, path: str) -> _Folder:
        folder = self._folders[self._top]
        for name in Path(path).parent.relative_to(self._root).parts:
            folder = self._folders[folder.now[name]]
        return folder

    def restore(self, root: Path, seed: int | None = None) -> None:
        """Make `root` what the cut leaves: what is durable alone, or with a random part of the rest."""
        for path in root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        self._fill(root, self._top, None if seed is None else Random(seed))

    def _fill(self, folder: Path, inode: int, random: Random | None) -> None:
        for name, held in sorted(self._folders[inode].surviving(random).items()):
            if held in self._folders:
                (folder / name).mkdir(mode=0o700)
                self._fill(folder / name, held, random)
            else:
                content = self._files.get(held, _File()).surviving(random)
                (folder / name).touch(mode=0o600)
                (folder / name).write_bytes(content)


def unsynced(journal: Path, names: Sequence[str] = ()) -> list[str]:
    """For a person who looks for a missing fsync: the recorded calls in words, those about these names."""
    said = (f"{r.op} {r.inode} {r.offset} {len(r.data)} {r.one} {r.two}" for r in records(journal))
    return [line for line in said if not names or any(name in line for name in names)]
