"""Sites whose cells all carry nothing: joint evidence against usual idle hours and against the day's own level."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.kpi import COLLAPSED_SHARE
from detector.scoring import tails
from detector.scoring.counting import Floats, counts
from detector.scoring.recent import Recent
from detector.scoring.site_history import FEWEST
from detector.scoring.tail_calibration import calibrated_tail, with_idle_probability

LEAST_BEFORE_S = 1_800
"""Time with traffic before the silence from which the level of the day is read. Chosen: two periods of a quarter of an
hour."""
MOVES_AGAIN = 0.5
"""Share of the logarithm by which the day differs from its baseline that counts as standard deviation of its level. Chosen:
what has halved may halve or double once more within three standard deviations."""


def site_silence(now: Recent, topology: Topology) -> Floats:
    """[object]: -log10 p that all cells of its site that report carry nothing though nothing is wrong; 0 where one carries
    traffic, or where the site had none in the periods before.

    The cells of a site depend on each other, so their chances are not multiplied. Expected is what the hour lets expect at
    the level that the site showed in the periods before, and no more than it carried then: a holiday that has emptied an
    office is no news in the evening. Its relative variance is that of a sum of fully dependent terms (an upper bound, by the
    Cauchy-Schwarz inequality). The idle probability is that of the whole site, as
    learned, and at most that of its least idle cell.
    """
    found = np.zeros(len(now.rows))
    volumes = [k for k, kpi in enumerate(now.frame.kpis) if kpi.traits.traffic and kpi.judged and k in now.last]
    for site, rows in _silent_sites(now, topology, volumes):
        found[rows] = max(_neg_log10_p(now, k, site, rows) for k in volumes)
    return found


def _silent_sites(now: Recent, topology: Topology, volumes: Sequence[int]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """(site, its objects that report a volume) where several do and none carries traffic."""
    known, carries = np.zeros(len(now.rows), bool), np.zeros(len(now.rows), bool)
    for k in volumes:
        events, _, mean = now.last[k]
        fine = np.isfinite(events) & (mean > 0)
        known |= fine
        carries |= fine & (events > COLLAPSED_SHARE * np.nan_to_num(mean))
    if 2 * int(carries.sum()) <= int(known.sum()):
        return  # half of the network carries nothing: no site fell silent by itself
    place = now.frame.object_index
    for site in sorted(_sites(now, topology, known & ~carries) - _sites(now, topology, carries)):
        rows = np.array([place[name] for name in sorted(topology.groups["site", site]) if name in place], np.intp)
        rows = rows[known[rows]]
        if len(rows) >= FEWEST:
            yield site, rows


def _sites(now: Recent, topology: Topology, flags: NDArray[np.bool_]) -> set[str]:
    """Of the cells that are flagged."""
    names = now.frame.objects
    found = (topology.cells.get(names[i]) for i in np.flatnonzero(flags).tolist())
    return {cell.site_id for cell in found if cell is not None} - {""}


def _neg_log10_p(now: Recent, k: int, site: str, rows: NDArray[np.intp]) -> float:
    """Of one volume of the site's objects at `rows`."""
    base, frame = now.baseline, now.frame
    b, places = base.kpi_index[frame.kpis[k].id], now.rows[rows]
    events, size = counts(frame, k, rows)
    if not frame.kpis[k].traits.survives_suspect:
        events[frame.suspect[:, rows]] = np.nan
    mean = np.where(np.isfinite(events), base.levels(b, places, now.when) * size, 0.0)
    observed, expected = np.nan_to_num(events).sum(axis=1), mean.sum(axis=1)
    before = (observed > COLLAPSED_SHARE * expected) & (expected > 0)
    before[-1] = False
    if before.sum() * frame.duration_s < LEAST_BEFORE_S:
        return 0.0
    level = min(float(observed[before].sum() / expected[before].sum()), 1.0)
    due = min(level * float(expected[-1]), float(observed[before].mean()))
    if due <= 0 or observed[-1] > COLLAPSED_SHARE * due:
        return 0.0
    own = np.sqrt(base.spread[0, places, b].astype(float) + base.level_variance[places, b])
    variance = float(np.average(own, weights=mean[-1])) ** 2 + (MOVES_AGAIN * np.log(level)) ** 2
    counted = bool(base.counted[b])
    variance += 1 / due if counted else 0.0
    p = tails.gamma_below(np.array([observed[-1] + 0.5 * counted]), np.array([due]), np.array([variance]))
    at_knot, slope = base.tail_calibration[0, b]
    sure = calibrated_tail(tails.neg_log10_p(p), at_knot, slope)
    idle = min(float(base.idle_probabilities(b, places, now.when)[-1].min()), float(base.site_idle(site, now.when)[-1]))
    return float(with_idle_probability(sure, np.array([idle]))[0])
