"""Whether data are missing where a caller probably is."""

from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.impact import Watch
from detector.domain.window import DAY_S
from detector.store import Store

_OUTCOMES_S = 90 * DAY_S
"""How far back it is counted what missing data proved to be. Chosen: a season."""


def watch(store: Store, key: str, *, now: int, timezone: str) -> Watch | None:
    """None while nothing is missing, or nothing where this person probably is."""
    silent: dict[str, int] = {}
    for d in store.degradations.open():
        if d.family == MISSING_DATA and not d.affects_service and not d.quiet_periods:
            silent[d.base_object] = min(d.started_at, silent.get(d.base_object, d.started_at))
    if not silent:
        return None
    from detector import impact  # with the arrays of the profiles, which a quiet network does not need
    from jobs import models

    profile = models.load_mobility_profile(store)
    if profile is None:
        return None
    outcomes = store.degradations.missing_data_outcomes(now - _OUTCOMES_S)
    return impact.watch_of(key, silent, profile, outcomes, now=now, timezone=timezone)
