"""What is likely to come of an incident: an estimate with its interval, never a promise."""

from dataclasses import dataclass

LEVEL = 0.8
"""An outlook's interval holds what comes in so many of all cases: a tenth ends before `low`, a tenth after `high`."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """When an open incident is expected to clear, as seen at `made_at`; all in s since the epoch.

    `clear_at` is the median: it ends as often before as after. `past`: how many finished incidents of this network stand
    behind it; with none it is what is usual anywhere, and the interval is wide.
    """

    incident_id: str
    made_at: int
    clear_at: int
    clear_low: int
    clear_high: int
    past: int = 0
