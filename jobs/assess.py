"""Whom each incident touches and what care does: impact, listings and composed alerts in one transaction."""

from collections.abc import Sequence
from functools import partial

from detector.delivery import Receiver
from detector.domain.alert import Alert
from detector.domain.communication import ContactHistory
from detector.domain.exposure import no_mobility_profile
from detector.store import PendingStep
from jobs import models
from jobs.assessing.announcing import Announcing
from jobs.assessing.asking import Asking
from jobs.assessing.holding import Holding
from jobs.assessing.weighing import Weighing
from jobs.context import JobContext
from jobs.ledger import Checkpoint
from jobs.restore import restore_damaged, retry_restored


def assess(context: JobContext, *, now: float, receivers: Sequence[Receiver], due_at: float) -> tuple[Alert, ...]:
    """All incidents that are open or were changed by the ticks still owed, each tick in a transaction of its own.

    `due_at`: wall time from which the alerts may go out. Returns the alerts composed.
    """
    feeds, store, catalogue, settings = context.feeds, context.store, context.catalogue, context.settings
    pending = store.ticks.pending("assess")
    if not pending:
        return ()
    reference = feeds.reference(now)
    profile = models.load_mobility_profile(store) or no_mobility_profile()
    alerts: list[Alert] = []
    for pending_step in pending:
        weighing = Weighing(store, reference, catalogue, settings, profile, int(now))
        announcing = Announcing(
            store=store,
            reference=reference,
            catalogue=catalogue,
            settings=settings,
            receivers=receivers,
            now=int(now),
            due_at=due_at,
        )
        alerts += retry_restored(
            partial(_settle, pending_step, weighing, announcing, context.checkpoint),
            partial(restore_damaged, feeds, store, catalogue, reference, now=now),
        )
    return tuple(alerts)


def _settle(pending_step: PendingStep, weighing: Weighing, announcing: Announcing, checkpoint: Checkpoint) -> list[Alert]:
    """What one tick owes, whole or not at all."""
    store, now = weighing.store, weighing.now
    decided = store.decisions.newest()
    found = weighing.all_changed()
    checkpoint("assess.computed")
    with store.begin() as connection:
        overtaken = store.decisions.newest(connection) != decided  # what was assessed may be withdrawn by now
        if overtaken or not store.ticks.still_pending(connection, pending_step):  # or another daemon was faster
            return []
        holding = Holding.at(connection, store, weighing.settings, now)
        asking = Asking(store, found[0].context.contact_history if found else ContactHistory(), now)
        gravest_first = sorted(found, key=lambda one: one.gravity)
        alerts = [alert for one in gravest_first if (alert := announcing.record(connection, one, holding, asking))]
        store.notes.put(connection, "assessed_until", now)
        store.ticks.complete(connection, pending_step, now)
        checkpoint("assess.deciding")
    checkpoint("assess.recorded")
    return alerts
