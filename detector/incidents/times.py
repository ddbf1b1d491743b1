"""When the trouble of an incident began and ended, estimated from its degradations."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.incident import Incident

SHARPEST = 30.0
"""-log10 p a period beyond which an onset is no sharper. Chosen: a complete outage of a busy cell."""
MISSING_DATA_SHARPNESS = 10.0
"""Weight of a missing row, which has no p. Chosen: a third of an outage: it dates the loss of data exactly."""
MOST_WEIGHT = 100.0
"""-log10 p of one degradation beyond which it dates the incident no better. Chosen: three sharp periods."""
STILL_OPEN_SHARE = 0.2
"""Share, by weight, of an incident's clear evidence that may still be open when it is over. Chosen: of many cells one is
always the last to show it."""
INFORMATIVE_SHARE = 0.3
"""Share of the sharpest evidence a period from which a degradation dates begin and end. Chosen: half a decade under the
sharpest."""


def sharpness(d: Degradation) -> float:
    """-log10 p a period of what it showed at its strongest: how exactly its beginning and end can be known."""
    return MISSING_DATA_SHARPNESS if d.family == "data" else min(d.neg_log10_p / max(d.periods, 1), SHARPEST)


def weight(d: Degradation) -> float:
    """How much evidence it has in all of when it began."""
    return MOST_WEIGHT if d.family == "data" else min(d.neg_log10_p, MOST_WEIGHT)


def informative(members: Sequence[Degradation]) -> list[Degradation]:
    """Those with clear evidence, beside the sharpest of them."""
    least = INFORMATIVE_SHARE * max(map(sharpness, members), default=0.0)
    return [d for d in members if sharpness(d) >= least]


def estimated_start(members: Iterable[Degradation], opened_at: int | None = None) -> int:
    """The likeliest onset (s): the median of those with clear evidence, weighted by it. What began after the incident
    was opened, at `opened_at`, does not count.

    ValueError if there are none.
    """
    own = list(members)
    before = [d for d in own if opened_at is None or d.started_at < opened_at] or own
    return weighted_median([(d.started_at, weight(d)) for d in informative(before)])


def estimated_end(members: Iterable[Degradation]) -> int | None:
    """The end (s) of the last bad period of those with clear evidence that are over; None if there are none."""
    ends = [d.cleared_at for d in informative(list(members)) if d.cleared_at is not None]
    return max(ends, default=None)


def is_ongoing(members: Sequence[Degradation]) -> bool:
    """It is still bad: something takes service away, or over a fifth of the clear evidence of it is open. Others, which a
    long horizon may have raised late and keeps open, are its echo."""
    clear = informative(members)
    still = sum(weight(d) for d in clear if d.open)
    gone = any(d.open and d.traits.out_of_service for d in members)
    return gone or still > STILL_OPEN_SHARE * sum(map(weight, clear)) or (still > 0 and all(d.open for d in clear))


def end_with_incident(tracked: Tracked, incidents: Iterable[Incident]) -> Tracked:
    """Open degradations end with their incident where that is over, and no later than the last period that they took account
    of, which is also the end of one that began after the incident's; those of other durations that end so are among
    `degradations` then."""
    ends = {name: i.ended_at for i in incidents if i.state == "resolved" for name in i.degradation_ids}

    def ended_with(d: Degradation) -> Degradation:
        end = ends.get(d.degradation_id) if d.open else None
        if end is None:
            return d
        last = min(end, d.updated_at) if end > d.started_at else d.updated_at
        return replace(d, cleared_at=max(last, d.started_at))

    others = tuple(map(ended_with, tracked.other_durations))
    return replace(
        tracked,
        degradations=(*map(ended_with, tracked.degradations), *(d for d in others if not d.open)),
        other_durations=tuple(d for d in others if d.open),
    )


def weighted_median(values: Sequence[tuple[int, float]]) -> int:
    """
    >>> weighted_median([(0, 1.0), (900, 5.0), (1800, 1.0)]), weighted_median([(0, 0.0)])
    (900, 0)
    """
    rows = sorted(values)
    half = sum(weight for _, weight in rows) / 2
    reached = 0.0
    for value, weight in rows:
        reached += weight
        if reached >= half:
            return value
    return rows[-1][0]
