"""Feeds: where counters, reference data and what happens to people come from; vendor names and raw identities stop here."""

from typing import TYPE_CHECKING

from detector.exports import on_demand

if TYPE_CHECKING:
    from detector.sources.dataset import OperatorDataset
    from detector.sources.feed import Feed, FeedContext, FeedSettings
    from detector.sources.feeds import Feeds
    from detector.sources.identity import Pseudonymiser
    from detector.sources.pm_row import ReadCounts
    from detector.sources.pm_xml import read_pm_xml
    from detector.sources.registry import KINDS, open_feeds
    from detector.sources.watched_folder import WatchedFolder

__all__ = [
    "KINDS",
    "Feed",
    "FeedContext",
    "FeedSettings",
    "Feeds",
    "OperatorDataset",
    "Pseudonymiser",
    "ReadCounts",
    "WatchedFolder",
    "open_feeds",
    "read_pm_xml",
]
__getattr__ = on_demand(
    __name__,
    {
        "dataset": ["OperatorDataset"],
        "feed": ["Feed", "FeedContext", "FeedSettings"],
        "feeds": ["Feeds"],
        "identity": ["Pseudonymiser"],
        "pm_row": ["ReadCounts"],
        "pm_xml": ["read_pm_xml"],
        "registry": ["KINDS", "open_feeds"],
        "watched_folder": ["WatchedFolder"],
    },
)
