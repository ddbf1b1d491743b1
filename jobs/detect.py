"""Score each tick that is ready, then decide over the whole network, in order of time, in one transaction a tick."""

from dataclasses import dataclass

from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.window import Tick
from detector.kpis import Catalogue
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs.decide import Deciding
from jobs.ledger import Reached, walk_on
from jobs.mending import mend, mended
from jobs.score import Scoring


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
    reached: Reached = walk_on,
) -> Detected:
    """Every tick that is owed and ready by `now`, oldest first; each is decided before the next is scored.

    A tick without a baseline stays owed until `learn` has run. A late or corrected tick, no newer than the newest decided
    one, is scored anew with those that look back on it, and all decisions since then are taken again.
    """
    reference = source.reference(now)
    scoring = Scoring(store, reference, catalogue, detection, now, reached)
    deciding = Deciding(scoring, correlation)
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

    mended(run, lambda: mend(source, store, catalogue, reference, now=now))
    return Detected(tuple(scored), tuple(decided))
