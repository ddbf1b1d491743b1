"""Feeds over a folder, as tests open them."""

from detector.sources.dataset import OperatorDataset
from detector.sources.feed import FeedContext
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser
from detector.sources.watched_folder import WatchedFolder

NAMES = Pseudonymiser(b"k" * 32)
SILENT_AFTER_S = 45 * 60


def context(quarantine, names=NAMES, **options) -> FeedContext:
    return FeedContext(pseudonymiser=names, quarantine=quarantine, storage=quarantine.parent, **options)


def watched_folder(inbox, quarantine, names=NAMES, how=None) -> WatchedFolder:
    return WatchedFolder(inbox, context(quarantine, names), how=how)


def feeds_of(folder: OperatorDataset) -> Feeds:
    """The folder as the one feed of everything."""
    return Feeds([folder.feed(silent_after_s=SILENT_AFTER_S)])
