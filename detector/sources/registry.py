"""Which sources there are: a further kind is one file and one line here."""

from pathlib import Path

from detector.domain.errors import Misconfigured
from detector.domain.ports import Clock, Source
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from detector.sources.watch import FileDrop, Watching

SOURCES: dict[str, type[OperatorDataset]] = {"dataset": OperatorDataset, "file_drop": FileDrop}


def open_source(
    kind: str,
    root: Path,
    pseudonymiser: Pseudonymiser,
    quarantine: Path,
    *,
    wall: Clock | None = None,
    how: Watching | None = None,
) -> Source:
    """The source of this kind over a directory. Raises Misconfigured for a kind that is not there."""
    if kind not in SOURCES:
        raise Misconfigured(f"unknown kind {kind!r}", where="sources", mend=f"known are {', '.join(SOURCES)}")
    return (
        FileDrop(root, pseudonymiser, quarantine, wall=wall, how=how)
        if kind == "file_drop"
        else SOURCES[kind](root, pseudonymiser)
    )
