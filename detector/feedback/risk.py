"""What in the network makes people call: a penalised logistic model of network contacts, by person and day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.experience import HARMS, Experience
from detector.domain.interaction import Interaction
from detector.domain.risk import PAST, RECENT_DAYS, TODAY, Judgement, RiskModel
from detector.feedback.complaints import is_network_contact
from detector.feedback.logistic import logistic
from detector.feedback.risk_quality import judge

Floats = NDArray[np.float64]
LEAST_COMPLAINTS = 60
"""Fewest network contacts from which a model is fitted. Chosen: four a weight for some fifteen penalised weights."""
LEAST_JUDGED = 15
"""Fewest of them in the newer part by which a model is judged. Chosen: a rank statistic of fewer has an interval of a fifth
of its range or more."""
OLDER_SHARE = 0.6
"""Share of the days that a model is fitted to; it is judged on the rest, which came later. Chosen: 60 to 40."""
MOST_PEOPLE = 100_000
"""People whose days are read. Chosen: the rows of four weeks fit into memory."""
QUIET_DAYS = 40_000
"""Days without any trouble that are drawn, each with the weight of those that were not. Chosen: their sampling error is
small beside that of the complaints."""
SPREAD = 1.0
"""Prior standard deviation of a weight (the ridge), per standard deviation of its feature: it bounds what rare events
separate (A. Gelman et al., Ann. Appl. Stat. 2, 2008, with a wider one)."""
BY_HAND: Mapping[str, float] = {"coverage": 1.0, "access": 0.8, "drops": 0.6, "slow": 0.4, "core": 0.9}
"""Weights of a degraded minute as the experience index has them, which nobody has learned."""
LEAST_SEGMENT = 50
"""Fewest people of a segment with a figure of its own. Chosen: a share of fewer is uncertain by over 14 points."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Days:
    """Rows of (person, day). x: [row, names]; came: whether a network contact came; weight: how many such days the row
    stands for; day: its place in time."""

    names: tuple[str, ...]
    segments: tuple[str, ...]
    x: Floats
    came: NDArray[np.bool_]
    weight: Floats
    day: NDArray[np.int64]
    people: int

    @property
    def complaints(self) -> int:
        return int(self.came.sum())


def days_of(
    segments_of: Mapping[str, str],
    experience: Iterable[Experience],
    interactions: Iterable[Interaction],
    midnights: Sequence[int],
) -> Days:
    """The design from what is kept. `segments_of`: subscriber -> segment of those who may be profiled, and of no one else;
    midnights: local ones of consecutive days, and the end of the last one.

    Of more than MOST_PEOPLE the first by pseudonym are taken, which is a random sample. Days without degradation, without
    one in the week before and without a contact are sampled down to QUIET_DAYS and weighed up.
    """
    keys = sorted(segments_of)[:MOST_PEOPLE]
    lived = _Lived.of(keys, experience, interactions, midnights)
    common = _common([segments_of[key] for key in keys])
    rows, weight = _chosen(lived)
    person, day = np.divmod(rows, len(midnights) - 1)
    segment = np.array([segments_of[key] for key in keys], dtype=object)[person]
    x = np.column_stack([lived.features(person, day), *(segment == name for name in common)]).astype(np.float64)
    names = (*TODAY, *PAST, *(f"segment {name}" for name in common))
    return Days(
        names=names, segments=common, x=x, came=lived.contacts[person, day] > 0, weight=weight, day=day, people=len(keys)
    )


@dataclass(frozen=True, eq=False)
class _Lived:
    """minutes: [harm, person, day]; the others [person, day]."""

    minutes: NDArray[np.float32]
    failures: NDArray[np.float32]
    incidents: NDArray[np.float32]
    contacts: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        keys: Sequence[str],
        experience: Iterable[Experience],
        interactions: Iterable[Interaction],
        midnights: Sequence[int],
    ) -> "_Lived":
        place, day_of = {key: i for i, key in enumerate(keys)}, {start: i for i, start in enumerate(midnights[:-1])}
        shape = (len(keys), len(midnights) - 1)
        minutes, rest = np.zeros((len(HARMS), *shape), np.float32), np.zeros((3, *shape), np.float32)
        for row in experience:
            if row.holder_kind == "subscriber" and row.holder in place and row.day in day_of:
                at = place[row.holder], day_of[row.day]
                minutes[:, place[row.holder], day_of[row.day]] = [row.by_harm.get(harm, 0.0) / 60 for harm in HARMS]
                rest[(0, *at)], rest[(1, *at)] = row.failures, row.incidents
        bounds = np.array(midnights)
        for one in interactions:
            if is_network_contact(one) and one.subscriber in place:
                day = int(np.searchsorted(bounds, one.at, "right")) - 1
                if 0 <= day < shape[1]:
                    rest[2, place[one.subscriber], day] += 1
        return cls(minutes, *rest)

    @property
    def degraded(self) -> NDArray[np.float32]:
        return np.asarray(self.minutes.sum(axis=0))

    def features(self, person: NDArray[np.int64], day: NDArray[np.int64]) -> Floats:
        """[row, TODAY + PAST], as domain.risk.features makes them of a Burden."""
        today = [np.log1p(kind[person, day]) for kind in (*self.minutes, self.failures)]
        counted = [
            np.log1p(_before(values, days)[person, day])
            for values, days in ((self.degraded, 7), (self.incidents, 28), (self.contacts, 28))
        ]
        return np.column_stack([*today, counted[0], counted[1], self._recency()[person, day], counted[2]]).astype(np.float64)

    def _recency(self) -> Floats:
        """[person, day]: of the last degraded day before."""
        degraded = self.degraded > 0
        found = np.zeros(degraded.shape, np.float64)
        for day in range(1, len(degraded.T)):
            newer = np.where(degraded[:, day - 1], 1.0, found[:, day - 1])
            found[:, day] = newer * 0.5 ** (1 / RECENT_DAYS)
        return found


def _before(values: NDArray[np.float32], days: int) -> Floats:
    """[person, day]: the sum over so many days before, the day itself not counted."""
    total = np.cumsum(np.pad(values.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    last = np.arange(values.shape[1])
    return np.asarray(total[:, last] - total[:, np.maximum(last - days, 0)])


def _chosen(lived: _Lived) -> tuple[NDArray[np.int64], Floats]:
    """(rows as person x days + day, weights)."""
    eventful = (lived.degraded > 0) | (lived.contacts > 0) | (_before(lived.degraded, 7) > 0)
    flat = eventful.ravel()
    kept, quiet = np.flatnonzero(flat), np.flatnonzero(~flat)
    drawn = quiet
    if len(quiet) > QUIET_DAYS:
        drawn = np.sort(np.random.default_rng(len(quiet)).choice(quiet, QUIET_DAYS, replace=False))
    weight = np.concatenate([np.ones(len(kept)), np.full(len(drawn), len(quiet) / max(len(drawn), 1))])
    return np.concatenate([kept, drawn]), weight


def _common(segments: Sequence[str]) -> tuple[str, ...]:
    """Segments with enough people, without the largest, against which they are measured."""
    names, counts = np.unique(np.array(segments, dtype=str), return_counts=True)
    large = sorted((-int(c), str(n)) for n, c in zip(names, counts, strict=True) if c >= LEAST_SEGMENT)
    return tuple(sorted(name for _, name in large[1:] if name))


def fit_risk(days: Days, *, now: int) -> tuple[RiskModel | None, str]:
    """The model of all these days, judged out of time; or None and why there is none, in a sentence."""
    older = days.day < OLDER_SHARE * (days.day.max(initial=0) + 1)
    newer_complaints = int(days.came[~older].sum())
    if days.complaints < LEAST_COMPLAINTS or newer_complaints < LEAST_JUDGED:
        return None, (
            f"{days.complaints} days with a network contact of people who may be profiled, {newer_complaints} of them in the"
            f" newer part: {LEAST_COMPLAINTS} are needed, {LEAST_JUDGED} of them newer"
        )
    past = [i for i, name in enumerate(days.names) if name not in TODAY]
    minutes = np.expm1(days.x[:, : len(HARMS)]) @ np.array([BY_HAND[harm] for harm in HARMS])
    hand = np.column_stack([np.log1p(minutes), days.x[:, past]])
    intercept, weights, errors = logistic(days.x, days.came, days.weight, SPREAD)
    return RiskModel(
        names=days.names,
        segments=days.segments,
        intercept=intercept,
        weights=tuple(weights),
        errors=tuple(errors),
        fitted_at=now,
        complaints=days.complaints,
        people=days.people,
        judged=out_of_time(days, days.x, older),
        judged_before=out_of_time(days, days.x[:, past], older),
        judged_by_hand=out_of_time(days, hand, older),
    ), ""


def out_of_time(days: Days, x: Floats, older: NDArray[np.bool_]) -> Judgement | None:
    """Fitted on the older rows with these features, judged on the newer; None if one part has no complaint."""
    if not days.came[older].any() or not days.came[~older].any():
        return None
    intercept, weights, _ = logistic(x[older], days.came[older], days.weight[older], SPREAD)
    chance = 1 / (1 + np.exp(-(intercept + x[~older] @ weights)))
    return judge(chance, days.came[~older], days.weight[~older])
