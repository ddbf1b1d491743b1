"""Whose word counts when cells fall silent."""

import numpy as np
import pytest

from detector.degradations.stopped_feed import MissingObjects
from detector.domain.operations import Operations
from detector.domain.window import Tick
from tests.tables import at
from tests.unit.incidents.story import evidence, network

TICK = Tick(at("08:00"), 900)
NETWORK = network(sites=2)
OBJECTS = (*NETWORK.cells, "amf1")


@pytest.mark.parametrize(
    ("silent", "lost", "carried", "says"),
    [
        (("c2.1", "c2.2"), (), 0.95, False),  # it serves their users still
        (("c2.1", "c2.2"), (), 0.60, True),
        (("c2.1", "c2.2"), ("c1.1", "c1.2", "c1.3"), 0.50, False),  # the lost cells explain all that it misses
        (("c2.1", "c2.2"), ("c1.1", "c1.2", "c1.3"), 0.20, True),
        (("c2.1", "c2.2"), ("c2.1", "c2.2"), 0.60, True),  # a silent cell explains nothing of itself
    ],
)
def test_the_core_is_evidence_of_cells_without_data_by_what_no_lost_cell_explains(
    silent: tuple[str, ...], lost: tuple[str, ...], carried: float, says: bool
) -> None:
    shown = evidence(TICK, {}, OBJECTS)
    shown.missing[[shown.object_index[name] for name in silent]] = True
    known = MissingObjects(
        evidence=shown,
        topology=NETWORK,
        operations=Operations(),
        periods=dict.fromkeys(silent, 2),
        expected_traffic=np.full(len(OBJECTS), 10.0),
        core={"amf1": carried},
        lost=frozenset(lost),
        now=TICK.end + 300,
    )
    assert [known.core_says(shown.object_index[name]) for name in silent] == [says, says]
