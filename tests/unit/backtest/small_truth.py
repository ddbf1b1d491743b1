"""Tiny truth tables by hand: sites of two cells, a core function that serves all, minutes for time."""

from detector.backtest.matching import Matches, match
from detector.backtest.results import Results
from detector.backtest.truth import Complaint, Fault, Truth
from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.degradation import Degradation
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.window import Window
from tests.listings import listing_of

MINUTE = 60
DAY = Window(0, 86400)
NETWORK = Topology(
    {
        c: Cell(cell_id=c, technology="LTE", site_id=s, tac="t1")
        for c, s in (("a1", "A"), ("a2", "A"), ("b1", "B"), ("b2", "B"))
    },
    {"amf1": NetworkFunction("amf1", "AMF")},
)


def fault(
    name: str, object_id: str, start: int, end: int, kind: str = "access", *, felt: bool = True, severity: str = ""
) -> Fault:
    return Fault(name, kind, ((object_id, Window(start * MINUTE, end * MINUTE)),), felt, severity)


def degraded(
    name: str, object_id: str, detected: int, kind: str = "accessibility", confirmed_by: tuple[str, ...] = ()
) -> Degradation:
    at = detected * MINUTE
    return Degradation(
        degradation_id=name,
        object_id=object_id,
        family="accessibility",
        kpi="lte_rrc_sr",
        kind=kind,
        started_at=at - 900,
        detected_at=at,
        severity="major",
        neg_log10_p=8.0,
        expected=0.99,
        observed=0.9,
        numerator=90.0,
        denominator=100.0,
        excess=9.0,
        periods=1,
        duration_s=900,
        confirmed_by=confirmed_by,
    )


def incident(name: str, *degradations: Degradation, suppression=None, merged_into=None, alarm: str = "") -> Incident:
    first = degradations[0]
    return Incident(
        incident_id=name,
        root_kind="cell",
        root_id=first.base_object,
        kind=first.kind,
        started_at=first.started_at,
        opened_at=first.detected_at,
        severity="major",
        degradation_ids=tuple(d.degradation_id for d in degradations),
        cells=tuple({d.base_object for d in degradations}),
        reason="because",
        state="open" if merged_into is None else "merged",
        suppression=suppression,
        merged_into=merged_into,
        alarm_id=alarm,
    )


def listed(incident_id: str, person: str, probability: float, at: int, until: int | None = None) -> Listing:
    gone = None if until is None else until * MINUTE
    return listing_of(
        incident_id=incident_id,
        subscriber=person,
        account="",
        basis="expected",
        probability=probability,
        exposure_s=900.0,
        listed_at=at * MINUTE,
        delisted_at=gone,
    )


def complaint(name: str, at: int, person: str = "p", cell: str = "") -> Complaint:
    return Complaint(name, at * MINUTE, person, cell)


def opened(incident_id: str) -> tuple[dict[str, str], int]:
    return {"type": "care.incident.opened.v1", "subject": f"incident/{incident_id}"}, 0


def scored(truth: Truth, *degradations: Degradation, incidents=(), listings=(), alerts=(), cells=1000, days=7) -> Matches:
    window = Window(0, days * 86400)
    return match(
        Results(
            window=window,
            cells=cells,
            settings_hash="hash",
            topology=NETWORK,
            degradations=degradations,
            incidents=tuple(incidents),
            listings=tuple(listings),
            alerts=tuple(alerts),
        ),
        truth,
    )
