"""The stage: an open incident to when it is expected to clear, and when its drifts reach their next severity."""

from collections.abc import Sequence

from detector.domain.incident import Incident
from detector.domain.outlook import Breach, Outlook
from detector.outlook.clear_time import ClearTimeModel


def foresee(incident: Incident, clear_times: ClearTimeModel, breaches: Sequence[Breach] = (), *, now: int) -> Outlook | None:
    """The outlook of an open incident, itself among what `clear_times` has learned from; None once it is over, if
    nobody is notified of it, or while it is not measured. A ticket's promise is shown before it."""
    episode = clear_times.episodes.get(incident.incident_id)
    if incident.state != "open" or incident.silent or incident.no_data_since is not None or episode is None:
        return None
    begun = incident.started_at + episode.lasted_s
    low, median, high = (max(now, round(begun + s)) for s in clear_times.remaining(incident.kind, episode.lasted_s))
    return Outlook(
        incident_id=incident.incident_id,
        made_at=now,
        clear_at=median,
        clear_low=low,
        clear_high=high,
        past=clear_times.finished,
        breaches=tuple(breaches),
    )
