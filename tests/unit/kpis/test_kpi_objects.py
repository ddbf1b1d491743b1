"""Whose row is it: DN suffixes on whole RDNs, then known ids, and never a guess."""

import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.kpis.objects import ObjectNames

TOPOLOGY = Topology(
    cells={
        cell.cell_id: cell
        for cell in (
            Cell(cell_id="c1", technology="NR", node_id="g1", ldn=("GNBCUCPFunction=1,NRCellCU=1",)),
            Cell(cell_id="c2", technology="NR", node_id="g2", ldn=("GNBCUCPFunction=1,NRCellCU=1",)),
            Cell(cell_id="c3", technology="NR", node_id="g2", ldn=("NRCellCU=3",)),
            Cell(cell_id="c4", technology="NR", node_id="g2", ldn=("GNBCUCPFunction=7, NRCellCU=3",)),
            Cell(cell_id="7", technology="LTE", node_id="e7"),
        )
    },
    functions={"amf1": NetworkFunction("amf1", "AMF")},
)

ROWS = [
    # raw object                                        | its object
    ("c1", "c1"),
    ("c1#5qi=1", "c1#5qi=1"),
    ("ManagedElement=g1,GNBCUCPFunction=1,NRCellCU=1", "c1"),
    ("ManagedElement=g2,GNBCUCPFunction=1,NRCellCU=1", "c2"),
    ("ManagedElement=g9,GNBCUCPFunction=1,NRCellCU=1", None),
    ("ManagedElement=g2,GNBCUCPFunction=2,NRCellCU=3", "c3"),
    ("ManagedElement=g2, GNBCUCPFunction=7 ,NRCellCU=3#snssai=01", "c4#snssai=01"),
    ("ManagedElement=g2,GNBDUFunction=7,NRCellDU=3", "c4"),
    ("ManagedElement=g2,GNBCUCPFunction=2,XNRCellCU=3", None),
    ("ManagedElement=g2,GNBCUCPFunction=2,NRCellCU=33", None),
    ("SubNetwork=1,NRCellDU=c2", "c2"),
    ("ManagedElement=g1,NRCellDU=c2", None),
    ("ManagedElement=e7,ENBFunction=1,EUtranGenericCell=7", "7"),
    ("ManagedElement=e8,ENBFunction=1,EUtranGenericCell=7", "7"),
    ("ManagedElement=e7,ENBFunction=7", None),
    ("ManagedElement=7", None),
    ("ManagedElement=e7,EUtranGenericCell=9,EUtranRelation=7", None),
    ("ManagedElement=core,AMFFunction=amf1", "amf1"),
    ("ManagedElement=g2,NRCellCU=3,", "c3"),
    ("", None),
    (",", None),
]


@pytest.mark.parametrize(("raw", "object_id"), ROWS)
def test_object_of_a_row(raw: str, object_id: str | None) -> None:
    assert ObjectNames(TOPOLOGY).object_of(raw) == object_id


def test_the_managed_element_beside_the_ldn_distinguishes_nodes() -> None:
    names = ObjectNames(TOPOLOGY)
    assert names.object_of("GNBCUCPFunction=1,NRCellCU=1", "ManagedElement=g1") == "c1"
    assert names.object_of("GNBCUCPFunction=1,NRCellCU=1", "ManagedElement=g2") == "c2"
    assert names.object_of("GNBCUCPFunction=1,NRCellCU=1") is None
