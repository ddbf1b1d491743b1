"""Ways in which the files of a store are damaged or lost, each done on disk as a disk, a person or a bug does it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path], None]
"""Does its damage to the store at this path (`storage.path`)."""


def kpi_files(store: Path) -> list[Path]:
    """In order of time; the newest is that of the newest tick."""
    return sorted((store / "kpi").rglob("[!.]*.parquet"))


def presence_files(store: Path) -> list[Path]:
    return sorted((store / "presence").rglob("[!.]*.parquet"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """One bit in the middle, size and footer as before."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


def swap(path: Path, other: Path) -> None:
    """Another file's content under this name."""
    shutil.copyfile(other, path)


def folder_to_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("not a folder")


def file_to_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def unreadable(path: Path) -> None:
    """A link that leads to itself: not even root can read it."""
    path.unlink()
    path.symlink_to(path)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("away"))


def torn_json(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"at": 1.0, "actor": "cli", "action": "lookup"})[:-9])


KPI_DAMAGE: dict[str, Damage] = {
    "KPI file truncated": lambda store: truncate(kpi_files(store)[-1]),
    "KPI file of no bytes": lambda store: kpi_files(store)[-1].write_bytes(b""),
    "KPI file gone": lambda store: kpi_files(store)[-1].unlink(),
    "KPI file of another tick": lambda store: swap(kpi_files(store)[-1], kpi_files(store)[-2]),
    "KPI file with one bit flipped": lambda store: flip(kpi_files(store)[-1]),
    "KPI file that is a folder": lambda store: file_to_folder(kpi_files(store)[-1]),
    "KPI file unreadable": lambda store: unreadable(kpi_files(store)[-1]),
    "KPI file a dangling link": lambda store: dangling(kpi_files(store)[-1]),
    "all KPI files of random bytes": lambda store: [path.write_bytes(b"\x93" * 5000) for path in kpi_files(store)] and None,
    "folder of KPI files gone": lambda store: shutil.rmtree(store / "kpi"),
    "folder of KPI files a file": lambda store: folder_to_file(store / "kpi"),
}
PRESENCE_DAMAGE: dict[str, Damage] = {
    "attachments truncated": lambda store: truncate(presence_files(store)[-1]),
    "attachments of no bytes": lambda store: presence_files(store)[-1].write_bytes(b""),
    "attachments gone": lambda store: presence_files(store)[-1].unlink(),
    "attachments with one bit flipped": lambda store: flip(presence_files(store)[-1]),
    "attachments of another arrival": lambda store: swap(presence_files(store)[-1], presence_files(store)[0]),
    "folder of attachments a file": lambda store: folder_to_file(store / "presence"),
}
ARRAY_DAMAGE: dict[str, Damage] = {
    "baseline truncated": lambda store: truncate(store / "state" / "baseline-900.npz"),
    "baseline with one bit flipped": lambda store: flip(store / "state" / "baseline-900.npz"),
    "baseline gone": lambda store: (store / "state" / "baseline-900.npz").unlink(),
    "habits truncated": lambda store: truncate(store / "state" / "habit.npz"),
    "habits with one bit flipped": lambda store: flip(store / "state" / "habit.npz"),
    "folder of arrays a file": lambda store: folder_to_file(store / "state"),
}
OTHER_DAMAGE: dict[str, Damage] = {
    "waiting audit entry torn": lambda store: torn_json(store / "audit-waiting" / "1000-aa.json"),
    "daemon.json garbage": lambda store: (store / "daemon.json").write_bytes(b"\xff\x00{"),
    "daemon.json a folder": lambda store: file_to_folder(store / "daemon.json"),
    "parts left over": lambda store: (store / "kpi" / ".x.parquet.1-1.part").write_bytes(b"PAR1"),
    "quarantine a file": lambda store: folder_to_file(store / "quarantine"),
}
ALL = KPI_DAMAGE | PRESENCE_DAMAGE | ARRAY_DAMAGE | OTHER_DAMAGE
