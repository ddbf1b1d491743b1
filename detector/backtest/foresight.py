"""What the list of affected people was worth: who complained and had been on it, who was on it and did suffer."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backtest.intervals import UNKNOWN, Figure, bootstrap_binomials, share
from detector.backtest.matching import Matches
from detector.backtest.truth import Complaint
from detector.domain.impact import Listing

AHEAD_S = 900
"""A list is foresight only if it was there this long before the complaint. Chosen: one period."""
LOOKUP_ABOVE = 0.1
"""Least probability from which the inbound lookup answers yes. Chosen: the default of the care policy."""
CONTACT_ABOVE = 0.5
"""Least probability at which a person is worth contacting. Chosen: more likely affected than not."""


def foresight(matches: Matches, above: float, *, all_complaints: bool = False) -> Figure:
    """Share of network complaints whose sender was on the then-known list with a probability of at least `above`,
    contactable or not, AHEAD_S before complaining.

    Counted are complaints (category network or empty) that a known subscriber made inside the replay and that belong to
    a fault which customers feel; `all_complaints`, or no truth about faults: every one of them, whatever its cause.
    Unknown without contacts. The interval takes complaints as independent.
    """
    if matches.truth.complaints is None:
        return UNKNOWN
    complaints = judged_complaints(matches, all_complaints=all_complaints)
    lists: dict[str, list[Listing]] = defaultdict(list)
    for listing in matches.results.listings:
        if listing.probability >= above:
            lists[listing.subscriber].append(listing)
    foreseen = sum(any(row.known_at(c.at - AHEAD_S) for row in lists[c.subscriber]) for c in complaints)
    return share(foreseen, len(complaints))


def judged_complaints(matches: Matches, *, all_complaints: bool = False) -> tuple[Complaint, ...]:
    """The complaints that `foresight` counts."""
    complaints, window = matches.truth.complaints or (), matches.results.window
    made = (c for c in complaints if c.subscriber and window.contains(c.at))
    if all_complaints or matches.truth.faults is None or matches.complaints_of is None:
        return tuple(made)
    felt = (own for f, own in matches.complaints_of.items() if matches.truth.fault[f].customer_affecting)
    belonging = {c.contact_id for own in felt for c in own}
    return tuple(c for c in made if c.contact_id in belonging)


def contact_precision(matches: Matches) -> Figure:
    """Share of those listed with a probability of at least `CONTACT_ABOVE` (at any time in an incident; each person once an
    incident) who did suffer in a fault that the incident matches. Lists of incidents that count neither way are left out.
    Unknown without truth about subscribers. People of one incident stand and fall together, so the interval is narrow.
    """
    if matches.truth.sufferers is None or matches.truth.faults is None:
        return UNKNOWN
    rows = [row for row in _judged(matches) if row.probability >= CONTACT_ABOVE]
    pairs = {(row.incident_id, row.subscriber): row for row in rows}
    return share(int(sum(_suffered(matches, list(pairs.values())))), len(pairs))


def calibration(matches: Matches) -> dict[str, Any]:
    """Listed probability against the share who did suffer, by tenths of probability, each row of affected.csv a claim.

    `value` is the mean distance between the two, weighted by rows (0 = perfectly calibrated), with a
    bootstrap interval; `tenths` have `from`, `to`, the mean `probability`, and the share as value, count, low, high.
    """
    if matches.truth.sufferers is None or matches.truth.faults is None:
        return {**UNKNOWN.as_json(), "tenths": None}
    rows = _judged(matches)
    said = np.array([row.probability for row in rows], dtype=np.float64)
    true = _suffered(matches, rows)
    tenth = np.minimum((said * 10 + 1e-9).astype(np.int64), 9)
    counts, hits = np.bincount(tenth, minlength=10), np.bincount(tenth, weights=true, minlength=10).astype(np.int64)
    means = np.bincount(tenth, weights=said, minlength=10) / np.maximum(counts, 1)
    tenths = [
        {"from": i / 10, "to": (i + 1) / 10, "probability": round(float(means[i]), 4) if counts[i] else None}
        | share(int(hits[i]), int(counts[i])).as_json()
        for i in range(10)
    ]
    return {**_distance(means, hits, counts).as_json(), "tenths": tenths}


def _distance(means: NDArray[np.float64], hits: NDArray[np.int64], counts: NDArray[np.int64]) -> Figure:
    used, total = counts > 0, int(counts.sum())
    if not total:
        return Figure(None, 0)

    def distance(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((np.abs(shares - means[used]) * counts[used]).sum(axis=-1) / total)

    value = round(float(distance(hits[used] / counts[used])), 4)
    low, high = bootstrap_binomials(hits[used], counts[used], distance)
    return Figure(value, total, min(low, value), max(high, value))


def _judged(matches: Matches) -> list[Listing]:
    return [row for row in matches.results.listings if matches.incident_judgements.get(row.incident_id) is not None]


def _suffered(matches: Matches, rows: Sequence[Listing]) -> NDArray[np.bool_]:
    """[row]: the person suffered in one of the faults that the row's incident matches."""
    by_fault, faults = matches.truth.sufferers or {}, matches.faults_of_incident
    return np.array([any(r.subscriber in by_fault.get(f, ()) for f in faults[r.incident_id]) for r in rows], dtype=np.bool_)
