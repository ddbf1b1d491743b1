"""Sites that carry nothing: what their cells show together, by night, on a holiday, and where all of them sleep."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.degradations import track
from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.operations import CalendarEvent, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.scoring import Baseline, fit, score
from detector.scoring.baseline import from_arrays
from detector.scoring.fitting import Places
from tests.unit.scoring.faultless_network import MONDAY, SETUP, TRAFFIC, Network

POLICY = DetectionPolicy()
DAY, LEARNED = 96, 14
SITES = 6
EVENING, NIGHT, MORNING = 78, 12, 36
"""Periods of the day: 19:30, 03:00 and 09:00."""
TOPOLOGY = Topology(
    {
        f"c{i:03d}": Cell(cell_id=f"c{i:03d}", technology="LTE", site_id=f"s{i // 5}", region="r", tac="t")
        for i in range(5 * SITES)
    }
)
FIRST = tuple(TOPOLOGY.cells)[:5]
HOLIDAY = Operations(
    calendar=(CalendarEvent("network", "*", Window(MONDAY + LEARNED * 86400, MONDAY + 15 * 86400), "May day", "holiday"),)
)


@dataclass
class Site:
    """A network of six sites of five cells, of which the cells of the first do what the test says."""

    attempts: float = 120.0
    asleep: Sequence[tuple[int, int]] = ()
    """(first period, last period) of every day of the history in which all cells of the first site are empty."""
    by_turns: bool = False
    """One cell of the site is empty at a time instead, each at every fifth night."""
    frame: KpiFrame = field(init=False)

    def __post_init__(self) -> None:
        whole = Network(cells=5 * SITES, days=LEARNED + 1, seed=8, attempts=self.attempts).frame((SETUP, TRAFFIC))
        traffic = whole.numerator[:, :, 1].copy()
        day, period = np.arange(len(traffic)) // DAY, np.arange(len(traffic)) % DAY
        for begin, end in self.asleep:
            for cell in range(5):
                nights = (day < LEARNED) & (not self.by_turns or day % 5 == cell)
                traffic[nights & (period >= begin) & (period < end), cell] = 0
        self.frame = with_traffic(whole, traffic)

    @cached_property
    def baseline(self) -> Baseline:
        history = cut(self.frame, 0, LEARNED * DAY)
        sites = {name: cell.site_id for name, cell in TOPOLOGY.cells.items()}
        none = np.zeros(history.suspect.shape, bool)
        return fit(history, timezone="UTC", excluded=none, peers=None, places=Places(sites=sites), detection_policy=POLICY)

    def kinds(self, since: int, *, operations: Operations, share: NDArray[np.float64] | float = 1.0) -> set[str]:
        """What is raised of the first site in the two periods from `since` on, in which it carries nothing; on the day
        before it carries `share` [period] of what it usually does."""
        traffic = self.frame.numerator[:, :, 1].copy()
        today = slice(LEARNED * DAY, None)
        traffic[today, :5] = np.random.default_rng(3).binomial(
            traffic[today, :5].astype(int), np.broadcast_to(share, (DAY,))[:, None]
        )
        first = LEARNED * DAY + since
        traffic[first:, :5] = 0
        frame, found = with_traffic(self.frame, traffic), {}
        reference = Reference(topology=TOPOLOGY, operations=operations)
        for last in (first, first + 1):
            shown = score(cut(frame, last - 11, last + 1), self.baseline, reference, self.frame.objects, POLICY)
            tracked = track(shown, list(found.values()), {}, reference, POLICY, now=shown.tick.end)
            found |= {d.degradation_id: d for d in tracked.degradations}
        assert {d.object_id for d in found.values()} <= set(FIRST)
        assert len(found) in (0, 5)
        return {d.kind for d in found.values()}


def with_traffic(frame: KpiFrame, traffic: NDArray[np.float64]) -> KpiFrame:
    """Nobody tries where nobody is."""
    num, den = frame.numerator.copy(), frame.denominator.copy()
    num[:, :, 1] = traffic
    num[:, :, 0] = np.where(traffic > 0, num[:, :, 0], 0.0)
    den[:, :, 0] = np.where(traffic > 0, den[:, :, 0], 0.0)
    return replace(frame, numerator=num, denominator=den)


def cut(frame: KpiFrame, first: int, last: int) -> KpiFrame:
    rows = slice(first, last)
    return replace(
        frame,
        starts=frame.starts[rows],
        numerator=frame.numerator[rows].copy(),
        denominator=frame.denominator[rows].copy(),
        suspect=frame.suspect[rows].copy(),
    )


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    ("story", "since", "operations", "share", "kinds"),
    [
        ("an ordinary evening", EVENING, Operations(), 1.0, {"outage"}),
        ("the evening of a holiday", EVENING, HOLIDAY, 0.7, {"outage"}),
        ("an office that was empty all day", EVENING, HOLIDAY, 0.02, set()),
        ("an office into which nobody comes", MORNING, HOLIDAY, np.where(np.arange(DAY) < 24, 1.0, 0.0), set()),
        ("the last few leave", EVENING, HOLIDAY, 0.15, set()),
    ],
)
def test_a_site_that_falls_silent(
    site: Site, story: str, since: int, operations: Operations, share: NDArray[np.float64] | float, kinds: set[str]
) -> None:
    assert site.kinds(since, operations=operations, share=share) == kinds, story


def test_cells_that_sleep_together_every_night_are_quiet_and_their_day_is_guarded() -> None:
    sleepers = Site(asleep=[(4, 20)])
    assert sleepers.kinds(NIGHT, operations=Operations()) == set()
    assert sleepers.kinds(NIGHT, operations=HOLIDAY, share=0.7) == set()
    assert sleepers.kinds(EVENING, operations=HOLIDAY, share=0.7) == {"outage"}


def test_cells_that_are_idle_by_turns_are_never_idle_together() -> None:
    """Each is empty every fifth night, so that none is evidence by itself: all of them at once have never been."""
    by_turns = Site(asleep=[(4, 20)], by_turns=True)
    assert by_turns.baseline.idle_probability[3, :5].min() > 0.01
    assert by_turns.baseline.site_idle_probability[3, 0] < 1e-5
    assert by_turns.kinds(NIGHT, operations=Operations()) == {"outage"}


def test_a_baseline_of_an_earlier_version_is_bounded_by_its_least_idle_cell(site: Site) -> None:
    stored = {k: v for k, v in site.baseline.to_arrays().items() if k not in ("sites", "site_idle_probability")}
    earlier = from_arrays(stored, site.baseline.kpis)
    assert earlier.sites == ()
    again = from_arrays(site.baseline.to_arrays(), site.baseline.kpis)
    assert again.sites == site.baseline.sites
    old = Site()
    old.__dict__["baseline"] = earlier
    assert old.kinds(EVENING, operations=HOLIDAY, share=0.7) == {"outage"}
