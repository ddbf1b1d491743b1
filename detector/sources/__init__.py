"""Where counters, reference data and presence come from; vendor names and raw identities stop here."""

from typing import TYPE_CHECKING

from detector.exports import on_demand

if TYPE_CHECKING:
    from detector.sources.dataset import OperatorDataset
    from detector.sources.identity import Pseudonymiser
    from detector.sources.pm_row import ReadCounts
    from detector.sources.pm_xml import read_pm_xml
    from detector.sources.registry import SOURCES, open_source
    from detector.sources.watch import FileDrop

__all__ = ["SOURCES", "FileDrop", "OperatorDataset", "Pseudonymiser", "ReadCounts", "open_source", "read_pm_xml"]
__getattr__ = on_demand(
    __name__,
    {
        "dataset": ["OperatorDataset"],
        "identity": ["Pseudonymiser"],
        "pm_row": ["ReadCounts"],
        "pm_xml": ["read_pm_xml"],
        "registry": ["SOURCES", "open_source"],
        "watch": ["FileDrop"],
    },
)
