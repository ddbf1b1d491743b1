"""What arrived attachments show of people during an incident: time behind its cells, and own failures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S
from detector.impact.harm import HarmColumns
from detector.impact.population import Population, active_share

Vector = NDArray[np.float64]
PRIOR_FAILURES = 5.0
"""Extra failures that weigh as much as what the KPIs show. Chosen: under five, chance of single people decides."""

PRIOR_ATTEMPTS = 20.0
"""Attempts in which one extra failure is assumed, before people's own results show how many there were. Chosen: one failure
in twenty is what a person notices."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """[person]. suffered: P(at least one of the own failures is the incident's); failures: how many of them are expected to
    be; known: own results have arrived; present: seen in a touched cell; exposure_s, degraded_s, harmful_s as in Forecast,
    from what was seen in living cells; hazard: expected failures where presence arrived without results."""

    suffered: Vector
    known: NDArray[np.bool_]
    present: NDArray[np.bool_]
    exposure_s: Vector
    degraded_s: Vector
    harmful_s: Vector
    hazard: Vector
    failures: Vector
    agreement: float
    """Extra failures that arrived / extra failures that the cells' KPIs let expect of the same attempts, in the newest hour;
    1 = as the KPIs show."""


def measure(population: Population, harm: HarmColumns, start: int, end: int) -> Measured:
    """`harm` is over the presence's cells. A failure is the incident's with the chance extra / (extra + normal), where extra
    is what the cell adds per attempt in the part of the row's time that the incident covers, as far as the hour's failures
    bear it out; normal is everyone's rate before it. Rows in a cell out of service date from before its outage: their
    failures count by how many more than usual all its people met there, their presence is no evidence."""
    p = population.presence
    rows = np.flatnonzero(harm.touched[p.cell] & (p.start < end) & (p.start + p.duration_s > start))
    who, here = population.of_presence[p.subscriber[rows]], harm.take(p.cell[rows])
    begins, lasts = p.start[rows].astype(np.float64), np.maximum(p.duration_s[rows], 1).astype(np.float64)
    share = here.overlap_s(np.maximum(begins, start), np.minimum(begins + lasts, end)) / lasts
    attempts, failures = p.attempts[rows], p.failures[rows]
    known = np.isfinite(attempts) & np.isfinite(failures)
    normal = normal_failure_rate(population, start)
    alive = known & (here.lost == 0)
    agreed, lately = _agreed(p.start[rows] // HOUR_S, alive, attempts, failures, here.failing * share, normal)
    dying = _dying(attempts, failures, np.where(known & (here.lost > 0), share, 0.0), normal)
    extra = np.where(here.lost > 0, np.maximum(here.failing, dying), here.failing * agreed) * share
    chance = np.minimum(extra / (extra + normal), 1 - 1e-9)
    evidence = np.where(known, np.nan_to_num(failures), 0.0) * -np.log1p(-chance)
    seconds = p.seconds[rows] * share * (here.lost == 0)
    pace = _pace(population, rows, who)
    guessed = pace * p.seconds[rows] * here.failing
    counted = attempts * -np.log1p(-here.failing)
    unknown = np.where(known, 0.0, np.where(np.isfinite(attempts), counted, guessed)) * share
    return Measured(
        suffered=1.0 - np.exp(-population.total(who, evidence)),
        known=population.total(who, (known & (share > 0)).astype(np.float64)) > 0,
        present=population.total(who, p.seconds[rows] * share) > 0,
        exposure_s=population.total(who, seconds),
        degraded_s=population.total(who, seconds * (here.slow > 0) * active_share(pace)),
        harmful_s=population.total(who, seconds * here.slow * active_share(pace)),
        hazard=population.total(who, unknown),
        failures=population.total(who, np.where(known, np.nan_to_num(failures) * chance, 0.0)),
        agreement=lately,
    )


def _pace(population: Population, rows: NDArray[np.intp], who: NDArray[np.intp]) -> Vector:
    """[row]: attempts per second of presence, half by the profile at the row's hour, half by the row itself if it has
    attempts."""
    p, pace = population.presence, np.zeros(len(rows))
    hours = p.start[rows] // HOUR_S
    for hour in np.unique(hours).tolist():
        pace[hours == hour] = population.attempts_per_s(hour * HOUR_S)[who[hours == hour]]
    own = p.attempts[rows] / np.maximum(p.seconds[rows], 1.0)
    return np.where(np.isfinite(own), (pace + own) / 2, pace)


def _agreed(
    hours: NDArray[np.int64], alive: NDArray[np.bool_], attempts: Vector, failures: Vector, extra: Vector, normal: float
) -> tuple[Vector, float]:
    """[row]: agreement of its hour, and that of the newest hour that arrived."""
    whole = lately = _agreement(attempts[alive], failures[alive], extra[alive], normal)
    agreed = np.full(len(hours), whole)
    for hour in np.unique(hours[alive]).tolist():
        now = alive & (hours == hour)
        agreed[hours == hour] = lately = _agreement(attempts[now], failures[now], extra[now], normal, whole)
    return agreed, lately


def _agreement(attempts: Vector, failures: Vector, extra: Vector, normal: float, prior: float = 1.0) -> float:
    """People may meet more or fewer failures than a cell's KPI shows (another mix of services, retries), and in some hours
    none: trouble may have begun later than the KPIs show, or be over. The more failures are normal, the less they prove."""
    expected_failures = float((attempts * extra).sum())
    found = float((failures - attempts * normal).sum())
    noise = float(attempts[extra > 0].sum()) * normal
    says = expected_failures / (expected_failures + noise) if expected_failures else 0.0
    return float(np.clip((PRIOR_FAILURES * prior + says * found) / (PRIOR_FAILURES + says * expected_failures), 0.02, 3.0))


def _dying(attempts: Vector, failures: Vector, weight: Vector, normal: float) -> float:
    """Extra failures per attempt behind a cell in the hour in which it dies, as all its people met them: most of what is on
    record there was tried while it lived."""
    rows = weight > 0
    found = float((weight[rows] * (failures[rows] - normal * attempts[rows])).sum())
    return max(found + 1.0, 0.0) / (float((weight[rows] * attempts[rows]).sum()) + PRIOR_ATTEMPTS)


def normal_failure_rate(population: Population, before: int) -> float:
    """Failures per attempt in rows that ended by `before`; one in a hundred where little is known."""
    p = population.everyone
    rows = (p.start + p.duration_s <= before) & np.isfinite(p.attempts) & np.isfinite(p.failures)
    return float((p.failures[rows].sum() + 0.5) / (p.attempts[rows].sum() + 50.0))
