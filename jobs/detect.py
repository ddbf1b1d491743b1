"""Score each tick that is ready, then decide over the whole network, in order of time, in one transaction a tick."""

from dataclasses import dataclass

from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.window import Tick
from detector.kpis import Catalogue
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs.decide import TickDecider
from jobs.ledger import Checkpoint, no_checkpoint
from jobs.restore import restore_damaged, retry_restored
from jobs.score import TickScorer


@dataclass(frozen=True)
class Detected:
    """What one run did: ticks scored, and ticks decided for the first time."""

    scored: tuple[Tick, ...] = ()
    decided: tuple[Tick, ...] = ()


def detect(
    source: Feeds,
    store: Store,
    catalogue: Catalogue,
    *,
    now: float,
    detection: DetectionPolicy,
    correlation: IncidentPolicy,
    checkpoint: Checkpoint = no_checkpoint,
) -> Detected:
    """Every tick that is owed and ready by `now`, oldest first; each is decided before the next is scored.

    A tick without a baseline stays owed until `learn` has run. A late or corrected tick, no newer than the newest decided
    one, is scored anew with those that look back on it, and all decisions since then are taken again.
    """
    reference = source.reference(now)
    scoring = TickScorer(store, reference, catalogue, detection, now, checkpoint)
    deciding = TickDecider(scoring, correlation)
    scored: list[Tick] = []
    decided: list[Tick] = []

    def run() -> None:
        scored.extend(scoring.late())
        deciding.again()
        decided.extend(deciding.forward())
        for pending_step in scoring.ready():
            scoring.score(pending_step)
            scored.append(pending_step.tick)
            decided.extend(deciding.forward())

    retry_restored(run, lambda: restore_damaged(source, store, catalogue, reference, now=now))
    return Detected(tuple(scored), tuple(decided))
