"""Whether people were seen behind objects that sent no measurements."""

from collections.abc import Collection
from dataclasses import dataclass

from detector.domain.window import HOUR_S

LEAST_MISSING_S = HOUR_S // 2
"""Least time of an hour in which nothing was measured. Chosen: of half an hour the people who left are still half there."""


@dataclass(frozen=True)
class SilentObjects:
    """Cells of one site that sent nothing from `since` to `until` (s)."""

    names: frozenset[str]
    since: int
    until: int

    def missing_s(self, hour: int) -> int:
        """Seconds of the hour that starts at `hour` (s) in which they sent nothing."""
        return max(0, min(self.until, hour + HOUR_S) - max(self.since, hour))


@dataclass(frozen=True, kw_only=True)
class PeopleSeen:
    """One object without measurements in the hour `start` to `end` (s). `present`: people were behind its site as on other
    days; else they were gone from it. `share`: seen of expected, 1 = as usual."""

    object_id: str
    start: int
    end: int
    present: bool
    share: float


def by_object(found: Collection[PeopleSeen]) -> dict[str, PeopleSeen]:
    """Object -> what its newest hour shows."""
    return {one.object_id: one for one in sorted(found, key=lambda one: one.end)}
