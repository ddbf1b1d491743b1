"""The stage: an open incident to when it is expected to clear, and when its drifts turn graver."""

from collections.abc import Sequence

from detector.domain.incident import Incident
from detector.domain.outlook import Breach, Outlook
from detector.outlook.lasting import Lasting


def foresee(incident: Incident, lasting: Lasting, breaches: Sequence[Breach] = (), *, now: int) -> Outlook | None:
    """The outlook of an open incident, itself among what `lasting` has learned from; None once it is over, if nobody is
    told of it, or while it is not measured. A ticket's promise goes before it wherever it is shown."""
    episode = lasting.episodes.get(incident.incident_id)
    if incident.state != "open" or incident.silent or incident.no_data_since is not None or episode is None:
        return None
    begun = incident.started_at + episode.lasted_s
    low, median, high = (max(now, round(begun + s)) for s in lasting.remaining(incident.kind, episode.lasted_s))
    return Outlook(
        incident_id=incident.incident_id,
        made_at=now,
        clear_at=median,
        clear_low=low,
        clear_high=high,
        past=lasting.finished,
        breaches=tuple(breaches),
    )
