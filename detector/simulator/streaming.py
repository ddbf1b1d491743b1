"""A simulated operator in real time: its history first, then files that arrive as its clock goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.domain.window import DAY_S, HOUR_S, utc
from detector.simulator.batch import Progress, day_name, write_counters
from detector.simulator.complaints import Complaints, ContactRow
from detector.simulator.customers import CONTACTS, contact_rows, write_aftermath, write_people, write_suffering
from detector.simulator.file_defects import draw_file_defects
from detector.simulator.operations import draw_alarms, draw_tickets
from detector.simulator.pm_xml import PmFile, PmWriter
from detector.simulator.prepared import Day
from detector.simulator.presence import DayPresence, Suffering, day_presence
from detector.simulator.reference import write_alarms, write_maintenance, write_network, write_tickets, write_truth
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.subscribers import build_people
from detector.simulator.tables import Columns, TableWriter, attachment_columns, write_rows
from detector.simulator.world import build_world

DELAY_S = 240
"""From the end of a period or hour until its files are there. Chosen: operator.toml promises five minutes."""


@dataclass(frozen=True, eq=False)
class StreamedDay:
    """The day that is written now: its PM files, its presence, and its late files as (arrival, file)."""

    number: int
    start: int
    pm: PmWriter
    late: tuple[tuple[int, PmFile], ...]
    presence: DayPresence


class StreamingOperator:
    """Writes the operator of a demonstration into `out`: its history once, then `advance(to_s)` again and again. The history
    is either written as files (`write_history`) or given day by day as columns (`days`), with the same values.

    The history ends at `history_end = start + history_days` days; let that be a morning of the operator's time zone
    (Europe/Berlin; the default start is Monday 2026-03-02, 07:00), for the plan's first faults come within two hours.
    The same arguments give the same files, so one that is made anew writes again what was written, byte for byte.
    """

    def __init__(
        self,
        out: Path,
        *,
        cells: int = 200,
        seed: int = 1,
        start: int = 1_772_431_200,
        history_days: int = 21,
        streamed_days: int = 3,
        subscribers_per_cell: int = 40,
    ) -> None:
        self._out = out
        self._scenario = Scenario(
            cells=cells,
            days=history_days + streamed_days,
            seed=seed,
            start=start - start % HOUR_S,
            history_days=history_days,
            subscribers_per_cell=subscribers_per_cell,
            scripted=True,
        )
        self.world = build_world(self._scenario)
        self.people = build_people(self._scenario, self.world.network)
        self._complaints = Complaints(self.world, self.people)
        self._alarms, self._tickets = draw_alarms(self.world), draw_tickets(self.world)
        self._writer = TableWriter()
        self._suffering: list[Suffering] = []
        self._contacts: list[ContactRow] = []
        self._arrivals: list[tuple[int, PmFile, Path]] = []
        self._day: StreamedDay | None = None
        self._done = self.history_end
        self._next_day = 0
        self._news = (0, 0)

    @property
    def history_end(self) -> int:
        """End of the history and beginning of the streamed days (s)."""
        return self._scenario.faults_from

    @property
    def ends(self) -> int:
        """After this (s) nothing more happens."""
        return self._scenario.end

    def write_history(self, progress: Progress | None = None) -> None:
        """Reference files, and the counters, attachments and contacts of all days before `history_end`;
        `progress` is called with (days done, days)."""
        arrivals: list[tuple[str, str]] = []
        for day in self.days():
            arrivals += write_counters(self._out, self._writer, self.world, day.number, day.counters)
            columns = attachment_columns(self.world, self.people, day.presence)
            self._writer.write(self._out / "attachments" / f"{day_name(day.counters)}.parquet", columns)
            if progress is not None:
                progress(day.number + 1, self._scenario.history_days)
        write_rows(self._out / "arrivals.csv", ("file", "arrived_at"), arrivals)

    def days(self) -> Iterator[Day]:
        """The days before `history_end` in order. The tables (network, customers, contacts so far) are on disk before each
        day is given; counters and attachments are in the day itself and nowhere else."""
        write_network(self._out, self.world)
        write_people(self._out, self.world, self.people)
        write_truth(self._out, self.world)
        for number in range(self._scenario.history_days):
            counters = self.world.day(number)
            presence = day_presence(self.world, self.people, number, counters)
            self._contacts += self._complaints.day(number, presence)
            self._next_day = number + 1
            end = self._scenario.start + self._next_day * DAY_S
            self._write_operations(end)
            yield Day(number, end, counters, presence)

    def advance(self, to_s: float) -> int:
        """Drop everything that arrived in (last call, to_s] of event time; gives the number of files dropped.

        Times before `history_end` or already played drop nothing. Raises ValueError before `write_history`.
        """
        if self._next_day < self._scenario.history_days:
            raise ValueError("the history is not there yet: call write_history(), or go through days(), first")
        to, files = min(int(to_s), self._scenario.end + DAY_S), 0
        while self._done < to:
            step = min(to, self._done - self._done % PERIOD_S + PERIOD_S)
            files += self._step(self._done, step)
            self._done = step
        self._write_operations(to)
        return files

    def _step(self, after: int, to: int) -> int:
        """What arrives in (after, to], at most a period long."""
        files = self._drop_late(after, to)
        ended = (to - DELAY_S) // PERIOD_S * PERIOD_S
        if after < ended + DELAY_S <= to and self.history_end < ended <= self._scenario.end:
            day = self._open(ended - PERIOD_S)
            for file in day.pm.in_time((ended - PERIOD_S - day.start) // PERIOD_S):
                file.write(self._folder(day))
                files += 1
            if (ended - day.start) % HOUR_S == 0:
                files += self._drop_attachments(day, ended - HOUR_S)
        return files

    def _drop_late(self, after: int, to: int) -> int:
        due = [(file, folder) for arrived, file, folder in self._arrivals if after < arrived <= to]
        for file, folder in due:
            file.write(folder)
        self._arrivals = [a for a in self._arrivals if a[0] > to]
        return len(due)

    def _drop_attachments(self, day: StreamedDay, hour: int) -> int:
        whole = attachment_columns(self.world, self.people, day.presence)
        chosen = np.flatnonzero(day.presence.hour == hour)
        columns: Columns = {name: values[chosen] for name, values in whole.items()}
        self._writer.write(self._out / "attachments" / f"{utc(hour):%Y-%m-%dT%H%M}.parquet", columns)
        return 1

    def _open(self, at: int) -> StreamedDay:
        """The day that holds this moment; it is drawn when the first of its periods has ended."""
        number = (at - self._scenario.start) // DAY_S
        if self._day is None or self._day.number != number:
            counters = self.world.day(number)
            file_defects = draw_file_defects(self._scenario, self.world.network, number, counters)
            presence = day_presence(self.world, self.people, number, counters)
            pm = PmWriter(self.world, counters, file_defects)
            late = tuple(arrival for block in file_defects.late for arrival in pm.late(block))
            self._suffering.append(presence.suffering)
            self._day = StreamedDay(number, self._scenario.start + number * DAY_S, pm, late, presence)
            self._contacts = sorted(self._contacts + self._complaints.day(number, presence), key=lambda c: (c.at, c.person))
            self._arrivals += [(arrived, file, self._folder(self._day)) for arrived, file in late]
        return self._day

    def _folder(self, day: StreamedDay) -> Path:
        return self._out / "counters" / f"{utc(day.start):%Y-%m-%d}"

    def _write_operations(self, now: int) -> None:
        """Alarms, tickets, works and all complaints, as known at `now`;
        surveys and sufferers once an hour."""
        known = [c for c in self._contacts if c.at <= now]
        works = tuple(f for f in self.world.faults if f.works)
        changes = [t for w in works for t in (w.start, w.end)] + [c.at for c in known]
        changes += [t for a in self._alarms for t in (a.raised_at, a.cleared_at)]
        changes += [t for t_ in self._tickets for t in (t_.opened_at, t_.closed_at)]
        hour = now - now % HOUR_S
        news = (hour, sum(at <= now for at in changes))
        if news == self._news:
            return
        self._news = news
        write_maintenance(self._out, works, now)
        write_alarms(self._out, self._alarms, now)
        write_tickets(self._out, self._tickets, now)
        write_rows(self._out / "contacts.csv", CONTACTS, contact_rows(self.world, self.people, known))
        write_aftermath(self._out, self.world, self.people, known, hour)
        write_suffering(self._out, self.world, self.people, [s.before(hour) for s in self._suffering])
