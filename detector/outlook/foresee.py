"""The stage: an open incident to when it is expected to clear."""

from detector.domain.incident import Incident
from detector.domain.outlook import Outlook
from detector.outlook.lasting import Lasting


def foresee(incident: Incident, lasting: Lasting, *, now: int) -> Outlook | None:
    """The outlook of an open incident, itself among what `lasting` has learned from; None once it is over, or if nobody is
    told of it. A ticket's promise goes before it wherever it is shown."""
    if incident.state != "open" or incident.silent:
        return None
    low, median, high = (now + round(s) for s in lasting.remaining(incident.kind, float(max(now - incident.started_at, 0))))
    return Outlook(incident.incident_id, now, median, low, high, lasting.finished)
