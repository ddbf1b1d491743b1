"""What is so of one incident at one moment, decided once: for alerts, sentences, pages, lists, terminal and lookups."""

from dataclasses import dataclass

from detector.care.trouble import trouble_of
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident, Suppression
from detector.labels import terms
from detector.labels.times import clock, duration

OPEN, OVER, MERGED, WITHDRAWN = "open", "over", "merged", "withdrawn"
STATES = (OPEN, OVER, MERGED, WITHDRAWN)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Times in s since the epoch, as known at `now`: `since` the estimated onset, `until` the estimated end (None unless it
    is over: what went on as part of another has not ended, and a false alarm never began), since <= until <= now. `clear`:
    a promised end that is still to come. `works_until`: when declared works that go on should have ended. `no_data_since`:
    from when on nobody measures how it goes on.

    `state`: one of STATES; `silent`: why no receiver is notified, None = they are; `into`: the incident into which it was
    merged. `trouble`: the fault in a customer's words. `reason`: the fault in an engineer's words.
    """

    incident_id: str
    state: str
    silent: Suppression | None
    into: str
    trouble: str
    headline: str
    reason: str
    since: int
    until: int | None
    clear: int | None
    works_until: int | None
    no_data_since: int | None
    now: int
    timezone: str

    @property
    def lasted_s(self) -> int:
        """So far, or in all."""
        return (self.now if self.until is None else self.until) - self.since

    @property
    def lasted(self) -> str:
        """Empty for a false alarm, which did not last, and for what goes on as part of another."""
        return duration(self.lasted_s) if self.state in (OPEN, OVER) else ""

    def clock(self, at: float) -> str:
        """In the operator's zone, which is named."""
        return clock(at, self.timezone, now=self.now)

    @property
    def in_words(self) -> str:
        """State and times: ongoing since when, or until when it was."""
        if self.state == OPEN:
            unmeasured = "" if self.no_data_since is None else f"; no data since {self.clock(self.no_data_since)}"
            return f"ongoing, since {self.clock(self.since)}{unmeasured}"
        if self.state == MERGED:
            return f"continues as part of {self.into}"
        if self.state == WITHDRAWN or self.until is None:
            return "false alarm"
        return f"over since {self.clock(self.until)}"

    @property
    def silence(self) -> str:
        return "" if self.silent is None else terms.SUPPRESSED[self.silent]


def facts_of(incident: Incident, *, now: float, timezone: str, lead: Degradation | None = None) -> Facts:
    """`lead`: the degradation that the incident's reason names, which separates voice from data."""
    at = int(now)
    since = min(incident.started_at, at)
    over = _state(incident) == OVER
    end = incident.over_at
    works = incident.works_until
    return Facts(
        incident_id=incident.incident_id,
        state=_state(incident),
        silent=incident.suppression,
        into=incident.merged_into or "",
        trouble=trouble_of(incident, lead),
        reason=incident.reason,
        headline=terms.headline(incident.kind, incident.root_kind, incident.root_id),
        since=since,
        until=min(max(at if end is None else end, since), at) if over else None,
        clear=incident.promised_clear(at) if incident.state == "open" else None,
        works_until=works if works is not None and works <= at else None,
        no_data_since=incident.no_data_since if incident.state == "open" else None,
        now=at,
        timezone=timezone,
    )


def _state(incident: Incident) -> str:
    if incident.withdrawn_at is not None:
        return WITHDRAWN
    return {"open": OPEN, "merged": MERGED}.get(incident.state, OVER)
