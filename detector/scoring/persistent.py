"""A mild effect has to last: one odd period is no degradation unless it is sharp."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.scoring.counting import Floats
from detector.scoring.scorer import Sample

SHARP_RATIO = 0.05
"""A twentieth more failures are sharp, whatever the floor."""
OTHER_PERIODS_SHARE = 0.3
"""Share of a pooled horizon's excess that its other periods have to show without its worst one."""


def persistent(sample: Sample, excess: Floats, peak: Floats, kpi: Kpi) -> NDArray[np.bool_]:
    """[horizon, object]: sharp over the horizon, or mild and shown by more than one of its periods. `excess` as the scorer
    gives it; `peak`: the excess of each horizon's worst period.

    >>> kpi = Kpi(id="a", title="A", unit="%", kind="ratio", direction="up", family="accessibility",
    ...     technology="LTE", clause="", numerator="a", denominator="b", floor=0.01)
    >>> size = np.array([[100.0, 100.0, 100.0], [200.0, 200.0, 200.0]])
    >>> none = np.zeros((2, 3))
    >>> sample = Sample(
    ...     events=none, size=size, level=none, spread=none, level_variance=np.zeros(3), idle_probability=none)
    >>> excess, peak = np.array([[9.0, 3.0, 3.0], [9.0, 7.0, 3.2]]), np.array([[9.0, 3.0, 3.0], [9.0, 4.0, 3.0]])
    >>> persistent(sample, excess, peak, kpi).tolist()
    [[True, False, False], [False, True, False]]
    """
    if kpi.traits.sharp_floors is None:
        return np.ones(excess.shape, bool)
    least = kpi.traits.sharp_floors * kpi.floor
    if kpi.traits.fraction:
        sharp = excess >= max(kpi.floor, min(least, SHARP_RATIO)) * sample.size
    else:
        sharp = excess >= least * sample.expected
    spread_out = excess - peak >= OTHER_PERIODS_SHARE * excess
    spread_out[0] = False
    return np.asarray(sharp | spread_out)
