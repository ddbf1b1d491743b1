"""Make dead alerts due again, and retract the communications of those that nobody will get."""

from detector.store import Store
from detector.store.redriving import redrive as made_due


def redrive(store: Store, wall_now: float, event_now: float, receiver: str | None = None) -> tuple[int, int]:
    """(alerts due again, alerts superseded) of one receiver, or of all. The communications of a superseded alert
    that nobody can have had may be requested with the next. InvalidIdentity for a blank receiver."""
    with store.begin() as connection:
        redriven = made_due(connection, wall_now, receiver, event_now=event_now)
    if redriven.superseded:
        from jobs.push import retract_requests  # heavy, and seldom needed
    for key in dict.fromkeys(redriven.superseded):
        for message in store.outbox.messages_of(key)[:1]:
            retract_requests(store, message, event_now)
    return redriven.due, len(redriven.superseded)
