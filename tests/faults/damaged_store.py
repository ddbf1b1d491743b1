"""Ways in which the files of a store are damaged or lost, each done on disk as a disk, a person or a bug does it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

Damage = Callable[[Path], object]
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


@dataclass(frozen=True)
class Kind:
    """`says`: what `precall verify` says of it, as a pattern; empty where nothing is wrong with the store."""

    damage: Damage
    says: str


def _kpi(change: Callable[[Path], object], says: str) -> Kind:
    return Kind(lambda store: change(kpi_files(store)[-1]), rf"kpi/\S+\.parquet: {says}")


def _presence(change: Callable[[Path], object], says: str) -> Kind:
    return Kind(lambda store: change(presence_files(store)[-1]), rf"presence/\S+\.parquet: {says}")


def _state(name: str, change: Callable[[Path], object], says: str) -> Kind:
    return Kind(lambda store: change(store / "state" / name), says and rf"state/{name}: {says}")


def _at(name: str, change: Callable[[Path], object], says: str) -> Kind:
    return Kind(lambda store: change(store / name), says)


_CHANGED, _FEWER = "its bytes are not those that were written", r"\d+ bytes instead of \d+"
KPI_DAMAGE = {
    "KPI file truncated": _kpi(truncate, _FEWER),
    "KPI file of no bytes": _kpi(lambda path: path.write_bytes(b""), _FEWER),
    "KPI file gone": _kpi(Path.unlink, "it is gone"),
    "KPI file of another tick": Kind(lambda store: swap(kpi_files(store)[-1], kpi_files(store)[-2]), f"{_FEWER}|{_CHANGED}"),
    "KPI file with one bit flipped": _kpi(flip, _CHANGED),
    "KPI file that is a folder": _kpi(file_to_folder, "it is no file"),
    "KPI file unreadable": _kpi(unreadable, "too many levels of symbolic links"),
    "KPI file a dangling link": _kpi(dangling, "it is gone"),
    "all KPI files of other bytes": Kind(
        lambda store: [path.write_bytes(b"\x93" * 5000) for path in kpi_files(store)], _FEWER
    ),
    "folder of KPI files gone": _at("kpi", shutil.rmtree, "kpi: it is gone"),
    "folder of KPI files a file": _at("kpi", folder_to_file, "kpi: it is no folder"),
}
PRESENCE_DAMAGE = {
    "attachments truncated": _presence(truncate, _FEWER),
    "attachments of no bytes": _presence(lambda path: path.write_bytes(b""), _FEWER),
    "attachments gone": _presence(Path.unlink, "it is gone"),
    "attachments with one bit flipped": _presence(flip, _CHANGED),
    "attachments of another arrival": Kind(
        lambda store: swap(presence_files(store)[-1], presence_files(store)[0]), f"{_FEWER}|{_CHANGED}"
    ),
    "folder of attachments a file": _at("presence", folder_to_file, "presence: it is no folder"),
}
ARRAY_DAMAGE = {
    "baseline truncated": _state("baseline-900.npz", truncate, "unreadable"),
    "baseline with one bit flipped": _state("baseline-900.npz", flip, f"{_CHANGED}|unreadable"),
    "baseline gone": _state("baseline-900.npz", Path.unlink, ""),
    "habits truncated": _state("habit.npz", truncate, "unreadable"),
    "habits with one bit flipped": _state("habit.npz", flip, f"{_CHANGED}|unreadable"),
    "folder of arrays a file": _at("state", folder_to_file, "state: it is no folder"),
}
OTHER_DAMAGE = {
    "waiting audit entry torn": _at("audit-waiting/1000-aa.json", torn_json, "torn entry"),
    "daemon.json garbage": _at("daemon.json", lambda path: path.write_bytes(b"\xff\x00{"), "daemon.json: it says nothing"),
    "daemon.json a folder": _at("daemon.json", file_to_folder, "daemon.json: it says nothing"),
    "part left over": _at("kpi/.x.parquet.1-1.part", lambda path: path.write_bytes(b"PAR1"), "part of a file"),
    "file of no tick": _at("kpi/20260101.parquet", lambda path: path.write_bytes(b"PAR1"), "no tick refers to it"),
    "quarantine a file": _at("quarantine", folder_to_file, "quarantine: it is no folder"),
}
ALL = KPI_DAMAGE | PRESENCE_DAMAGE | ARRAY_DAMAGE | OTHER_DAMAGE


def together() -> list[dict[str, Kind]]:
    """Every kind once, one of each group in the same store: they do not get into one another's way."""
    groups = [KPI_DAMAGE, PRESENCE_DAMAGE, ARRAY_DAMAGE, OTHER_DAMAGE]
    rows = zip_longest(*(group.items() for group in groups))
    return [dict(filter(None, row)) for row in rows]
