"""How bad: the size of the effect, and how many it struck."""

from math import log1p
from typing import assert_never

from detector.domain.degradation_kind import DegradationKind
from detector.domain.kpi import Kpi

RATIO_STEPS = ((0.5, 50.0, "critical"), (0.1, 20.0, "major"), (0.03, 0.0, "minor"))
"""(least change of the fraction, least excess failures, severity)."""
RELATIVE_STEPS = ((0.8, "major"), (0.5, "minor"))
"""(least relative loss, severity): throughput to a fifth or delay five times as long is 0.8."""
UP_ONE = {"warning": "minor", "minor": "major", "major": "critical", "critical": "critical"}


def steps_of(kpi: Kpi) -> tuple[tuple[float, str], ...]:
    """(how much worse, severity from there on), ascending: in points of a ratio, else in the logarithm of the multiple."""
    match kpi.traits.effect:
        case "points":
            return tuple((change, name) for change, _, name in reversed(RATIO_STEPS))
        case "relative":
            return tuple((-log1p(-loss), name) for loss, name in reversed(RELATIVE_STEPS))
        case _:
            assert_never(kpi.traits.effect)


def severity(kind: DegradationKind, kpi: Kpi, observed: float, expected: float, excess: float, *, busy: bool) -> str:
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
    match kind.severity_rule:
        case "warning":
            return "warning"
        case "by_traffic":
            return "major" if busy else "minor"
        case "by_loss":
            loss = kpi.loss(observed, expected)
            return ("critical" if busy else "major") if loss >= 0.5 else "minor" if loss >= 0.1 else "warning"
        case "by_size":
            return _by_size(kpi, observed, expected, excess)
        case "one_step_up":
            return UP_ONE[_by_size(kpi, observed, expected, excess)]
        case _:
            assert_never(kind.severity_rule)


def _by_size(kpi: Kpi, observed: float, expected: float, excess: float) -> str:
    loss = kpi.loss(observed, expected)
    match kpi.traits.effect:
        case "points":
            return next((name for least, failures, name in RATIO_STEPS if loss >= least and excess >= failures), "warning")
        case "relative":
            return next((name for least, name in RELATIVE_STEPS if loss >= least), "warning")
        case _:
            assert_never(kpi.traits.effect)
