"""The stage: one tick's evidence into the episodes it raises, keeps open and clears."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.degradations.budget import at_declared_event, threshold_of
from detector.degradations.episodes import carry_on, raise_new
from detector.degradations.missing_data import FAMILY, carry_missing, missing_periods, raise_missing
from detector.degradations.tick_context import TickContext
from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.evidence import Evidence
from detector.domain.operations import Operations
from detector.domain.people_seen import PeopleSeen, by_object
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference


def track(
    evidence: Evidence,
    raised: Sequence[Degradation],
    missing: Mapping[str, int],
    reference: Reference,
    detection_policy: DetectionPolicy,
    *,
    now: int,
    people: Sequence[PeopleSeen] = (),
) -> Tracked:
    """What the tick makes of the degradations `raised` before it and of `missing` (object -> missing periods in a row), both
    as in `DetectionState`; `now` (s) is the clock when the tick was scored; `people`: what attachments show of the people
    behind missing objects.

    The same input gives the same output, and a tick tracked again on top of its own result changes no episode. Episodes
    inside declared works are tracked like all others: it is the incident that is suppressed. Episodes of objects that the
    evidence does not name (no longer in the network) stay as they are; a day without data ends them.
    """
    tick, topology, operations = evidence.tick, reference.topology, reference.operations
    known = tuple(d for d in raised if d.duration_s == tick.duration_s and d.remembered(tick.start))
    now_missing = missing_periods(evidence, missing)
    context = TickContext(
        evidence=evidence,
        open_=known,
        topology=topology,
        operations=operations,
        detection_policy=detection_policy,
        now=now,
        threshold=threshold_of(evidence, known, topology, operations, detection_policy),
        missing_periods=now_missing,
        people=by_object(people),
    )
    carried = [carry_missing(context, d) if d.family == FAMILY else carry_on(context, d) for d in known if d.open]
    found = {d.degradation_id: d for d in (*raise_new(context), *raise_missing(context), *carried)}
    others = tuple(d for d in raised if d.open and d.duration_s != tick.duration_s)
    current = found.keys() | {d.degradation_id for d in others}
    past = tuple(d for d in raised if d.degradation_id not in current)
    return Tracked(tuple(found[key] for key in sorted(found)), now_missing, others, past)


def candidates(
    evidence: Evidence, topology: Topology, operations: Operations, detection_policy: DetectionPolicy, *, least: float
) -> tuple[NDArray[np.float64], float]:
    """([object, KPI] -log10 p of what would be raised if `least` were the threshold, else 0; the threshold of a tick in
    which nothing stands out). Places of declared events are left aside."""
    context = TickContext(
        evidence=evidence,
        open_=(),
        topology=topology,
        operations=operations,
        detection_policy=detection_policy,
        now=evidence.tick.end,
        threshold=least,
    )
    ordinary = ~at_declared_event(evidence, topology, operations)
    neg_log10_p = np.where(context.sure & ordinary[:, None], np.nan_to_num(evidence.neg_log10_p), 0.0)
    quiet = replace(evidence, matters=np.zeros_like(evidence.matters))
    return neg_log10_p, threshold_of(quiet, (), topology, operations, detection_policy)
