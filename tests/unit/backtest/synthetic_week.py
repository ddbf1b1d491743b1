"""A replay of one week on 200 cells, made up: faults of several kinds, some missed, some alarms false."""

from collections.abc import Sequence

import numpy as np

from detector.backtest.results import Results
from detector.backtest.truth import Complaint, Fault, Truth
from detector.domain.cell import Cell, Topology
from detector.domain.degradation import Degradation, degradation_id
from detector.domain.evidence import Band
from detector.domain.finding import Finding
from detector.domain.impact import AccountImpact, Impact, Listing
from detector.domain.incident import Incident, incident_id
from detector.domain.kpi import Kpi
from detector.domain.window import Window
from tests.listings import listing_of

FROM = 1773792000  # 2026-03-18T00:00Z
WEEK = Window(FROM, FROM + 7 * 86400)
HOUR = 3600
RRC = Kpi(
    id="lte_rrc_sr",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="32.425 4.1.1",
    numerator="a",
    denominator="b",
)
DROP = Kpi(
    id="lte_erab_ret",
    title="E-RAB drops",
    unit="rel/s",
    kind="rate",
    direction="down",
    family="retainability",
    technology="LTE",
    clause="32.450 6.2.1",
    numerator="a",
    denominator="b",
)
SPEED = Kpi(
    id="lte_thp_dl",
    title="Downlink throughput",
    unit="Mbit/s",
    kind="mean",
    direction="up",
    family="integrity",
    technology="LTE",
    clause="32.450 6.3.1",
    numerator="a",
    denominator="b",
)
TRAFFIC = Kpi(
    id="lte_vol_dl",
    title="Downlink volume",
    unit="GB",
    kind="volume",
    direction="up",
    family="volume",
    technology="LTE",
    clause="32.425 4.4",
    numerator="a",
)
SHAPES = {"outage": TRAFFIC, "sleeping": TRAFFIC, "access": RRC, "drop": DROP, "throughput": SPEED}
KIND = {
    "outage": "outage",
    "sleeping": "sleeping",
    "access": "accessibility",
    "drop": "retainability",
    "throughput": "integrity",
}
LEVEL = {"lte_rrc_sr": 0.992, "lte_erab_ret": 0.0011, "lte_thp_dl": 31.0, "lte_vol_dl": 9.0}
BAD = {"outage": 0.0, "sleeping": 0.02, "access": 0.93, "drop": 4.0, "throughput": 0.45}


def topology(cells: int = 200) -> Topology:
    """Three cells a site, ten sites a TAC."""
    return Topology(
        {
            f"c{i:03}": Cell(
                cell_id=f"c{i:03}", technology="LTE", site_id=f"s{i // 3:02}", tac=f"t{i // 30}", region="north"
            )
            for i in range(cells)
        }
    )


def band(cell: str, kind: str, start: int, end: int, rng: np.random.Generator) -> Band:
    """A KPI around one fault, with noise, a gap and the daily shape."""
    kpi = SHAPES[kind]
    starts = np.arange(start - 10 * HOUR, end + 5 * HOUR, 900) // 900 * 900
    day = 1 + 0.35 * np.sin((starts % 86400) / 86400 * 2 * np.pi - 2)
    expected = LEVEL[kpi.id] * (day if kpi.kind in {"mean", "volume"} else np.ones(len(starts)))
    width = 0.007 if kpi.kind == "ratio" else 0.35 * expected
    bad = (starts >= start) & (starts < end)
    observed = expected + rng.normal(0, 0.3, len(starts)) * width
    observed = np.where(bad, observed * BAD[kind], observed)
    observed[12:15] = np.nan
    low, high = np.maximum(expected - width, 0), expected + width
    return Band(
        object_id=cell,
        kpi=kpi,
        starts=starts,
        duration_s=900,
        observed=observed,
        expected=expected,
        low=low,
        high=np.minimum(high, 1.0) if kpi.kind == "ratio" else high,
    )


def replay(seed: int = 1, faults: int = 24) -> tuple[Results, Truth]:
    """Results and truth that a report can be drawn from."""
    rng, kinds = np.random.default_rng(seed), list(SHAPES)
    made: list[Fault] = []
    degradations: list[Degradation] = []
    incidents: list[Incident] = []
    listings: list[Listing] = []
    complaints: list[Complaint] = []
    impacts: dict[str, Impact] = {}
    bands: dict[str, tuple[Band, ...]] = {}
    sufferers: dict[str, frozenset[str]] = {}
    for n in range(faults + 6):
        false, kind = n >= faults, kinds[n % len(kinds)]
        site = int(rng.integers(0, 60))
        cells = [f"c{site * 3 + i:03}" for i in range(3 if n % 4 == 0 else 1)]
        start = FROM + int(rng.integers(12, 150)) * HOUR + int(rng.integers(0, 4)) * 900
        end = start + int(rng.integers(2, 9 if n % 5 else 30)) * HOUR
        if not false:
            made.append(Fault(f"f{n:02}", kind, tuple((c, Window(start, end)) for c in cells), n % 11 != 7))
        if n % 8 == 5:
            continue  # missed
        opened = start + int(rng.integers(1, 5)) * 900 + 300
        own = [_degradation(c, kind, start, opened, end, rng) for c in cells]
        found = _incident(own, kind, site, cells, opened, end, rng)
        degradations += own
        incidents.append(found)
        people = [f"sub{site}-{i}" for i in range(int(rng.integers(40, 300)))]
        chance = rng.beta(0.9, 1.1, len(people))
        suffered = rng.random(len(people)) < chance * (0.0 if false else 0.93)
        listings += [_listing(found, p, q, opened, end, rng) for p, q in zip(people, chance, strict=True) if q > 0.05]
        if not false:
            sufferers[made[-1].fault_id] = frozenset(p for p, s in zip(people, suffered, strict=True) if s)
            complaints += _complaints(made[-1], people, suffered, rng)
        affected = float(chance.sum())
        impacts[found.incident_id] = Impact(
            incident_id=found.incident_id,
            assessed_at=end,
            exposed=len(people) * 3,
            affected=affected,
            affected_low=affected * 0.9,
            affected_high=affected * 1.1,
            people=(),
            accounts=tuple(
                AccountImpact(
                    account=f"acc{i}", kind=("consumer", "enterprise")[i % 5 == 0], tier="", affected_lines=2, lines=9
                )
                for i in range(12)
            ),
        )
        bands[found.incident_id] = tuple(band(c, kind, start, end if not false else opened, rng) for c in cells[:2])
    results = Results(
        window=WEEK,
        cells=200,
        settings_hash="9f2c51d07a3e",
        timezone="Europe/Berlin",
        topology=topology(),
        kpis={k.id: k for k in SHAPES.values()},
        degradations=tuple(degradations),
        incidents=tuple(incidents),
        listings=tuple(listings),
        impacts=impacts,
        alerts=tuple(_alert(i) for i in incidents),
        bands=bands,
        findings=FINDINGS,
        drift_bands=True,
    )
    return results, Truth(tuple(made), sufferers, tuple(sorted(complaints, key=lambda c: c.at)))


FINDINGS = (
    Finding("late_file", "counters/A20260319.0415", "arrived 40 minutes late", 17),
    Finding("success_above_attempts", "c017", "RRC.ConnEstabSucc.sum = 212 of 210 <&>", 4),
    Finding("time_without_offset", "contacts.csv: at", "2026-03-20 11:02", 212),
)


def _degradation(cell: str, kind: str, start: int, opened: int, end: int, rng: np.random.Generator) -> Degradation:
    kpi = SHAPES[kind]
    level, first = LEVEL[kpi.id], start // 900 * 900
    return Degradation(
        degradation_id=degradation_id(cell, kpi.family, first),
        object_id=cell,
        family=kpi.family,
        kpi=kpi.id,
        kind=KIND[kind],
        started_at=first,
        detected_at=opened,
        severity="major",
        neg_log10_p=float(rng.uniform(5, 40)),
        expected=level,
        observed=level * BAD[kind],
        numerator=10.0,
        denominator=100.0,
        excess=50.0,
        periods=1,
        duration_s=900,
        cleared_at=end + 1800,
    )


def _incident(
    own: Sequence[Degradation], kind: str, site: int, cells: Sequence[str], opened: int, end: int, rng: np.random.Generator
) -> Incident:
    severity = ("critical", "major", "minor", "warning")[int(rng.integers(0, 4))]
    root = ("site", f"s{site:02}") if len(cells) > 1 else ("cell", cells[0])
    reason = f"{SHAPES[kind].title} left its expected band on {len(cells)} cell{'s' if len(cells) > 1 else ''} at once"
    return Incident(
        incident_id=incident_id(own[0].degradation_id),
        root_kind=root[0],
        root_id=root[1],
        kind=KIND[kind],
        started_at=own[0].started_at,
        opened_at=opened,
        severity=severity,
        degradation_ids=tuple(d.degradation_id for d in own),
        cells=tuple(cells),
        reason=reason,
        state="resolved",
        resolved_at=end + 1800,
        confidence=0.93,
        alarm_id="al-7" if kind == "outage" else "",
    )


def _listing(incident: Incident, person: str, chance: float, opened: int, end: int, rng: np.random.Generator) -> Listing:
    why = ("", "", "no_consent", "cap", "guardian")[int(rng.integers(0, 5))]
    return listing_of(
        incident_id=incident.incident_id,
        subscriber=person,
        account="",
        basis="expected",
        probability=float(chance),
        exposure_s=1200.0,
        listed_at=opened,
        delisted_at=end,
        contactable=not why,
        why_not=why,
        action="",
        channel=opened,
    )


def _complaints(fault: Fault, people: Sequence[str], suffered: np.ndarray, rng: np.random.Generator) -> list[Complaint]:
    callers = [p for p, s in zip(people, suffered, strict=True) if s and rng.random() < 0.08]
    late = [900 + int(rng.gamma(3.0, 2400)) % (fault.window.seconds + HOUR) for _ in callers]
    cell = fault.scopes[0][0]
    return [Complaint(f"{fault.fault_id}-{p}", fault.window.start + s, p, cell) for p, s in zip(callers, late, strict=True)]


def _alert(incident: Incident) -> tuple[dict[str, object], int]:
    body = {"type": "care.incident.opened.v1", "subject": f"incident/{incident.incident_id}", "id": "evt_1"}
    return body, incident.opened_at
