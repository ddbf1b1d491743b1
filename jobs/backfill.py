"""The last hours judged at once, at the first start: so that something is to be seen before the next period ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import structlog

from detector import care
from detector.clock import MovingClock
from detector.domain.communication import standing
from detector.domain.window import HOUR_S, utc
from detector.store.cursors import DECIDE_FROM
from jobs.registry import Jobs

log = structlog.get_logger()


@dataclass(frozen=True)
class Backfill:
    """Learns from what lies before the last `seconds`, then takes every decision of them in order, through the jobs of every
    day under a moving clock, as a backtest does.

    Nobody is sent what is past: alerts of those hours go to no receiver and are kept for the record, and their
    communications count as retracted. An incident that still goes on at the end is sent anew, as `opened`, at the present
    time.
    """

    jobs: Jobs
    seconds: int

    def run(self) -> str:
        """What was done, in a line. Nothing happens on a store that has been judging already. Raises PrecallError."""
        now = self.jobs.clock.now()
        begin = int(now) - self.seconds
        if not self._first(begin):
            since = self.jobs.store.progress.until(DECIDE_FROM) or now
            began = f"this store has been judging since {utc(since):%Y-%m-%dT%H:%MZ}, the first pull or run"
            return f"{began}: nothing before that is judged; begin with an empty storage.path to judge the past"
        self.jobs.run("pull")
        clock = MovingClock(begin)
        past = replace(self.jobs, clock=clock, receivers=())
        past.run("learn")
        with self.jobs.display(f"judging the last {self.seconds / HOUR_S:g} h") as progress:
            for at in self._moments(begin, now):
                clock.at = at
                past.run("detect")
                past.run("assess")
                progress((at - begin) / self.seconds)
        going_on = self._hand_over(int(now))
        incidents = [one for one in self.jobs.store.incidents.all() if not one.silent]
        return f"{len(incidents)} incidents since {utc(begin):%Y-%m-%dT%H:%MZ}, {going_on} of them going on"

    def _first(self, begin: int) -> bool:
        """Whether this store begins to judge now: from `begin` on."""
        store = self.jobs.store
        with store.begin() as connection:
            if store.progress.until(DECIDE_FROM) is not None:
                return False
            store.progress.save(connection, DECIDE_FROM, begin)
        return True

    def _moments(self, begin: int, now: float) -> Iterator[int]:
        """When each period's data should have come; a period that lacks some waits for the next of these, its grace over."""
        store = self.jobs.store
        delay = self.jobs.feeds.reference(now).operator.arrival_delay_s
        with store.begin() as connection:
            spans = store.ticks.span(connection)
        moments = set[int]()
        for length in spans:
            for start in range(begin - begin % length, int(now), length):
                moments.add(start + length + delay)
        yield from sorted(one for one in moments if begin < one <= now)

    def _hand_over(self, now: int) -> int:
        """Retracts the communications of the past; open incidents are sent to receivers. Returns how many there are."""
        store = self.jobs.store
        incidents = store.incidents.all()
        open_ = [one for one in incidents if one.state == "open" and not one.silent]
        with store.begin() as connection:
            rows = standing(store.communications.of([one.incident_id for one in incidents]))
            store.communications.add(connection, care.retracted(rows, now))
            for one in open_:
                store.notifications.drop(connection, one.incident_id)  # so that `assess` sends it as opened
            newest = list(store.ticks.completed("assess"))[-1:]
            for pending_step in newest if open_ else ():
                store.ticks.add_pending(connection, "assess", pending_step.tick, pending_step.version)
        self.jobs.run("assess")
        return len(open_)
