"""Traffic of the cells around: a dead cell's users show up there."""

from collections.abc import Sequence

import numpy as np

from detector.domain.cell import Topology, base_object
from detector.scoring.counting import Floats


def neighbour_load(objects: Sequence[str], topology: Topology, observed: Floats, expected: Floats) -> Floats:
    """[object]: sum of the neighbours' traffic over the sum expected; NaN without neighbours that report.

    >>> t = Topology(neighbours={"a": frozenset({"b", "c"})})
    >>> neighbour_load(["a", "b", "c"], t, np.array([0.0, 30.0, 18.0]), np.array([20.0, 20.0, 20.0])).tolist()
    [1.2, nan, nan]
    """
    place = {name: i for i, name in enumerate(objects)}
    answer = np.full(len(objects), np.nan)
    for i, name in enumerate(objects):
        beside = [place[n] for n in topology.neighbours.get(base_object(name), ()) if n in place]
        wanted = expected[beside].sum()
        if wanted > 0:
            answer[i] = observed[beside].sum() / wanted
    return answer
