"""Only those who may be touched are looked at: an assessment says the same as one that looks at everybody."""

import numpy as np
import pytest

from detector.domain.customer import Customers
from detector.domain.exposure import Presence
from detector.domain.impact import Impact
from detector.domain.local_time import hours_of_week
from detector.domain.policy import ImpactPolicy
from detector.impact import expected_presence_of, learn_mobility_profile, population
from detector.impact.population import Candidates
from detector.store.mobility_profiles import without
from tests.unit.impact.impact_world import HOUR, MONDAY, degradation, impact_of, incident, topology

ZONE = "Europe/Berlin"
CELLS = tuple(f"s{i}{band}" for i in range(8) for band in "ab")
PEOPLE = tuple(f"p{i:03d}" for i in range(70))


@pytest.fixture(scope="module")
def attachments() -> Presence:
    """Two weeks and five hours: two places each, mostly home or work, some rows without results."""
    rng, hours = np.random.default_rng(4), np.arange(-2 * 168, 5)
    person, hour = np.repeat(np.arange(len(PEOPLE)), len(hours)), np.tile(hours, len(PEOPLE))
    home, work = rng.integers(0, len(CELLS), (2, len(PEOPLE)))
    at_work = (hour % 24 >= 9) & (hour % 24 < 17) & (hour % 168 < 120)
    strays = rng.random(len(person)) < 0.03
    cell = np.where(strays, rng.integers(0, len(CELLS), len(person)), np.where(at_work, work[person], home[person]))
    attempts = np.where(rng.random(len(person)) < 0.1, np.nan, rng.poisson(4.0, len(person)))
    failures = np.where(np.isfinite(attempts), rng.binomial(np.nan_to_num(attempts).astype(int), 0.03), np.nan)
    rows = Presence(
        subscribers=PEOPLE,
        cells=CELLS,
        subscriber=person.astype(np.int32),
        cell=cell.astype(np.int32),
        start=MONDAY + hour * HOUR,
        duration_s=np.full(len(person), HOUR, np.int32),
        seconds=rng.choice([20.0, 1800.0, 3600.0], len(person)),
        attempts=attempts,
        failures=failures,
    )
    return rows.take(rng.random(len(person)) < 0.85)


def test_a_profile_spread_out_is_the_formula_of_learning(attachments):
    """Sums row by row in dictionaries: own hours shrunk towards like hours, attempts by person and hour."""
    seconds: dict[tuple[int, int, int], float] = {}
    own: dict[int, list[float]] = {}
    busy: dict[int, list[float]] = {}
    starts: dict[int, tuple[int, float]] = {}
    learned = attachments.take(attachments.start < MONDAY)
    hours = hours_of_week(learned.start, ZONE).tolist()
    like = [h % 24 + 24 * (h >= 120) for h in range(168)]
    weights = 0.5 ** ((MONDAY - learned.start) / (2 * 168 * HOUR))
    rows = list(
        zip(
            learned.subscriber.tolist(),
            learned.cell.tolist(),
            hours,
            weights.tolist(),
            learned.start.tolist(),
            learned.seconds.tolist(),
            learned.attempts.tolist(),
            strict=True,
        )
    )
    for who, cell, hour, weight, start, spent, attempts in rows:
        seconds[who, cell, hour] = seconds.get((who, cell, hour), 0.0) + weight * spent
        starts.setdefault(start // HOUR, (hour, weight))
        if np.isfinite(attempts):
            own.setdefault(who, [0.0, 0.0])[0] += weight * attempts
            own[who][1] += weight * spent
    overall = sum(a for a, _ in own.values()) / sum(s for _, s in own.values())
    rate = {who: (a + overall * 10 * HOUR) / (s + 10 * HOUR) for who, (a, s) in own.items()}
    for who, _, hour, weight, _, spent, attempts in rows:
        if np.isfinite(attempts):
            busy.setdefault(like[hour], [overall * 10 * HOUR] * 2)[0] += weight * attempts
            busy[like[hour]][1] += rate[who] * weight * spent
    weeks = [sum(w for h, w in starts.values() if h == hour) for hour in range(168)]
    likes: dict[tuple[int, int, int], float] = {}
    for (who, cell, hour), spent in seconds.items():
        likes[who, cell, like[hour]] = likes.get((who, cell, like[hour]), 0.0) + spent
    expected = {}
    for (who, cell, slot), spent in likes.items():
        alike = [h for h in range(168) if like[h] == slot]
        z = spent / sum(weeks[h] for h in alike)
        for h in alike:
            mean = (seconds.get((who, cell, h), 0.0) + 2 * z) / (weeks[h] + 2)
            if mean >= 18:
                pace = rate[who] * busy[slot][0] / busy[slot][1]
                expected[PEOPLE[who], CELLS[cell], h] = (min(mean, HOUR), min(mean, HOUR) * pace)
    presence = expected_presence_of(learn_mobility_profile(attachments, timezone=ZONE, before=MONDAY))
    hour_of = np.repeat(np.arange(168), np.diff(presence.hour_start))
    found = {
        (presence.subscribers[s], presence.cells[c], int(h)): (float(seconds_), float(attempts))
        for s, c, h, seconds_, attempts in zip(
            presence.subscriber, presence.cell, hour_of, presence.seconds, presence.attempts, strict=True
        )
    }
    assert found.keys() == expected.keys()
    assert [found[key] for key in expected] == [pytest.approx(pair, rel=1e-5) for pair in expected.values()]


def test_parts_learned_one_after_another_are_the_whole(attachments):
    days = [attachments.take(attachments.start // 86_400 == day) for day in np.unique(attachments.start // 86_400)]
    one, many = (learn_mobility_profile(given, timezone=ZONE, before=MONDAY) for given in (attachments, days))
    assert (many.subscribers == one.subscribers).all()
    assert many.like_s.sum() == pytest.approx(one.like_s.sum())
    assert many.own_s.sum() == pytest.approx(one.own_s.sum())
    assert many.rate == pytest.approx(one.rate)


def everybody(profile, presence, touched, moments, timezone) -> Candidates:
    """What an assessment looked at before it left anybody out."""
    return Candidates(expected_presence_of(profile), presence)


@pytest.mark.parametrize("resolved", [False, True])
@pytest.mark.parametrize(
    ("kind", "expected", "observed"), [("outage", 100, 0), ("accessibility", 0.99, 0.6), ("integrity", 20, 8)]
)
@pytest.mark.parametrize("at", [0.5, 1.4, 3.3])
def test_leaving_out_who_cannot_be_touched_changes_nothing(attachments, monkeypatch, kind, expected, observed, at, resolved):
    now = int(MONDAY + at * HOUR)
    arrived = attachments.take((attachments.start >= MONDAY - 3 * HOUR) & (attachments.start + HOUR + 300 <= now))
    profile = learn_mobility_profile(attachments, timezone=ZONE, before=MONDAY)
    found = [degradation(cell, kind, 0, expected, observed) for cell in ("s0a", "s0b")]
    known = {"resolved_at": now - 300, "state": "resolved"} if resolved else {}

    def assessed() -> Impact:
        return impact_of(
            incident(found, "s0a s0b", **known),
            found,
            profile=profile,
            presence=arrived,
            topology=topology(" ".join(CELLS), neighbours={"s0a": "s3a"}, s0b="B20"),
            customers=Customers(),
            now=now,
            timezone=ZONE,
            impact_policy=ImpactPolicy(list_above=0.0),
        )

    candidates = assessed()
    monkeypatch.setattr(population, "candidates_of", everybody)
    all_ = assessed()
    assert 0 < candidates.exposed == all_.exposed < len(PEOPLE)
    assert [(p.subscriber, p.basis) for p in candidates.people] == [(p.subscriber, p.basis) for p in all_.people]
    assert [p.probability for p in candidates.people] == pytest.approx([p.probability for p in all_.people], abs=1e-9)
    assert [p.exposure_s for p in candidates.people] == pytest.approx([p.exposure_s for p in all_.people])
    assert (candidates.affected_low, candidates.affected_high) == pytest.approx((all_.affected_low, all_.affected_high))


def test_a_person_removed_from_the_profile_leaves_the_others_as_they_were(attachments):
    profile = learn_mobility_profile(attachments, timezone=ZONE, before=MONDAY)
    arrays, gone = without({name: np.asarray(value) for name, value in vars(profile).items()}, ["p003", "p069", "nobody"])
    left = expected_presence_of(type(profile)(**arrays | {"cells": profile.cells}))
    assert gone > 0
    assert not {"p003", "p069"} & set(left.subscribers)
    others = np.flatnonzero(~np.isin(profile.subscribers, [b"p003", b"p069"]))
    before = expected_presence_of(profile, others)
    assert left.subscribers == before.subscribers
    assert (left.hour_start == before.hour_start).all()
    assert (left.seconds == before.seconds).all()
    assert (left.attempts == before.attempts).all()
