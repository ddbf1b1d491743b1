"""Small invented networks for the impact tests: times are hours after a Monday 00:00 UTC."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from detector.domain.assessment import Assessment
from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.customer import Customers
from detector.domain.degradation import Degradation
from detector.domain.exposure import LocationData, MobilityProfile, Presence, no_presence
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.policy import ImpactPolicy
from detector.domain.ports import Operator, Reference
from detector.impact import assess

MONDAY = 1_773_619_200  # 2026-03-16T00:00Z
HOUR = 3600
WEEK = 168

Row = tuple[str, str, float, float]  # subscriber, cell, hour, seconds


def presence(rows: Iterable[Row | tuple[str, str, float, float, float, float]]) -> Presence:
    """Rows (subscriber, cell, hour, seconds[, attempts, failures]), each an hour long."""
    table = [(*row, np.nan, np.nan)[:6] if len(row) == 4 else row for row in rows]
    if not table:
        return no_presence()
    subscribers = tuple(dict.fromkeys(row[0] for row in table))
    cells = tuple(dict.fromkeys(row[1] for row in table))
    return Presence(
        subscribers=subscribers,
        cells=cells,
        subscriber=np.array([subscribers.index(row[0]) for row in table], np.int32),
        cell=np.array([cells.index(row[1]) for row in table], np.int32),
        start=np.array([MONDAY + row[2] * HOUR for row in table], np.int64),
        duration_s=np.full(len(table), HOUR, np.int32),
        seconds=np.array([row[3] for row in table], float),
        attempts=np.array([row[4] for row in table], float),
        failures=np.array([row[5] for row in table], float),
    )


def always(subscriber: str, cell: str, weeks: int = 2, seconds: float = 3600, attempts: float = 4) -> list[tuple]:
    """Behind one cell, every hour of the weeks before Monday."""
    return [(subscriber, cell, hour, seconds, attempts, 0.0) for hour in range(-weeks * WEEK, 0)]


def topology(cells: str = "a b c", functions: str = "", neighbours: dict[str, str] | None = None, **bands: str) -> Topology:
    """Each cell on a site of its own, unless its name is like `s1a`, `s1b`: then on site `s1`."""
    known = {
        name: Cell(cell_id=name, technology="LTE", site_id=name[:-1] or name, band=bands.get(name, "B3"))
        for name in cells.split()
    }
    near = {cell: frozenset(others.split()) for cell, others in (neighbours or {}).items()}
    return Topology(known, {name: NetworkFunction(name, "MME") for name in functions.split()}, near)


def degradation(
    object_id: str,
    kind: str,
    hour: float,
    expected: float,
    observed: float,
    *,
    family: str = "",
    kpi: str = "k",
    **more: object,
) -> Degradation:
    """Raised at `hour`; certain (a large excess) unless said otherwise."""
    start = int(MONDAY + hour * HOUR)
    known: dict = {
        "severity": "major",
        "neg_log10_p": 9.0,
        "numerator": 900.0,
        "denominator": 1000.0,
        "excess": 1e6,
        "periods": 3,
        "duration_s": 900,
    } | more
    return Degradation(
        degradation_id=f"deg_{object_id}_{family or kind}",
        object_id=object_id,
        family=family or kind,
        kpi=kpi,
        kind=kind,
        started_at=start,
        detected_at=start + 1200,
        expected=expected,
        observed=observed,
        **known,
    )


def incident(degradations: list[Degradation], cells: str, **more: object) -> Incident:
    known: dict = {
        "root_kind": "cell",
        "root_id": cells.split()[0],
        "severity": "major",
        "reason": "",
        "confidence": 1.0,
    } | more
    return Incident(
        incident_id="inc_1",
        kind=degradations[0].kind,
        started_at=min(d.started_at for d in degradations),
        opened_at=min(d.detected_at for d in degradations),
        degradation_ids=tuple(d.degradation_id for d in degradations),
        cells=tuple(cells.split()),
        **known,
    )


def impact_of(
    one: Incident,
    found: Sequence[Degradation],
    *,
    profile: MobilityProfile,
    presence: Presence,
    topology: Topology,
    customers: Customers,
    now: int,
    timezone: str,
    impact_policy: ImpactPolicy,
    kpis: Mapping[str, Kpi] | None = None,
) -> Impact:
    """The impact of this incident on these people."""
    reference = Reference(operator=Operator(timezone=timezone), topology=topology, customers=customers)
    assessment = Assessment(incident=one, degradations=tuple(found))
    return assess(assessment, LocationData(profile, presence), reference, kpis or {}, impact_policy, now=now)
