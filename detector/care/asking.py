"""What care is asked to say with an alert: one row for each recipient who has not heard it."""

from collections.abc import Iterable

from detector.care.person_decisions import graver
from detector.domain.alert import AccountDecision, Decision
from detector.domain.communication import ALL_CLEAR, TAKEN_BACK, UNCOUNTED, Communication, Heard
from detector.domain.incident import Incident


def asked(
    incident: Incident, service: str, decisions: Iterable[Decision | AccountDecision], heard: Heard, now: int
) -> tuple[Communication, ...]:
    """Of what was decided, what is new to its recipient at `now` (s): nothing was said of this incident yet, or it is
    graver."""
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
        if one.action != "none" and _new(one, incident, heard, now)
    )


def _new(one: Decision | AccountDecision, incident: Incident, heard: Heard, now: int) -> bool:
    """What was decided before stands, and was said then."""
    rows = heard.about(one.recipient, incident.incident_id)
    if one.action == ALL_CLEAR:
        mine = [row for row in rows if row.subscriber == one.subscriber and row.action != "survey"]
        return bool(mine) and mine[-1].action != ALL_CLEAR
    if incident.state != "open":
        return all(row.rule != one.rule for row in rows)
    told = [row for row in rows if row.action not in UNCOUNTED]
    return not told or (max(row.at for row in told) < one.decided_at == now and graver(incident, told))


def taken_back(rows: Iterable[Communication], now: int) -> tuple[Communication, ...]:
    """What shows that these reached nobody."""
    return tuple(
        Communication(
            incident_id=row.incident_id,
            subscriber=row.subscriber,
            recipient=row.recipient,
            at=now,
            action=TAKEN_BACK,
            rule=row.action,
        )
        for row in rows
    )
