"""The days before a simulated operator goes live, given as columns: a feed for `pull` that writes and parses no file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.counters import CounterBatch
from detector.domain.exposure import Presence, no_presence
from detector.domain.finding import Findings
from detector.domain.ports import Arrivals, Cursor, SourceFile
from detector.domain.window import DAY_S, HOUR_S, Window, utc
from detector.simulator.counters import DayCounters
from detector.simulator.file_defects import FileDefects, draw_file_defects
from detector.simulator.presence import DayPresence
from detector.simulator.scenario import PERIOD_S
from detector.simulator.subscribers import People
from detector.simulator.tables import Columns, cell_rows, core_rows
from detector.simulator.world import World
from detector.sources.feed import Feed
from detector.sources.feeds import Feeds


@dataclass(frozen=True, eq=False)
class Day:
    """One simulated day; `end` in s."""

    number: int
    end: int
    counters: DayCounters
    presence: DayPresence


@dataclass(eq=False)
class PreparedDay:
    """A `CounterFeed` over one past day: the counters and attachments that its files would hold, as arrays.

    What files would otherwise state: topology, customers, contacts, the feed of the directory in which the operator's tables
    lie gives: `folder`. Late files have all come: nothing of a past day is still to arrive. `pseudonym`: raw subscriber id
    to the key that the service uses for it."""

    world: World
    people: People
    day: Day
    folder: Feed
    pseudonym: Callable[[str], str]
    name: str = "prepared"

    @property
    def feeds(self) -> Feeds:
        """The day in the place of the folder's own counters and attachments."""
        return Feeds([replace(self.folder, counters=self, presence=_Attachments(self.folder.name, self))])

    @property
    def _window(self) -> Window:
        return Window(self.day.end - DAY_S, self.day.end)

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        """The day as one file, once it is over."""
        name = f"counters/{utc(self._window.start):%Y-%m-%dT%H%M}"
        made_from = f"{self.world.scenario.seed}-{self.world.scenario.cells}"
        source_file = SourceFile(self.name, name, made_from, float(self.day.end), window=self._window)
        return [source_file] if after < self.day.end <= now else []

    def newest_periods(self, now: float) -> Sequence[Window]:
        """The day, once it is over."""
        return [self._window] if self.day.end <= now else []

    def read(self, source_file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        """A batch for each period and kind of object."""
        counters, network = self.day.counters, self.world.network
        file_defects = draw_file_defects(self.world.scenario, network, self.day.number, counters)
        arrived = arrived_in_the_end(file_defects)
        tables = [cell_rows(network, counters, file_defects, nr, arrived) for nr in (False, True)]
        tables += [core_rows(network, counters, kind) for kind in counters.core]
        for columns in tables:
            yield from batches(source_file.name, columns, window or self._window)

    def set_aside(self, source_file: SourceFile, reason: str) -> None:
        """There is no file to move."""

    def passed_over(self, findings: Findings) -> None:
        """Nothing: there is no folder in which something else could lie."""

    def presence(self, after: float, now: float) -> Presence:
        """Attachments of the day, once it is over."""
        rows = self.day.presence
        if not after < self.day.end <= now or not len(rows.person):
            return no_presence()
        seen, person = np.unique(rows.person, return_inverse=True)
        return Presence(
            subscribers=tuple(map(self.pseudonym, self.people.ids[seen])),
            cells=tuple(self.world.network.ids),
            subscriber=person.astype(np.int32),
            cell=rows.cell.astype(np.int32),
            start=rows.hour,
            duration_s=np.full(len(person), HOUR_S, np.int32),
            seconds=rows.seconds.astype(float),
            attempts=rows.attempts.astype(float),
            failures=rows.failures.astype(float),
        )


@dataclass(frozen=True)
class _Attachments:
    """An `EventFeed` of the presence of a prepared day."""

    name: str
    day: PreparedDay
    where: str = "attachments"

    def new(self, cursor: Cursor, now: float, findings: Findings) -> Arrivals[Presence]:
        return Arrivals(self.day.presence(cursor.until, now), no_presence(), Cursor(now))


def arrived_in_the_end(file_defects: FileDefects) -> NDArray[np.bool_]:
    """[96, C]: rows that came in time, and those that came late."""
    arrived = file_defects.arrives.copy()
    for block in file_defects.late:
        arrived[block.period, list(block.cells)] = True
    return arrived


def batches(file: str, columns: Columns, window: Window) -> Iterator[CounterBatch]:
    """Rows in order of time, cut into one batch a period that starts in the window."""
    starts = np.asarray(columns["start"], np.int64)
    names = tuple(name for name in columns if name not in ("object_id", "start", "duration_s", "suspect"))
    values = np.column_stack([np.asarray(columns[name], np.float64) for name in names])
    for start in np.unique(starts).tolist():
        low, high = np.searchsorted(starts, [start, start + 1])
        if window.contains(start):
            objects = tuple(columns["object_id"][low:high].tolist())
            suspect = np.asarray(columns["suspect"][low:high], bool)
            yield CounterBatch(
                file=file,
                start=start,
                duration_s=PERIOD_S,
                objects=objects,
                counters=names,
                values=values[low:high],
                suspect=suspect,
            )
