"""A small operator dataset on disk, table by table."""

from pathlib import Path

from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser

T0 = 1774339200  # 2026-03-24T08:00:00Z, a Tuesday
MINUTE, HOUR, DAY = 60, 3600, 86_400
NEVER = 10**10
NAMES = Pseudonymiser(b"k" * 32)


def write(root: Path, tables: dict[str, str]) -> Path:
    """Files below `root`; a table's lines may be indented as a test likes."""
    for name, text in tables.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n", encoding="utf-8")
    return root


def dataset(root: Path, tables: dict[str, str], **options) -> OperatorDataset:
    return OperatorDataset(write(root, tables), NAMES, **options)
