"""What happens at the same time every day is no news; what happens on one day is, and so is what fails to happen."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Operator, Reference
from detector.scoring import band, fit, from_arrays, score
from tests.unit.scoring.faultless_network import kpi

BERLIN = ZoneInfo("Europe/Berlin")
OPERATOR = Operator(timezone="Europe/Berlin")
POLICY = DetectionPolicy()
RAISED = 5.0
"""-log10 p that raises an object of a small network."""
HOUR = 3600
GAUGE, STATE, VOLUME, MEAN, RATIO, RATE = (
    ("gauge", "up"),
    ("state", "both"),
    ("volume", "up"),
    ("mean", "up"),
    ("ratio", "up"),
    ("rate", "down"),
)


class World:
    """Six objects of one KPI, the first of which changes by `times` from `since` to `until` (local seconds of the day)."""

    def __init__(self, kind=GAUGE, *, period_s=900, days=21, since=0, until=6 * HOUR, times=14 / 45, **more):
        self.kind, self.period_s, self.days = kind, period_s, days
        self.since, self.until, self.times = since, until, times
        given = {"noise": 0.05, "first": "2026-03-02", "only": range(7), "jitter_s": 0.0, "seed": 1} | more
        self.first = datetime.fromisoformat(given["first"]).replace(tzinfo=BERLIN)
        self.noise, self.only, self.jitter_s = given["noise"], given["only"], given["jitter_s"]
        self.rng = np.random.default_rng(given["seed"])
        begin = int(self.first.timestamp())
        self.starts = np.arange(begin, begin + (days + 2) * 86400, period_s)
        wall = [datetime.fromtimestamp(s, BERLIN) for s in self.starts.tolist()]
        self.tod = np.array([at.hour * 3600 + at.minute * 60 for at in wall])
        self.day = np.array([(at.date() - self.first.date()).days for at in wall])
        self.weekday = np.array([at.weekday() for at in wall])
        late = self.rng.normal(0, self.jitter_s, days + 4)[self.day] if self.jitter_s else 0.0
        inside = self._share(self.tod - late) * np.isin(self.weekday, list(self.only))
        self.level = np.ones((len(self.starts), 6))
        self.level[:, 0] = 1 + (times - 1) * inside

    def _share(self, tod):
        """How much of each period lies within."""
        return np.clip((self.until - tod) / self.period_s, 0, 1) - np.clip((self.since - tod) / self.period_s, 0, 1)

    def place(self, day, second):
        return int(np.flatnonzero((self.day == day) & (self.tod == second))[0])

    def frame(self):
        kind, direction = self.kind
        noisy = self.level * np.exp(self.rng.normal(0, self.noise, self.level.shape))
        n = self.rng.poisson(3000, self.level.shape).astype(float)
        match kind:
            case "ratio":
                events, size = n - self.rng.binomial(n.astype(int), np.clip(0.02 * noisy, 0, 1)), n
            case "rate":
                events, size = self.rng.poisson(0.02 * n * noisy).astype(float), n
            case "state":
                events, size = np.round(40_000 * self.level), np.ones_like(n)
            case _:
                events, size = np.round(45_000 * noisy), np.ones_like(n)
        own = kpi("x", kind, direction, technology="core", family="core", floor=0.01 if kind == "ratio" else 0.2)
        return KpiFrame(
            starts=self.starts,
            duration_s=self.period_s,
            objects=tuple(f"amf-{i}" for i in range(6)),
            kpis=(own,),
            numerator=events[..., None],
            denominator=size[..., None],
            suspect=np.zeros(n.shape, bool),
        )


def part(frame, first, last):
    cut = slice(max(first, 0), last)
    return KpiFrame(
        starts=frame.starts[cut].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[cut].copy(),
        denominator=frame.denominator[cut].copy(),
        suspect=frame.suspect[cut].copy(),
    )


def learned(world, frame):
    history = part(frame, 0, int((world.day < world.days).sum()))
    none = np.zeros(history.suspect.shape, bool)
    return fit(history, timezone="Europe/Berlin", excluded=none, peers=None, detection_policy=POLICY)


def raised(world, *, first=None, hours=24.0):
    """Times of day, from the first day after the history on, at which the first object is raised."""
    frame = world.frame()
    base, ewma, found = learned(world, frame), None, []
    first = world.place(world.days, 0) if first is None else first
    for p in range(first - 8, min(first + int(hours * HOUR / world.period_s), len(frame.starts))):
        got = score(part(frame, p - 11, p + 1), base, Reference(operator=OPERATOR), frame.objects, POLICY, ewma)
        ewma = got.ewma
        if p >= first and got.matters[0, 0] and got.neg_log10_p[0, 0] > RAISED:
            found.append(int(world.tod[p]))
    return found


def changed(world, second, times):
    """What is raised within two hours where the first object changes on the first day after the history."""
    first = world.place(world.days, second)
    world.level[first : first + 8 * HOUR // world.period_s, 0] = times
    return raised(world, first=first, hours=2)


BAD = {GAUGE: 14 / 45, STATE: 14 / 45, VOLUME: 0.05, MEAN: 0.4, RATIO: 3.0, RATE: 3.0}


@pytest.mark.parametrize("since", [0, 3 * HOUR + 37 * 60], ids=["midnight", "03:37"])
@pytest.mark.parametrize(("kind", "times"), BAD.items(), ids=[kind for kind, _ in BAD])
def test_a_step_of_every_day_is_no_news_and_one_at_another_time_is(kind, times, since):
    assert raised(World(kind, since=since, times=times)) == []
    assert changed(World(kind, since=since, times=times), 22 * HOUR, times)[0] <= 22 * HOUR + 900


RECURRENCES = {
    "by five minutes": {"period_s": 300},
    "by the hour": {"period_s": 3600, "since": 3 * HOUR + 37 * 60},
    "seen four times": {"days": 4},
    "seen for a week": {"days": 7},
    "on working days": {"only": range(5)},
    "on working days, seen for a week": {"only": range(5), "days": 7},
    "on Mondays": {"only": [0]},
    "over the change to summer time": {"first": "2026-03-10"},
    "over the change to winter time": {"first": "2026-10-06"},
    "for a quarter of an hour": {"since": 3 * HOUR + 1800, "until": 3 * HOUR + 2700},
    "beside much noise": {"noise": 0.2, "times": 0.4},
}


@pytest.mark.parametrize("recurrence", RECURRENCES.values(), ids=RECURRENCES)
def test_a_step_that_recurs_is_expectation(recurrence):
    assert raised(World(**recurrence), hours=47) == []
    assert changed(World(**recurrence), 22 * HOUR, 14 / 45)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("days", [7, 21])
def test_a_step_whose_minute_varies_is_no_news_early_or_late(days, seed):
    assert raised(World(jitter_s=1200, days=days, seed=seed), hours=47) == []


@pytest.mark.parametrize(
    ("kind", "times", "stays"),
    [(STATE, 14 / 45, 1.0), (GAUGE, 45 / 14, 1.0), (RATE, 0.2, 1.0)],
    ids=["state", "gauge", "rate"],
)
def test_a_step_that_fails_to_come_is_news(kind, times, stays):
    assert changed(World(kind, times=times), 0, stays)[0] <= 900


def test_a_step_on_two_days_of_twenty_does_not_recur():
    world = World(times=1.0)
    for day in (8, 13):
        world.level[(world.day == day) & (world.tod < 6 * HOUR), 0] = 14 / 45
    assert changed(world, 0, 14 / 45)[0] == 0


def test_the_band_follows_the_step():
    world = World()
    frame = world.frame()
    shown = band(frame, learned(world, frame), "amf-0", "x", "Europe/Berlin")
    outside = (shown.observed < shown.low) | (shown.observed > shown.high)
    assert outside.mean() < 0.03
    assert shown.expected[world.place(21, 85500)] == pytest.approx(45_000, rel=0.05)
    assert shown.expected[world.place(21, 0)] == pytest.approx(14_000, rel=0.05)


def test_only_what_needs_it_is_kept():
    world = World()
    place = learned(world, world.frame()).recurring_place
    assert set(place[:, 1].tolist()) == {0}
    assert len(place) < 0.2 * 7 * 96


def test_a_baseline_of_an_earlier_version_has_no_steps():
    world = World(days=4)
    base = learned(world, world.frame())
    stored = base.to_arrays()
    again = from_arrays(stored, base.kpis)
    assert np.array_equal(again.recurring_place, base.recurring_place)
    older = {name: side for name, side in stored.items() if not name.startswith("recurring")}
    assert not len(from_arrays(older, base.kpis).recurring_place)


@pytest.mark.parametrize("times", [0.5, 2.0], ids=["halves", "doubles"])
def test_a_gauge_of_two_sides_is_raised_either_way_and_quiet_between(times):
    assert raised(World(("gauge", "both"), times=14 / 45)) == []
    assert changed(World(("gauge", "both"), times=14 / 45), 12 * HOUR, times)[0] <= 12 * HOUR + 900
    assert changed(World(("gauge", "both"), times=14 / 45), 0, 1.0)[0] <= 900
