"""Twenty cells by the hour. Some of them are flaky: now and then they stop for half an hour to an hour. Then five healthy
ones stop once, for 20 to 60 minutes: each stop is found at its own hour and as grave as it is, whoever else is flaky."""

import numpy as np
import pytest

from detector.app import read_catalogue
from detector.degradations import track
from detector.domain.cell import Cell, Topology
from detector.domain.detection import remembered_degradations
from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.incidents import correlate, end_with_incident
from detector.scoring import fit, lookback, score
from detector.settings import Settings

HOUR, DAYS, CELLS = 3600, 35, 20
START = 1_767_571_200  # Monday, 2026-01-05T00:00Z
STOPS = {19: (12, 1200), 18: (10, 1800), 17: (8, 2400), 16: (6, 3000), 15: (4, 3600)}
"""Cell -> (hours before the end, seconds that it stood still)."""
NAMES = tuple(f"c{n:02d}" for n in range(CELLS))


def observed(flaky):
    """Availability and connection set-ups of every hour."""
    rng, hours = np.random.default_rng(1), DAYS * 24
    down = np.zeros((hours, CELLS))
    for cell in range(flaky):
        for hour in rng.choice(hours - 48, 10, replace=False):
            down[hour, cell] = rng.choice([1800, 2400, 3600])
    for cell, (before, seconds) in STOPS.items():
        down[hours - before, cell] = seconds
    load = 5 * (100 + 80 * np.sin((np.arange(hours) % 24 - 8) / 24 * 2 * np.pi))[:, None]
    attempts = rng.poisson(load * (1 - down / HOUR)).astype(float)
    kpis = {kpi.id: kpi for kpi in read_catalogue(Settings().sources.kpis).computed}
    chosen = (kpis["lte_avail"], kpis["lte_rrc_sr"], kpis["lte_attempts"])
    numerator = np.stack([HOUR - down, attempts - rng.binomial(attempts.astype(int), 0.003), attempts], axis=2)
    denominator = np.stack([np.full_like(down, HOUR), attempts, np.ones_like(down)], axis=2)
    starts = START + HOUR * np.arange(hours)
    return KpiFrame(
        starts=starts,
        duration_s=HOUR,
        objects=NAMES,
        kpis=chosen,
        numerator=numerator,
        denominator=denominator,
        suspect=np.zeros(down.shape, bool),
    )


def part(frame, first, last):
    span = slice(first, last)
    return KpiFrame(
        starts=frame.starts[span].copy(),
        duration_s=HOUR,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[span].copy(),
        denominator=frame.denominator[span].copy(),
        suspect=frame.suspect[span].copy(),
    )


def incidents_of_the_last_day(flaky):
    frame, policy = observed(flaky), DetectionPolicy()
    reference = Reference(topology=Topology({name: Cell(cell_id=name, technology="LTE") for name in NAMES}, {}))
    judged_from = len(frame.starts) - 24
    learned = part(frame, 0, judged_from)
    baseline = fit(
        learned, timezone="UTC", excluded=np.zeros(learned.suspect.shape, bool), peers={}, detection_policy=policy
    )
    book, incidents, missing, memory = {}, {}, {}, None
    for place in range(judged_from, len(frame.starts)):
        tick = Tick(int(frame.starts[place]), HOUR)
        recent = part(frame, place - lookback(baseline) + 1, place + 1)
        evidence = score(recent, baseline, reference, NAMES, policy, before=memory)
        memory, now = evidence.ewma, tick.end + 300
        standing = tuple(i for i in incidents.values() if i.state == "open")
        known = remembered_degradations(book.values(), standing, tick.start)
        found = track(evidence, known, missing, reference, policy, now=now)
        changed = correlate(standing, found, evidence, reference, {}, IncidentPolicy(), now=now)
        missing = found.missing
        book |= {d.degradation_id: d for d in end_with_incident(found, changed).degradations}
        incidents |= {i.incident_id: i for i in changed}
    return frame, [i for i in incidents.values() if i.state != "merged"]


@pytest.fixture(scope="module", params=[0, 3, 8])
def day(request):
    return incidents_of_the_last_day(request.param)


def test_every_stop_is_found_at_its_own_hour_and_nothing_else_is(day):
    frame, incidents = day
    hours = {cell: int(frame.starts[len(frame.starts) - before]) for cell, (before, _) in STOPS.items()}
    assert {i.root_id: i.started_at for i in incidents} == {NAMES[cell]: hour for cell, hour in hours.items()}
    assert len(incidents) == len(STOPS)


def test_it_is_as_grave_as_it_is_long(day):
    _, incidents = day
    expected = {
        19: {"minor"},
        18: {"minor", "major"},
        17: {"major", "critical"},
        16: {"major", "critical"},
        15: {"major", "critical"},
    }
    assert incidents
    assert all(i.severity in expected[NAMES.index(i.root_id)] for i in incidents)


def test_it_ended_with_its_hour_and_that_is_decided_within_three(day):
    _, incidents = day
    assert incidents
    for incident in incidents:
        assert incident.ended_at == incident.started_at + HOUR
        assert incident.resolved_at - incident.ended_at <= 3 * HOUR
