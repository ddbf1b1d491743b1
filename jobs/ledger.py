"""What is pending: a tick is scored when its data is complete or its grace time is over, and is never dropped."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator

from detector.domain.policy import DetectionPolicy
from detector.domain.window import DAY_S, Tick, Window

Checkpoint = Callable[[str], None]
"""Called at every named step of a job with its name: where a crash test pulls the plug."""


_PENDING_FOR_S = DAY_S
"""Ticks without rows are pending for so long. Chosen: older ones are decided by restored data only."""


def no_checkpoint(_step: str) -> None:
    """The `Checkpoint` of everyday: nothing happens."""


def deadline(tick: Tick, arrival_delay_s: int, detection_policy: DetectionPolicy) -> int:
    """The moment (s) after which the tick is scored with what has come.

    >>> deadline(Tick(0, 900), 300, DetectionPolicy(grace_minutes=10))
    1800
    """
    return tick.end + arrival_delay_s + detection_policy.grace_minutes * 60


def ready(
    tick: Tick,
    present: Collection[str],
    expected: Collection[str],
    *,
    now: float,
    arrival_delay_s: int,
    detection_policy: DetectionPolicy,
) -> bool:
    """Complete enough, or out of patience.

    >>> early = dict(now=1200, arrival_delay_s=300, detection_policy=DetectionPolicy())
    >>> ready(Tick(0, 900), {"c1", "c2"}, {"c1", "c2"}, **early), ready(Tick(0, 900), {"c1"}, {"c1", "c2"}, **early)
    (True, False)
    """
    if now >= deadline(tick, arrival_delay_s, detection_policy):
        return True
    here = sum(name in present for name in expected)
    return bool(expected) and here >= detection_policy.complete_share * len(expected)


def never_came(
    span: Window,
    duration_s: int,
    known: Collection[int],
    *,
    now: float,
    arrival_delay_s: int,
    detection_policy: DetectionPolicy,
) -> Iterator[Tick]:
    """Ticks from `span.start` on without a single row whose grace time is over: they are pending all the same, but not those
    of more than a day ago: after so long a gap deciding it again helps nobody.

    They keep step with `span.start`; `known` are the starts of those that came. One of them within half a period is the
    tick that was waited for: a local day moves by an hour when the clocks change.
    """
    first = max(span.start, int(now) - _PENDING_FOR_S)
    start = first - (first - span.start) % duration_s
    came = sorted(known)
    while deadline(tick := Tick(start, duration_s), arrival_delay_s, detection_policy) <= now:
        after = bisect_left(came, start)
        if all(2 * abs(start - other) >= duration_s for other in came[max(0, after - 1) : after + 1]):
            yield tick
        start += duration_s
