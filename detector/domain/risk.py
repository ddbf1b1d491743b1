"""The chance that a person contacts us about the network today, from what the network did to them: frozen weights."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.experience import HARMS

TODAY = (*HARMS, "failures")
PAST = ("week", "incidents", "recency", "contacts")
RECENT_DAYS = 3.0
"""Half-life (days) of the weight of the last degraded day. Chosen: people complain within a few days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """Features of one person on one day. minutes: expected degraded minutes of the day by HARMS; failures: expected own
    ones; week: degraded minutes of the 7 days before; incidents, contacts: incidents, and network contacts, of the 28 days
    before; days_since: since the last degraded day, None = none known."""

    minutes: Mapping[str, float] = field(default_factory=dict)
    failures: float = 0.0
    week: float = 0.0
    incidents: float = 0.0
    days_since: float | None = None
    contacts: float = 0.0
    segment: str = ""


def features(burdens: Sequence[Burden], segments: Sequence[str]) -> NDArray[np.float64]:
    """[burden, TODAY + PAST + segments]; amounts as log(1 + x): the second hour annoys less than the first."""
    rows = [
        [
            *(np.log1p(b.minutes.get(harm, 0.0)) for harm in HARMS),
            np.log1p(b.failures),
            np.log1p(b.week),
            np.log1p(b.incidents),
            recency(b.days_since),
            np.log1p(b.contacts),
            *(float(b.segment == s) for s in segments),
        ]
        for b in burdens
    ]
    return np.array(rows, np.float64).reshape(len(rows), len(TODAY) + len(PAST) + len(segments))


def recency(days_since: float | None) -> float:
    """1 for today, halved by every RECENT_DAYS, 0 for never.

    >>> [recency(days) for days in (0, 3, None)]
    [1.0, 0.5, 0.0]
    """
    return 0.0 if days_since is None else float(0.5 ** (days_since / RECENT_DAYS))


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How well a model foretold days that it was not fitted on. auc with its 95 % interval; observed: complaints that came;
    expected: the sum of the chances; slope: of the logit of the chances, 1 = neither too bold nor too timid. tenths: of the
    scored days, from the lowest chances to the highest: (mean chance, share that complained)."""

    auc: float
    low: float
    high: float
    observed: int
    expected: float
    slope: float
    tenths: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """A logistic model, frozen. `weights` and `errors` are those of `names`, per unit of the features; `complaints` of
    `people` people made it. judged: out of time, with the day's own degradation; judged_before: with the features of PAST
    alone, fitted and judged anew, so nothing of the day of the complaint is in it."""

    names: tuple[str, ...]
    segments: tuple[str, ...]
    intercept: float
    weights: tuple[float, ...]
    errors: tuple[float, ...]
    fitted_at: int
    complaints: int
    people: int
    judged: Judgement | None = None
    judged_before: Judgement | None = None
    judged_by_hand: Judgement | None = None
    """With the day's minutes weighed by hand instead of by HARMS."""

    def chance(self, burdens: Sequence[Burden]) -> NDArray[np.float64]:
        """[burden]: of a network contact on that day.

        >>> model = RiskModel(names=(*TODAY, *PAST), segments=(), intercept=-5.0, weights=(1.0,) * 10, errors=(0.1,) *
        ...     10, fitted_at=0, complaints=100, people=900)
        >>> np.round(model.chance([Burden(), Burden(minutes={"access": 20.0})]), 3).tolist()
        [0.007, 0.124]
        """
        linear = self.intercept + features(burdens, self.segments) @ np.array(self.weights)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(linear, -30.0, 30.0))))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "RiskModel":
        """What `to_json` gave, after a way through JSON."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in body.items()}
        judged = ("judged", "judged_before", "judged_by_hand")
        return cls(**values | {name: _judgement(body[name]) for name in judged if name in body})


def _judgement(body: Mapping[str, Any] | None) -> Judgement | None:
    return None if body is None else Judgement(**{**body, "tenths": tuple(tuple(pair) for pair in body["tenths"])})
