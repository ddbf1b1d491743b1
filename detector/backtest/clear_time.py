"""Accuracy of clear times: our own estimates, made at opening, against the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detector.backtest.intervals import Figure, quantile, share
from detector.backtest.matching import Matches
from detector.domain.window import epoch


@dataclass(frozen=True, slots=True)
class ClearEstimate:
    """The end of an incident by its first alert, and when its fault did end; s since the epoch."""

    clear: int
    low: int
    high: int
    ended_at: int


def clear_estimates(matches: Matches) -> list[ClearEstimate]:
    """One for each incident of which care was notified with our own estimate, where it matches a fault that customers feel
    and whose end the replay saw: one that outlasts the window may have been cut off with the data. A ticket's promise is
    not ours; an incident of several faults ends with the last of them.
    """
    found = []
    for body, _ in matches.results.alerts:
        if not str(body.get("type", "")).startswith("care.incident.opened"):
            continue
        expected = _expected(body)
        ended_at = _fault_end(matches, str(body.get("subject", "")).removeprefix("incident/"))
        if "low" in expected and ended_at is not None and ended_at < matches.results.window.end:
            clear, low, high = (_seconds(expected[side]) for side in ("clear", "low", "high"))
            found.append(ClearEstimate(clear, low, high, ended_at))
    return found


def clear_time_error(matches: Matches) -> Figure:
    """Median of how far (s, either way) the expected clear time lay from the fault's end."""
    return quantile([abs(one.clear - one.ended_at) for one in clear_estimates(matches)], 0.5)


def clear_time_coverage(matches: Matches) -> Figure:
    """Share of the stated intervals that held the fault's end; nominal 0.8."""
    own = clear_estimates(matches)
    return share(sum(one.low <= one.ended_at <= one.high for one in own), len(own))


def _expected(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return (body.get("data") or {}).get("expected") or {}


def _fault_end(matches: Matches, incident_id: str) -> int | None:
    faults = (matches.truth.fault[f] for f in matches.faults_of_incident.get(incident_id, ()))
    return max((f.window.end for f in faults if f.customer_affecting), default=None)


def _seconds(iso: str) -> int:
    return epoch(datetime.fromisoformat(iso))
