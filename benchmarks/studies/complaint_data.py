"""The complaint risk's kind of model on 3,150 real subscribers, by ten-fold cross-validation.

    python -m benchmarks.studies.complaint_data ../shared/data/subscriber_complaints/Customer_Churn.csv.gz

The table (UCI "Iranian Churn", CC BY 4.0) has no time and no cell: nothing of it is out of time. What can only follow from a
complaint (whether the line is still in use, whether the person left, a value made of these) is no feature.
"""

import csv
import gzip
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.domain.risk import Judgement
from detector.feedback.logistic import logistic
from detector.feedback.risk import SPREAD
from detector.feedback.risk_quality import judge

NETWORK = ("Call Failure",)
USE = ("Seconds of Use", "Frequency of use", "Frequency of SMS", "Distinct Called Numbers")
PERSON = ("Subscription Length", "Charge Amount", "Age", "Tariff Plan")
FOLDS = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class People:
    names: tuple[str, ...]
    x: Floats
    complained: NDArray[np.bool_]


def read_people(path: Path, names: Sequence[str]) -> People:
    """Amounts as log(1 + x). A row that stands there twice counts once: one of them would give the other away."""
    text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
    lines = list(dict.fromkeys(text.splitlines()))
    rows = [{" ".join(k.split()): float(v) for k, v in row.items()} for row in csv.DictReader(lines)]
    x = np.log1p(np.array([[row[name] for name in names] for row in rows]))
    return People(tuple(names), x, np.array([row["Complains"] == 1 for row in rows]))


def cross_validated(people: People, seed: int = 0) -> Judgement:
    """Everyone is judged by a model that has not seen them."""
    fold = np.random.default_rng(seed).permutation(len(people.complained)) % FOLDS
    chance, one = np.empty(len(fold)), np.ones(len(fold))
    for held in range(FOLDS):
        own, others = fold == held, fold != held
        intercept, weights, _ = logistic(people.x[others], people.complained[others], one[others], SPREAD)
        chance[own] = 1 / (1 + np.exp(-(intercept + people.x[own] @ weights)))
    return judge(chance, people.complained, one)


def main(arguments: Sequence[str]) -> None:
    for title, names in (("network", NETWORK), ("network and use", NETWORK + USE), ("all", NETWORK + USE + PERSON)):
        people = read_people(Path(arguments[0]), names)
        found = cross_validated(people)
        print(
            f"{title}: {len(people.complained)} people, AUC {found.auc:.3f} ({found.low:.3f} to {found.high:.3f}), ", end=""
        )
        print(f"{found.observed} complained, {found.expected:.1f} expected, slope {found.slope:.2f}")
    print("by tenths (expected, came): " + ", ".join(f"{m:.3f} {s:.3f}" for m, s in found.tenths))
    _, weights, errors = logistic(people.x, people.complained, np.ones(len(people.complained)), SPREAD)
    for name, weight, error in zip(people.names, weights, errors, strict=True):
        print(f"  {name:26} {weight:+.2f} +- {1.96 * error:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
