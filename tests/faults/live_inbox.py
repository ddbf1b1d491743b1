"""A small operator's service over a watched folder: its past lies there, then a quarter's files arrive at each moment."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from detector.domain.finding import Finding
from detector.domain.window import Window
from detector.sources.settling import Watching
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import COLUMNS, DELAY_S, HOUR, LIVE, QUARTER, counter_rows, iso, table, write_operator
from tests.folder_feeds import feeds_of, watched_folder

QUARTERS = 7
"""The site fails from the second quarter to the fourth; two more let it be resolved."""


def arrival_time(quarter: int) -> int:
    """When (s) the counters of a quarter after LIVE arrive."""
    return LIVE + (quarter + 1) * QUARTER + DELAY_S


@dataclass
class LiveInbox:
    """The service of `app`, its inbox, and what its receiver got."""

    root: Path
    receiver: Recording
    app: SmallApp = field(init=False)

    def __post_init__(self) -> None:
        if not self.inbox.exists():
            write_operator(self.inbox, until=LIVE)
            for path in self.inbox.rglob("*.csv"):
                os.utime(path, (LIVE - 60, LIVE - 60))
        self.app = self.open()
        self.app.jobs.decide_from()

    @property
    def inbox(self) -> Path:
        return self.root / "operator"

    @property
    def quarantine(self) -> Path:
        return self.root / "var" / "quarantine"

    def open(self) -> SmallApp:
        """As a start of the service over this folder would have it."""
        folder = watched_folder(self.inbox, self.quarantine, how=Watching(patience_s=60.0))
        return SmallApp(root=self.root, url=self.receiver.url, feeds=feeds_of(folder))

    def counters(self, quarter: int, folder: Path | None = None) -> tuple[str, bytes]:
        """(name, bytes) of a quarter's counters."""
        path = (folder or self.root / "scratch") / f"counters/{quarter}.csv"
        table(path, COLUMNS, counter_rows([LIVE + quarter * QUARTER]))
        return f"counters/{quarter}.csv", path.read_bytes()

    def put(self, name: str, data: bytes, at: float) -> Path:
        """The file as it lies there from `at` (s) on."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (at - 10, at - 10))
        return path

    def round(self, at: float) -> None:
        """All that the daemon does in one wake-up."""
        self.app.tick(int(at))

    def live(self, before: Callable[[int], object] = lambda _quarter: None) -> None:
        """Every quarter on time; `before` may put more there."""
        for quarter in range(QUARTERS):
            name, data = self.counters(quarter)
            self.put(name, data, arrival_time(quarter))
            before(quarter)
            self.round(arrival_time(quarter))

    @property
    def delivered(self) -> dict[str, set[bytes]]:
        """webhook-id -> the different bodies sent under it."""
        return self.receiver.meanings

    @property
    def findings(self) -> list[Finding]:
        return list(self.app.store.findings.all())

    def found(self, name: str) -> dict[str, str]:
        """Code -> example of what was found about a file."""
        return {f.code: f.example for f in self.findings if f.where == name}

    def objects(self, quarter: int) -> Sequence[str]:
        """Who is in the tick."""
        start = LIVE + quarter * QUARTER
        return list(self.app.store.history.read(QUARTER, Window(start, start + QUARTER)).objects)


def live_through_past(root: Path) -> Path:
    """A service that has read and learned from its past, and was stopped: to be copied."""
    with live_inbox(root) as made:
        made.round(LIVE)
    return root


@contextmanager
def live_inbox(root: Path, past: Path | None = None) -> Iterator[LiveInbox]:
    """Begins with a copy of `past` if that is given; closed at the end."""
    if past is not None:
        shutil.copytree(past, root)
    root.mkdir(parents=True, exist_ok=True)
    with recording() as receiver:
        made = LiveInbox(root, receiver)
        try:
            yield made
        finally:
            made.app.close()


__all__ = ["HOUR", "LIVE", "QUARTER", "QUARTERS", "LiveInbox", "arrival_time", "iso", "live_inbox", "live_through_past"]
