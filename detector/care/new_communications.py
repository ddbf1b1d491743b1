"""Communications requested with an alert: one row for each recipient who was not notified of it."""

from collections.abc import Iterable

from detector.care.person_decisions import is_escalation
from detector.domain.alert import AccountDecision, Decision
from detector.domain.communication import ALL_CLEAR, RETRACTED, UNCOUNTED, Communication, ContactHistory
from detector.domain.incident import Incident


def new_communications(
    incident: Incident,
    service: str,
    decisions: Iterable[Decision | AccountDecision],
    contact_history: ContactHistory,
    now: int,
) -> tuple[Communication, ...]:
    """Decisions that are new to their recipient at `now` (s): no communication on this incident yet, or it is
    more severe."""
    return tuple(
        Communication(
            incident_id=incident.incident_id,
            subscriber=one.subscriber,
            recipient=one.recipient,
            at=now,
            action=one.action,
            channel=one.channel,
            offer=one.offer,
            rule=one.rule,
            severity=incident.severity,
            service=service,
        )
        for one in decisions
        if one.action != "none" and _new(one, incident, contact_history, now)
    )


def _new(one: Decision | AccountDecision, incident: Incident, contact_history: ContactHistory, now: int) -> bool:
    """An earlier decision still holds, and was communicated then."""
    rows = contact_history.about(one.recipient, incident.incident_id)
    if one.action == ALL_CLEAR:
        mine = [row for row in rows if row.subscriber == one.subscriber and row.action != "survey"]
        return bool(mine) and mine[-1].action != ALL_CLEAR
    if incident.state != "open":
        return all(row.rule != one.rule for row in rows)
    notified = [row for row in rows if row.action not in UNCOUNTED]
    return not notified or (max(row.at for row in notified) < one.decided_at == now and is_escalation(incident, notified))


def retracted(rows: Iterable[Communication], now: int) -> tuple[Communication, ...]:
    """What shows that these reached nobody."""
    return tuple(
        Communication(
            incident_id=row.incident_id,
            subscriber=row.subscriber,
            recipient=row.recipient,
            at=now,
            action=RETRACTED,
            rule=row.action,
        )
        for row in rows
    )
