"""Score each tick that is ready, then decide over the whole network, in order of time, in one transaction a tick."""

from dataclasses import dataclass

from detector.domain.window import Tick
from jobs.context import JobContext
from jobs.decide import TickDecider
from jobs.restore import restore_damaged, retry_restored
from jobs.score import TickScorer


@dataclass(frozen=True)
class Detected:
    """What one run did: ticks scored, and ticks decided for the first time."""

    scored: tuple[Tick, ...] = ()
    decided: tuple[Tick, ...] = ()


def detect(context: JobContext, *, now: float) -> Detected:
    """Every tick that is pending and ready by `now`, oldest first; each is decided before the next is scored.

    A tick without a baseline stays pending until `learn` has run. A late or corrected tick, no newer than the newest decided
    one, is scored anew with those that look back on it, and all decisions since then are taken again.
    """
    feeds, store, catalogue, settings = context.feeds, context.store, context.catalogue, context.settings
    reference = feeds.reference(now)
    scoring = TickScorer(store, reference, catalogue, settings.detection, now, context.checkpoint)
    deciding = TickDecider(scoring, settings.incidents, settings.impact)
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

    retry_restored(run, lambda: restore_damaged(feeds, store, catalogue, reference, now=now))
    return Detected(tuple(scored), tuple(decided))
