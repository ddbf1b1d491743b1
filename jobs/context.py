"""What every job works with."""

from dataclasses import dataclass

from detector.kpis import Catalogue
from detector.settings import Settings
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs.ledger import Checkpoint, no_checkpoint


@dataclass(frozen=True)
class JobContext:
    """The feeds and the store of one installation, its KPI catalogue and settings. `checkpoint` is called at every named
    step of a job with its name: tests of crashes end the process there."""

    feeds: Feeds
    store: Store
    catalogue: Catalogue
    settings: Settings
    checkpoint: Checkpoint = no_checkpoint
