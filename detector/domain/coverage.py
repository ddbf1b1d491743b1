"""What is measured, of what could be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LITTLE = 0.5
"""Share of the objects with any value under which the absence of degradations is no evidence. Chosen: half."""


@dataclass(frozen=True, kw_only=True)
class KpiCoverage:
    """One KPI: `have` of the `should` objects of its technology had a value in the newest periods; `last_at`: end (s) of the
    newest period with one, None = never; `lacks`: counters that it needs and no file gives."""

    kpi: str
    title: str
    technology: str
    should: int
    have: int
    last_at: int | None
    lacks: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        return self.have / self.should if self.should else 0.0


@dataclass(frozen=True)
class SeenCounters:
    """Names of counters that were read: `known` to the catalogue, and those not understood with what was probably meant
    (empty = nothing is like it)."""

    known: tuple[str, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Of a network at `at` (s): `measured` of `objects` (cells in service and core functions) had any value in the newest
    periods. `since`, `until`: the first and the last moment (s) of which anything is known; None = nothing is. `unused`:
    counter that was read and not understood -> what was probably meant, empty = nothing is like it."""

    at: int
    objects: int
    measured: int
    since: int | None
    until: int | None
    kpis: tuple[KpiCoverage, ...]
    unused: Mapping[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.measured / self.objects if self.objects else 0.0

    @property
    def little(self) -> bool:
        """So little is measured that quiet means nothing."""
        return not self.measured or self.share < LITTLE

    @property
    def there(self) -> tuple[KpiCoverage, ...]:
        """The KPIs that some object has."""
        return tuple(one for one in self.kpis if one.have)
