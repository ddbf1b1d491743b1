"""How bad: the size of the effect, and how many it struck."""

from math import log1p

from detector.domain.kpi import Kpi

RATIO_STEPS = ((0.5, 50.0, "critical"), (0.1, 20.0, "major"), (0.03, 0.0, "minor"))
"""(least change of the fraction, least excess failures, severity)."""
RELATIVE_STEPS = ((0.8, "major"), (0.5, "minor"))
"""(least relative loss, severity): throughput to a fifth or delay five times as long is 0.8."""
UP_ONE = {"warning": "minor", "minor": "major", "major": "critical", "critical": "critical"}


def effect(kpi: Kpi, observed: float, expected: float) -> float:
    """How much worse, in the terms of `Kpi.floor`: in the fraction itself for a ratio, else relative to the expectation.

    >>> kpi = Kpi("thp", "Throughput", "Mbit/s", "mean", "up", "integrity", "LTE", "", "a", "b")
    >>> effect(kpi, observed=6.0, expected=10.0)
    0.4
    """
    return kpi.shortfall(observed, expected)


def relative_loss(kpi: Kpi, observed: float, expected: float) -> float:
    """In [0, 1): 0 = as expected, 0.5 = half as good (half the throughput, twice the drops).

    >>> kpi = Kpi("drop", "Drops", "1/s", "rate", "down", "retainability", "LTE", "", "a", "b")
    >>> relative_loss(kpi, observed=4.0, expected=1.0)
    0.75
    """
    good, bad = (observed, expected) if kpi.direction == "up" else (expected, observed)
    if kpi.direction == "both":
        good, bad = min(observed, expected), max(observed, expected)
    return max(0.0, 1.0 - good / bad) if bad > 0 else 0.0


def steps_of(kpi: Kpi) -> tuple[tuple[float, str], ...]:
    """(how much worse, severity from there on), ascending: in points of a ratio, else in the logarithm of the multiple."""
    if kpi.kind == "ratio":
        return tuple((change, name) for change, _, name in reversed(RATIO_STEPS))
    return tuple((-log1p(-loss), name) for loss, name in reversed(RELATIVE_STEPS))


def severity(kind: str, kpi: Kpi, observed: float, expected: float, excess: float, *, busy: bool) -> str:
    """critical, major, minor or warning.

    | kind | critical | major | minor | warning |
    |---|---|---|---|---|
    | outage | half or more lost, busy cell | half or more lost | a tenth lost | less |
    | sleeping | - | busy cell | other cells | - |
    | any, on a ratio | 50 points and 50 failures | 10 points and 20 failures | 3 points | less |
    | any, else | - | four fifths worse | half worse | less |
    | core | one step up, for many stand behind it | | | |
    | no_data | - | - | - | always |

    Busy: the cell expects at least the network's median traffic at this hour.
    """
    if kind == "no_data":
        return "warning"
    if kind == "sleeping":
        return "major" if busy else "minor"
    if kind == "outage":
        loss = effect(kpi, observed, expected) if kpi.kind == "ratio" else relative_loss(kpi, observed, expected)
        return ("critical" if busy else "major") if loss >= 0.5 else "minor" if loss >= 0.1 else "warning"
    by_size = _by_size(kpi, observed, expected, excess)
    return UP_ONE[by_size] if kind == "core" else by_size


def _by_size(kpi: Kpi, observed: float, expected: float, excess: float) -> str:
    if kpi.kind == "ratio":
        change = effect(kpi, observed, expected)
        return next((name for least, failures, name in RATIO_STEPS if change >= least and excess >= failures), "warning")
    loss = relative_loss(kpi, observed, expected)
    return next((name for least, name in RELATIVE_STEPS if loss >= least), "warning")
