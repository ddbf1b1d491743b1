"""Which time is accepted: a clock that jumps is followed only where monotonic time or the data bear it out.

Evidence, the strongest first: the steady clock of the machine (within one start of it, also over restarts of the service),
the ends of the newest periods in the counter files (the elements that measured them have clocks of their own), and time
itself: a new time that holds for hours and that no data contradict. File times are no evidence: this machine's own clock
wrote them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock

import structlog

from detector.clock import boot_id, steady_s
from detector.domain.finding import Findings
from detector.domain.ports import Clock
from detector.domain.saved_clock import SavedClock
from detector.domain.window import DAY_S, HOUR_S, Window, iso
from detector.sources.feeds import Feeds
from detector.store import Store
from detector.telemetry import Telemetry
from jobs.clock_repair import repair

log = structlog.get_logger()
JUMP_S = 1800.0
"""A reading that differs so much from what has passed is a jump. Chosen: two quarters of an hour; less makes at most one
period late, which late data put right."""
_MOVED_S = 6 * HOUR_S
"""So far a clock that is no wall clock is moved ahead without data. Chosen: a quarter of a day."""
PROVED_S = 6 * HOUR_S
"""A new time that holds so long by the monotonic clock, with no data against it, is accepted without data for it. Chosen: a
quarter of a day."""
_LAG_S = 1800.0
"""Data of the present end at most two periods, the arrival delay and this ago. Chosen: grace time, files that wait."""
_SAVED_EVERY_S = 60.0
"""Time between two saves of the accepted clock. Chosen: a restart loses a minute."""
_SLEWED_S = 1.0
"""A time server steers the clock by less between two rounds (ntpd(8): it steps from 128 ms on, else 500 ppm)."""
_HALF_DAY_S = DAY_S / 2
"""Data so far ahead of the clock show that the clock is behind. Chosen: less may be an element manager in the wrong time
zone."""
_AGREE = 3
"""Files that must agree. Chosen: one, or one of two, may come from a machine that is ahead."""


@dataclass(frozen=True)
class ClockJump:
    """The clock jumped at `since` (s, steady) to `to`, when `at` was expected; `newest` is the end of the newest data then.
    Not `reported`: the service may only have been off for a while, which is no finding."""

    since: float
    at: float
    to: float
    newest: float = 0.0
    reported: bool = True


@dataclass(frozen=True)
class Believed:
    """Time `at` (s) belongs to `steady` (s). `borne_out`: data have agreed with it, last at `sure_at` (s, event time)."""

    at: float
    steady: float
    borne_out: bool = False
    sure_at: float = 0.0
    jump: ClockJump | None = None
    known_lapse: bool = True
    """False: the machine was restarted since, and how long it was off is not known."""

    def then(self, steady: float) -> float:
        """The time at this steady reading, by what has passed."""
        return self.at + max(0.0, steady - self.steady)


@dataclass(kw_only=True)
class ClockGuard:
    """A `domain.ports.Clock` that gives the accepted time. `look` decides it, once a round; `now` only reads."""

    clock: Clock
    store: Store
    feeds: Feeds
    telemetry: Telemetry
    steady: Callable[[], float] = steady_s
    boot: str = field(default_factory=boot_id)
    timed: bool = True
    """The clock runs beside the steady one. Else it is moved, by a demonstration or a test, as far as these like."""
    _believed: Believed | None = None
    _saved: Believed | None = None
    _repaired: bool = False
    _lock: RLock = field(default_factory=RLock, repr=False)

    def now(self) -> float:
        """The clock where it agrees with the accepted time, else the accepted time plus the time that has passed since."""
        reading, believed = self.clock.now(), self._believed
        if believed is None or (believed.jump is None and not self.timed):
            return reading
        expected = believed.then(self.steady())
        return reading if self._goes_on(reading, expected) else expected

    def look_before(self, job: str) -> None:
        """Look before this job if it may find a jump: a clock that is moved is judged when data are read at its time."""
        if job == "pull" or (self.timed and job != "push"):
            self.look()

    def _goes_on(self, reading: float, expected: float) -> bool:
        return -JUMP_S <= reading - expected <= (JUMP_S if self.timed else _MOVED_S)

    @property
    def uncertain(self) -> bool:
        """Whether the clock and the accepted time differ."""
        return self._believed is not None and self._believed.jump is not None

    def certain(self) -> bool:
        """Whether irreversible actions are allowed, such as retention: not while the clock is uncertain."""
        return not self.uncertain

    def problem(self) -> str:
        """The text of /readyz while the time is uncertain; empty otherwise."""
        if not self.uncertain:
            return ""
        return (
            f"clock: it says {iso(self.clock.now())}, which no data bear out; work goes on at {iso(self.now())}, "
            "nothing is deleted; set the clock right"
        )

    def look(self) -> None:
        """Decide the accepted time; record and report a jump; repair what was written at a time in the future.
        Raises Transient when the store cannot be read or written."""
        with self._lock:
            reading, steady = self.clock.now(), self.steady()
            before = self._believed or self._restored(reading, steady)
            after = self._judged(before, reading, steady)
            self._report(before, after, reading)
            went_back = after.at < before.then(steady) - _SLEWED_S
            self._believed = after
            self.telemetry.clock(jumped_s=reading - after.at if after.jump else 0.0)
            if not self._repaired or went_back or (before.jump and not after.jump):
                sure_at = before.sure_at if self._saved is not None or self._repaired else 0.0
                repair(self.store, self.feeds, now=after.at, sure_at=sure_at)
                self._repaired = True
            self._save(after)

    def _restored(self, reading: float, steady: float) -> Believed:
        """The accepted time of the round before the restart; without one, the newest data of the store; else the clock."""
        saved = self.store.saved_clock.get()
        if saved is not None:
            self._saved = Believed(saved.at, saved.steady, saved.borne_out, saved.sure_at)
            same = bool(self.boot) and saved.boot == self.boot and saved.steady <= steady
            kept = self._saved if same else replace(self._saved, steady=steady, known_lapse=False)
            return replace(kept, jump=_jump_of(saved) if same else None)
        newest = self._kept()
        if newest is not None and abs(reading - newest.end) > _lag(newest, self._delay_s(reading)):
            return Believed(float(newest.end), steady, known_lapse=False)
        return Believed(reading, steady)

    def _judged(self, before: Believed, reading: float, steady: float) -> Believed:
        expected = before.then(steady)
        if self._goes_on(reading, expected):
            return self._agreed(before, reading, steady)
        if self._borne_out(before, reading, expected):
            return Believed(reading, steady, borne_out=True, sure_at=reading)
        return self._doubted(before, reading, expected, steady)

    def _agreed(self, before: Believed, reading: float, steady: float) -> Believed:
        """The clock goes on as it should. One that data have never agreed with is compared with them."""
        went_on = abs(reading - before.then(steady)) <= JUMP_S
        borne_out = (before.borne_out and went_on) or self._supports(reading)
        newest = None if borne_out else self._ahead(reading)
        if newest is not None and newest.end > reading + _HALF_DAY_S:  # a first start with a clock that is far behind
            jump = before.jump or ClockJump(steady, float(newest.end), reading, newest.end)
            return Believed(float(newest.end), steady, jump=jump)
        return Believed(reading, steady, borne_out, reading if borne_out else before.sure_at)

    def _borne_out(self, before: Believed, reading: float, expected: float) -> bool:
        """Whether the data are of the clock's time, and nearer to it than to what was expected."""
        newest = self.newest(reading)
        if newest is None or not self._supports(reading) or abs(reading - newest.end) >= abs(expected - newest.end):
            return False
        if reading > expected or not before.borne_out:
            return True
        kept = self._kept()  # back, against a time that data had agreed with: data from before are no reason
        return kept is None or newest.end > max(kept.end, before.jump.newest if before.jump else 0.0)

    def _doubted(self, before: Believed, reading: float, expected: float, steady: float) -> Believed:
        """Work goes on at the expected time, or at that of the newest data if it is far behind them."""
        newest, ahead, jump = self.newest(expected), self._ahead(expected), before.jump
        if jump is None or abs(reading - (jump.to + steady - jump.since)) > JUMP_S:
            reported = before.known_lapse or reading < expected
            jump = ClockJump(steady, expected, reading, newest.end if newest else 0.0, reported)
        if newest is not None and newest.end > jump.newest and self._supports(expected):
            jump = replace(jump, since=steady, to=reading, newest=newest.end)  # fresh data contradict the clock
        if reading > expected and steady - jump.since >= PROVED_S:
            return Believed(reading, steady, sure_at=before.sure_at)
        if ahead is not None and ahead.end - expected > _HALF_DAY_S:
            expected = float(ahead.end)
        return replace(before, at=expected, steady=steady, jump=jump, known_lapse=True)

    def _supports(self, at: float) -> bool:
        """The newest data end just before this time."""
        newest = self.newest(at)
        return newest is not None and -JUMP_S <= at - newest.end <= _lag(newest, self._delay_s(at))

    def newest(self, at: float) -> Window | None:
        """The newest period of what has arrived by `at` or is kept; None = no data."""
        found = [period for period in (newest_of(self.feeds.newest_periods(at)), self._kept()) if period is not None]
        return max(found, key=lambda period: period.end, default=None)

    def _ahead(self, at: float) -> Window | None:
        """The newest period where so many files agree that it may be the clock that is behind, and not one file ahead."""
        periods = self.feeds.newest_periods(at)
        return self.newest(at) if len(periods) >= _AGREE else None

    def _kept(self) -> Window | None:
        """The newest period of which most objects reported, in the store."""
        return max((tick.window for tick in self.store.ticks.newest_measured()), key=lambda one: one.end, default=None)

    def _delay_s(self, at: float) -> int:
        return self.feeds.reference(at).operator.arrival_delay_s

    def _report(self, before: Believed, after: Believed, reading: float) -> None:
        """A jump is one finding, one line in the log and one more in the metric; its end is a line."""
        expected, jump, ended = before.then(after.steady), after.jump, before.jump
        if ended is not None and jump is None:
            log.warning("clock believed again", at=iso(after.at), was_ahead_s=round(ended.to - ended.at))
            if not ended.reported and abs(after.at - expected) <= JUMP_S:
                self._count(ended.at, ended.to, "not believed: no data bore it out", after.at)
        elif jump is not None and (ended is None or jump.at != ended.at):
            became = f"not believed: no data bear it out; work goes on at {iso(after.at)}"
            log.warning("clock jumped", was=iso(jump.at), reads=iso(jump.to), became=became)
            if jump.reported:
                self._count(jump.at, jump.to, became, after.at)
        elif jump is None and ended is None and before.known_lapse and not self._goes_on(reading, expected):
            log.warning("clock jumped", was=iso(expected), reads=iso(reading), became="borne out by the data")
            self._count(expected, reading, "borne out by the data", after.at)

    def _count(self, was: float, reads: float, became: str, at: float) -> None:
        self.telemetry.clock_jumps.inc()
        findings = Findings()
        findings.add("clock_jumped", "clock", f"from {iso(was)} to {iso(reads)}: {became}")
        with self.store.begin() as connection:
            self.store.findings.add(connection, findings, at)

    def _save(self, believed: Believed) -> None:
        """For the next start of the service: when a minute has passed, or the accepted time has changed otherwise."""
        saved = self._saved
        fresh = saved is not None and abs(believed.at - saved.at) < _SAVED_EVERY_S
        if fresh and saved is not None and (saved.jump, saved.borne_out) == (believed.jump, believed.borne_out):
            return
        with self.store.begin() as connection:
            self.store.saved_clock.save(connection, _saved_clock(self.boot, believed))
        self._saved = believed


def _saved_clock(boot: str, believed: Believed) -> SavedClock:
    jump = believed.jump
    return SavedClock(
        boot=boot,
        at=believed.at,
        steady=believed.steady,
        borne_out=believed.borne_out,
        sure_at=believed.sure_at,
        jump_since=None if jump is None else jump.since,
        jump_at=None if jump is None else jump.at,
        jump_to=None if jump is None else jump.to,
        jump_newest=None if jump is None else jump.newest,
        jump_reported=jump is not None and jump.reported,
    )


def _jump_of(saved: SavedClock) -> ClockJump | None:
    """The jump that was not accepted when the clock was saved."""
    since, at, to, newest = saved.jump_since, saved.jump_at, saved.jump_to, saved.jump_newest
    if since is None or at is None or to is None or newest is None:
        return None
    return ClockJump(since, at, to, newest, saved.jump_reported)


def newest_of(periods: Sequence[Window]) -> Window | None:
    """The newest of these periods, those left out that lie more than a day from the middle one: one element manager with a
    wrong clock is no evidence.

    >>> newest_of([Window(0, 900), Window(900, 1800), Window(864_000, 864_900)])
    Window(start=900, end=1800)
    """
    if not periods:
        return None
    ordered = sorted(periods, key=lambda period: period.end)
    middle = ordered[len(ordered) // 2]
    return [period for period in ordered if abs(period.end - middle.end) <= DAY_S][-1]


def _lag(period: Window, delay_s: float) -> float:
    """How long ago (s) data of the present may have ended."""
    return 2 * period.seconds + delay_s + _LAG_S
