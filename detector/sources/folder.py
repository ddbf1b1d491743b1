"""Feeds of kind `folder`, and the two kinds of `[sources]`."""

from pathlib import Path
from typing import Literal

from detector.domain.errors import Misconfigured
from detector.domain.ports import Operator
from detector.lengths import Length, seconds_of
from detector.sources.feed import Feed, FeedContext, FeedSettings

_FOR_ALL = 0o755
"""Rights of an inbox that the service creates (octal 755). Chosen: others may read it; its owner decides who may write."""


def _operator_in(folder: Path) -> Operator | None:
    from detector.sources.reference import read_operator

    path = folder / "operator.toml"
    return read_operator(path) if path.exists() else None


def make_folder(path: Path, context: FeedContext) -> None:
    """Outside the store others may deliver as well, as far as the folder's rights let them; inside it is its owner's alone
    until the operator opens it. One that is there stays as it is. Raises Misconfigured."""
    try:
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            if not path.absolute().is_relative_to(context.storage.absolute()):
                path.chmod(_FOR_ALL)
    except OSError as error:
        where, mend = f"{context.section}.path: {path}", "name a folder that can be read and written"
        raise Misconfigured(error.strerror or str(error), where=where, mend=mend) from error


class FolderSettings(FeedSettings):
    """A folder laid out as an operator dataset, into which others drop files; what is not requested is not read."""

    kind: Literal["folder"] = "folder"
    path: Path
    settle_s: float = 2.0
    """A file is read when it has not changed for so long; 0 where files appear whole, by a rename."""
    incomplete_after: Length = "1 min"
    """A file that is cut off is reported as incomplete when it has not changed for so long; it stays, and is read when
    whole."""
    largest_file_mb: float = 0
    """No file is read that holds more, packed or not; 0: by the network's size, 64 MB to 4 GB."""
    file_budget_s: float = 60
    """A file that takes longer to read is set aside."""

    @property
    def folders(self) -> dict[str, Path]:
        return {"path": self.path}

    def said_operator(self) -> Operator | None:
        return _operator_in(self.path)

    def open(self, context: FeedContext) -> Feed:
        """Makes the folder if it is not there. Raises Misconfigured."""
        from detector.sources.settling import Watching
        from detector.sources.watched_folder import WatchedFolder

        make_folder(self.path, context)
        how = Watching(
            settle_s=self.settle_s,
            patience_s=seconds_of(self.incomplete_after),
            file_s=self.file_budget_s,
            largest_bytes=int(self.largest_file_mb * 2**20),
        )
        folder = WatchedFolder(self.path, context, name=self.name, what=self.wanted, how=how)
        return folder.feed(every_s=self.every_s, silent_after_s=self.silent_after_s)


class DatasetSettings(FeedSettings):
    """An operator dataset that is given as its rows would have arrived: for replays, under a clock that moves."""

    kind: Literal["dataset"] = "dataset"
    path: Path

    @property
    def folders(self) -> dict[str, Path]:
        return {"path": self.path}

    def said_operator(self) -> Operator | None:
        return _operator_in(self.path)

    def open(self, context: FeedContext) -> Feed:
        from detector.sources.dataset import OperatorDataset

        make_folder(self.path, context)
        dataset = OperatorDataset(self.path, context.pseudonymiser, name=self.name, what=self.wanted)
        return dataset.feed(every_s=self.every_s, silent_after_s=self.silent_after_s)
