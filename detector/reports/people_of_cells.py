"""Who lives with a cell, and what they did: for reports on cells."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from detector.reports.report import Past, Value, few, rounded_people


@dataclass(frozen=True)
class PeopleOfCells:
    """Cell -> people who live with it, those of them who complained of the network, those who left."""

    living: Mapping[str, int]
    complained: Mapping[str, int]
    left: Mapping[str, int]
    floor: int

    @classmethod
    def of(cls, past: Past) -> "PeopleOfCells":
        complained = {one.subscriber for one in past.interactions if one.about_network}
        left = {one.subscriber for one in past.events if one.kind == "left"}
        groups = (past.homes, complained, left)
        living, said, gone = (Counter(past.homes[who] for who in group if who in past.homes) for group in groups)
        return cls(living, said, gone, past.floor)

    def behind(self, cell: str) -> tuple[Value, ...]:
        """(who live with it, who complained, how many times as many as of those who live with others, who left); each None
        where they are fewer than the floor."""
        living, complained = self.living.get(cell, 0), self.complained.get(cell, 0)
        if few(living, self.floor):
            return None, None, None, None
        living_with_others = sum(self.living.values()) - living
        others = sum(self.complained.values()) - complained
        known = not few(complained, self.floor) and others > 0 and living_with_others > 0
        times = round(complained / living / (others / living_with_others), 1) if known else None
        counts = (living, complained, self.left.get(cell, 0))
        lived, said, gone = (rounded_people(count, self.floor) for count in counts)
        return lived, said, times, gone
