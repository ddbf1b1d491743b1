"""Whom each incident affects and what care does about it: evaluate, then save and notify, in one transaction a tick.

`evaluate` makes the assessment of each incident, by what `people_facts` and `contact_history` load; `notify` saves it with
its `listings` and composes the alert, if there is news.
"""

from collections.abc import Sequence
from functools import partial

from detector.delivery import Receiver
from detector.domain.alert import Alert
from detector.domain.communication import ContactHistory
from detector.domain.exposure import no_mobility_profile
from detector.store import PendingTick
from detector.store.cursors import ASSESS
from jobs import models
from jobs.assess.contact_history import NewCommunications
from jobs.assess.evaluate import Evaluator
from jobs.assess.notify import Notifier, WaitingIncidents
from jobs.context import JobContext
from jobs.restore import restore_damaged, retry_restored


def assess(context: JobContext, *, now: float, receivers: Sequence[Receiver], due_at: float) -> tuple[Alert, ...]:
    """Assesses all incidents that are open or were changed by the pending ticks, each tick in a transaction of its own.

    `due_at`: wall time from which the alerts may go out. Returns the alerts composed.
    """
    store = context.store
    pending = store.ticks.pending("assess")
    if not pending:
        return ()
    reference = context.feeds.reference(now)
    evaluator = Evaluator(context, reference, models.load_mobility_profile(store) or no_mobility_profile(), int(now))
    notifier = Notifier(context, reference, receivers, int(now), due_at)
    alerts: list[Alert] = []
    for step in pending:
        alerts += retry_restored(
            partial(_assess_tick, step, evaluator, notifier),
            partial(restore_damaged, context.feeds, store, context.catalogue, reference, now=now),
        )
    return tuple(alerts)


def _assess_tick(step: PendingTick, evaluator: Evaluator, notifier: Notifier) -> list[Alert]:
    """Returns the alerts of one pending tick, saved whole or not at all."""
    context, now = evaluator.job, evaluator.now
    store = context.store
    newest = store.decisions.newest()
    found = evaluator.evaluate_changed()
    context.checkpoint("assess.computed")
    with store.begin() as connection:
        overtaken = store.decisions.newest(connection) != newest  # what was assessed may be withdrawn by now
        if overtaken or not store.ticks.still_pending(connection, step):  # or another daemon was faster
            return []
        waiting = WaitingIncidents.at(connection, store, context.settings, now)
        communications = NewCommunications(store, found[0].context.contact_history if found else ContactHistory(), now)
        most_urgent_first = sorted(found, key=lambda one: one.urgency)
        alerts = [
            alert
            for one in most_urgent_first
            if (alert := notifier.save_and_notify(connection, one, waiting, communications))
        ]
        store.progress.save(connection, ASSESS, now)
        store.ticks.complete(connection, step, now)
        context.checkpoint("assess.deciding")
    context.checkpoint("assess.recorded")
    return alerts
