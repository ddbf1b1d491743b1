"""Whom an incident touches and how surely: mobility profile and arrived presence, times what its cells do to people."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from detector.domain.assessment import Assessment
from detector.domain.customer import Customers, excluded_from_analysis
from detector.domain.degradation import Degradation
from detector.domain.exposure import LocationData
from detector.domain.impact import BASES, Affected, Impact, no_impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.policy import ImpactPolicy
from detector.domain.ports import Reference
from detector.domain.window import HOUR_S
from detector.impact.accounts import account_impacts
from detector.impact.cell_attribution import CellAttribution
from detector.impact.displaced import displaced_people
from detector.impact.expected_presence import STAY_S, next_exposure
from detector.impact.exposure_forecast import Forecast, forecast
from detector.impact.harm import Harm, columns, harms_of
from detector.impact.horizon import Horizon, horizon
from detector.impact.hourly_exposure import hourly_exposure_of
from detector.impact.measured import Measured, measure
from detector.impact.population import Population, population_of
from detector.impact.suffering import affected_interval, chance_of_suffering

LIFE_CAP_S = 48 * HOUR_S
"""Of an older incident only the last two days are assessed. Chosen: who suffered earlier was listed then."""
ESTIMATE_SD = {"expected": 0.6, "present": 0.5, "measured": 0.35}
"""Standard deviation of the logarithm of everyone's hazard at once that estimates of exposure and attribution leave, by
basis."""
GROWTH_SD = 0.9
"""The same for what an open incident has not shown yet: more cells, an earlier begin, better or worse hours. Chosen: a
factor of 2.5 either way."""
UNPROVEN_SD = 0.5
"""The same where cells are out of service: who was served by others, and who was cut off, is never proven. Chosen: a factor
of 1.6 either way."""

Vector = NDArray[np.float64]

NextExposure = Callable[[Collection[str]], Mapping[str, int]]
"""People -> when those who are expected will come."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _People:
    """[person] figures of one assessment. by_end: P(suffers) for each of the equally likely ends; degraded_s, failures:
    expected till then; there_s: seconds expected behind the cells in the hour that is running; unproven: cells are out of
    service, and are no evidence of their people."""

    keys: tuple[str, ...]
    by_end: Sequence[Vector]
    exposure_s: Vector
    basis: NDArray[np.intp]
    degraded_s: Vector
    failures: Vector
    there_s: Vector
    unproven: bool


def assess(
    one: Assessment,
    locations: LocationData,
    reference: Reference,
    kpis: Mapping[str, Kpi],
    impact_policy: ImpactPolicy,
    *,
    now: int,
) -> Impact:
    """The impact of an incident as known at `now` (s). Of `one` the incident, its degradations and its outlook are read; the
    outlook states when it is likely to end (see horizon). `locations.presence`: rows arrived so far that overlap the
    incident or the last hours before it, of all cells (people move). `kpis`, by id, separate rates per session second from
    ratios.

    Each person's chance of suffering from the incident's begin to its end is
    1 - (1 - measured) (1 - confidence x forecast): own failures that arrived, and what presence and mobility profile let
    expect. People who withdrew `network_care_analysis` are in no figure (see excluded_from_analysis). Nobody suffered from
    an incident that was withdrawn, and nobody is counted as affected for time of which nothing is measured.
    """
    incident, degradations = one.incident, one.degradations
    if incident.withdrawn_at is not None:
        return no_impact(incident.incident_id, now)
    if incident.no_data_since is not None:
        now = min(now, max(incident.no_data_since, incident.opened_at))
    topology, timezone = reference.topology, reference.operator.timezone
    shown = [d for d in degradations if d.degradation_id in incident.degradation_ids]
    ahead = horizon(incident, shown, now, one.outlook)
    end = ahead.last
    start = max(incident.started_at, end - LIFE_CAP_S)
    harms = harms_of(incident, degradations, topology, kpis, end, now)
    # absence from a cell out of service proves nothing
    seen_until = start if any(harm.lost for harm in harms.values()) else end
    population = population_of(
        locations, touched=harms, start=start, end=end, before=seen_until, timezone=timezone, impact_policy=impact_policy
    )
    expected_harm, last = (columns(harms, own.cells) for own in (population.expected, population.recent))
    attribution = CellAttribution(population, expected_harm, last)
    people = _people(attribution, harms, start, ahead, reference, confidence=incident.confidence or 1.0, now=now)
    going_on = [cell for cell, harm in harms.items() if harm.end > now]
    next_exposure_of = (
        partial(next_exposure, locations.profile, cells=going_on, now=now, timezone=timezone) if going_on else None
    )
    return _impact(
        one,
        people,
        attribution,
        next_exposure_of,
        customers=reference.customers,
        now=now,
        impact_policy=impact_policy,
    )


def _people(
    attribution: CellAttribution,
    harms: Mapping[str, Harm],
    start: int,
    ahead: Horizon,
    reference: Reference,
    *,
    confidence: float,
    now: int,
) -> _People:
    """What each person of the population has suffered and is expected to suffer from `start` (s) on."""
    population, expected_harm, last = attribution.population, attribution.expected_harm, attribution.recent_harm
    seen, end = columns(harms, population.presence.cells), ahead.last
    hourly = hourly_exposure_of(population, expected_harm, last)
    displaced = displaced_people(hourly, harms, reference.topology, start, end)
    expected = forecast(hourly, displaced, start, ahead.ends)
    measured = measure(population, seen, start, end)
    measured = replace(measured, suffered=1.0 - (1.0 - measured.suffered) * (1.0 - displaced.suffered))
    by_end = [_probability(end, measured, confidence) for end in expected]
    exposure_s = _mean([till.exposure_s for till, _ in expected]) + measured.exposure_s + displaced.dead_s
    return _People(
        keys=population.keys,
        by_end=by_end,
        exposure_s=np.where(_may_look(population, reference.customers, now), exposure_s, 0.0),
        basis=_basis(population, measured, last.touched),
        degraded_s=_mean([till.harmful_s for till, _ in expected])
        + measured.harmful_s
        + displaced.dead_s
        - displaced.moved_s,
        failures=_mean([till.hazard for till, _ in expected]) * measured.agreement + measured.hazard + measured.failures,
        there_s=hourly.blend(now // HOUR_S * HOUR_S, hourly.pair(lambda harm: harm.touched.astype(np.float64))),
        unproven=any(harm.lost for harm in harms.values()),
    )


def _may_look(population: Population, customers: Customers, now: int) -> NDArray[np.bool_]:
    out = excluded_from_analysis(customers, now, population.keys)
    return np.array([key not in out for key in population.keys], bool)


def _probability(expected: tuple[Forecast, float], measured: Measured, real: float) -> Vector:
    """[person]: of suffering if the incident ends when this forecast does."""
    forecast_ = 1.0 - (1.0 - _predicted(*expected, measured)) * np.exp(-measured.hazard)
    return np.asarray(1.0 - (1.0 - measured.suffered) * (1.0 - real * forecast_))


def _predicted(expected: Forecast, concentration: float, measured: Measured) -> Vector:
    window = max(expected.window_s, 1.0)
    degraded = expected.degraded_s + measured.degraded_s
    return chance_of_suffering(
        expected.exposure_s / window,
        window,
        hazard=expected.hazard * measured.agreement,
        degraded_share=_ratio(expected.degraded_s, expected.exposure_s),
        harmful=np.minimum(_ratio(expected.harmful_s + measured.harmful_s, degraded), 1.0),
        known_s=measured.degraded_s,
        concentration=concentration,
    )


def _mean(amounts: Sequence[Vector]) -> Vector:
    """Over equally likely ends."""
    return np.asarray(np.mean(amounts, axis=0))


def _ratio(part: Vector, whole: Vector) -> Vector:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _basis(population: Population, measured: Measured, touched: NDArray[np.bool_]) -> NDArray[np.intp]:
    """[person]: index into BASES."""
    lately = population.total(population.recent_person, population.recent.seconds * touched[population.recent.indices]) > 0
    return np.where(measured.known, 2, np.where(measured.present | lately, 1, 0))


def _impact(
    one: Assessment,
    people: _People,
    attribution: CellAttribution,
    next_exposure_of: NextExposure | None,
    customers: Customers,
    now: int,
    impact_policy: ImpactPolicy,
) -> Impact:
    incident, exposed = one.incident, np.flatnonzero(people.exposure_s > 0)
    by_end = [np.clip(np.nan_to_num(chances[exposed]), 0.0, 1.0) for chances in people.by_end]
    chance, end_sd = _mean(by_end), float(np.std([chances.sum() for chances in by_end]))
    log_sd = _log_sd(incident, one.degradations, people.basis[exposed], chance, people.unproven)
    total, low, high = affected_interval(chance, log_sd, end_sd, incident.confidence or 1.0)
    by_key = {people.keys[i]: float(p) for i, p in zip(exposed, chance, strict=True)}
    listed = sorted((int(i) for i in exposed[chance >= impact_policy.list_above]), key=lambda i: people.keys[i])
    absent = [people.keys[i] for i in listed if people.there_s[i] < STAY_S]
    when = next_exposure_of(absent) if next_exposure_of and absent else {}
    rows = tuple(
        Affected(
            incident_id=incident.incident_id,
            subscriber=key,
            account=_account(key, customers),
            basis=BASES[people.basis[i]],
            probability=by_key[key],
            exposure_s=float(people.exposure_s[i]),
            degraded_s=float(people.degraded_s[i]),
            failures=float(people.failures[i]),
            next_exposure_at=when.get(key),
        )
        for i, key in ((i, people.keys[i]) for i in listed)
    )
    degraded_s = {row.subscriber: row.degraded_s for row in rows}
    accounts = account_impacts(by_key, customers, degraded_s, attribution.shares, impact_policy.privacy_floor)
    return Impact(
        incident_id=incident.incident_id,
        assessed_at=now,
        exposed=len(exposed),
        affected=total,
        affected_low=low,
        affected_high=high,
        people=rows,
        accounts=accounts,
    )


def _account(key: str, customers: Customers) -> str:
    own = customers.accounts_of.get(key, ())
    return own[0] if own else ""


def _log_sd(
    incident: Incident, degradations: Sequence[Degradation], basis: NDArray[np.intp], chance: Vector, dead: bool
) -> float:
    """Of everyone's hazard at once: the excess is a count with its own noise, the rest are estimates."""
    excess = sum(abs(d.excess) for d in degradations if np.isfinite(d.excess))
    weight = float(chance.sum())
    estimate = float((np.array([ESTIMATE_SD[name] for name in BASES])[basis] * chance).sum() / weight) if weight else 0.0
    growth = GROWTH_SD if incident.state == "open" else 0.0
    return float(np.linalg.norm([1.0 / np.sqrt(1.0 + excess), estimate, growth, UNPROVEN_SD * dead]))
