"""What of the receivers keeps alerts from arriving, in lines for people."""

from collections.abc import Collection, Mapping

from detector.domain.receiver_state import ReceiverState
from detector.labels.times import stamp


def problems_of(states: Mapping[str, ReceiverState], configured: Collection[str], timezone: str) -> list[str]:
    """A line for each receiver that is down, and for each of which alerts are dead; `timezone` is the operator's.

    A receiver is down from its first failed attempt to its next answer, and alerts are dead until somebody makes them due
    again. Who is not configured any more cannot be down.

    >>> from detector.domain.receiver_state import Backlog, Outage
    >>> refused = Outage(failures=5, since=1774339200, error="https://care.example: Connection refused")
    >>> waiting = ReceiverState("crm", refused, Backlog(waiting=12, oldest_at=1774339200))
    >>> problems_of({"crm": waiting}, ["crm"], "UTC")
    ['receiver crm: down since 2026-03-24 08:00 UTC, 5 failures: https://care.example: Connection refused; 12 alerts wait']
    >>> problems_of({"old": ReceiverState("old", Outage(1, 0), Backlog(dead=1))}, ["crm"], "UTC")
    ['1 alert for old is dead: no receiver of that name is configured']
    """
    lines = []
    for name, one in sorted(states.items()):
        if one.down and name in configured:
            lines.append(_down(one, timezone))
        if dead := one.backlog.dead:
            mend = "precall redrive" if name in configured else "no receiver of that name is configured"
            lines.append(f"{_alerts(dead)} for {name} {_are(dead)} dead: {mend}")
    return lines


def _down(one: ReceiverState, timezone: str) -> str:
    outage, waits = one.outage, one.backlog.waiting
    since = stamp(int(outage.since or 0), timezone)
    failures = f"{outage.failures} failure{'s' if outage.failures != 1 else ''}"
    why = f": {outage.error.partition(' (')[0].partition('; gave up')[0]}" if outage.error else ""
    waiting = f"; {_alerts(waits)} wait{'s' if waits == 1 else ''}" if waits else ""
    return f"receiver {one.receiver}: down since {since}, {failures}{why}{waiting}"


def _alerts(count: int) -> str:
    return f"{count:,} alert{'s' if count != 1 else ''}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
