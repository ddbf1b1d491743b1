"""The in-memory service with one incident in full, one resolved, one in maintenance; and its web application."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from fastapi.testclient import TestClient

from detector.domain.alert import Alert
from detector.domain.communication import Communication
from detector.domain.coverage import Coverage, KpiCoverage
from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band
from detector.domain.impact import AccountImpact, Impact, Listing
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.kpi import Kpi
from detector.domain.ports import Operator, Reference
from detector.web import create_app
from detector.web.in_memory import InMemoryWebService
from tests.listings import listing_of

TOKEN = "a-token-for-the-tests"
START, QUARTER = 1_774_339_200, 900  # Tue 24 March 2026, 08:00 UTC
RRC = Kpi(
    id="lte_rrc_sr",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="4.1.1",
    numerator="a",
    denominator="b",
)
THROUGHPUT = Kpi(
    id="lte_thp_dl",
    title="Downlink throughput",
    unit="Mbit/s",
    kind="mean",
    direction="up",
    family="integrity",
    technology="LTE",
    clause="4.4.6",
    numerator="a",
    denominator="b",
)


def degradation(cell: str, severity: str = "major", **changes) -> Degradation:
    values = {
        "degradation_id": f"deg_{cell}",
        "object_id": cell,
        "family": "accessibility",
        "kpi": "lte_rrc_sr",
        "kind": "accessibility",
        "started_at": START,
        "detected_at": START + 2700,
        "severity": severity,
        "neg_log10_p": 12.0,
        "expected": 0.992,
        "observed": 0.914,
        "numerator": 10220.0,
        "denominator": 11180.0,
        "excess": 870.0,
        "periods": 3,
        "duration_s": QUARTER,
    }
    return Degradation(**(values | changes))


def band(cell: str, kpi: Kpi = RRC, level: float = 0.992, bad: float = 0.914, width: float = 0.006) -> Band:
    starts = START - 6 * 3600 + QUARTER * np.arange(40)
    drawn = np.random.default_rng(len(cell)).normal(0, width / 3, 40)
    expected = level + width * 0.3 * np.sin(np.arange(40) / 7)
    observed = np.where((starts >= START) & (starts < START + 9000), bad, expected) + drawn
    return Band(
        object_id=cell,
        kpi=kpi,
        starts=starts,
        duration_s=QUARTER,
        observed=observed,
        expected=expected,
        low=expected - width,
        high=expected + width,
    )


OPEN = Incident(
    incident_id="inc_open",
    root_kind="site",
    root_id="s010",
    kind="accessibility",
    started_at=START,
    opened_at=START + 2700,
    severity="major",
    degradation_ids=("deg_c01010", "deg_c01011", "deg_c01012"),
    cells=("c01010", "c01011", "c01012"),
    reason="RRC setup success is 91.4 % where 99.2 % is expected, on 3 cells of site s010.",
    updated_at=START + 4500,
    version=2,
    ticket_id="T-881",
    expected_clear_at=START + 14400,
    expected_clear_source="ticket",
    confidence=0.9,
)
RESOLVED = replace(
    OPEN,
    incident_id="inc_over",
    root_id="s022",
    kind="outage",
    severity="critical",
    state="resolved",
    started_at=START - 90000,
    opened_at=START - 89000,
    resolved_at=START - 80000,
    degradation_ids=(),
)
SILENT = replace(
    OPEN,
    incident_id="inc_works",
    root_kind="cell",
    root_id="c09",
    severity="minor",
    kind="integrity",
    suppression="maintenance",
    degradation_ids=(),
)


PEOPLE = [f"sub_{n:03d}" for n in range(402)]
CALLER, RAW_CALLER = "sub_1", "+41790000001"
"""On the list, without any consent, and told of it twice: of the own line and of another."""


def listed(key: str, why_not: str = "", **changes) -> Listing:
    """On the list of the open incident; without a reason why not something is proposed."""
    decided = {"contactable": not why_not, "why_not": why_not, "action": "none" if why_not else "proactive_message"}
    values = {"probability": 0.8, "exposure_s": 1200.0, "listed_at": START, "decided_at": START + 2700} | decided
    values |= {"channel": "", "recipient": ""} if why_not else {"channel": "sms", "recipient": key}
    return listing_of("inc_open", key, **(values | changes))


LISTINGS = [
    *map(listed, PEOPLE),
    listed(CALLER, "no_consent", probability=0.83, exposure_s=900.0, next_exposure_at=START + 36000),
    *(listed(f"sub_no_{n}", "no_consent") for n in range(70)),
    *(listed(f"sub_quiet_{n}", "quiet_hours") for n in range(130)),
    *(listed(f"sub_cap_{n}", "cap") for n in range(3)),
]
REFERENCE = Reference(
    operator=Operator(timezone="Europe/Zurich"),
    customers=Customers(
        {key: Subscriber(key=key) for key in (*PEOPLE, CALLER)},
        {"acc_firm": Account("acc_firm", "enterprise", "gold")},
        tuple(Membership("acc_firm", key, "line") for key in PEOPLE[:210]),
        tuple(
            Consent(holder_kind="subscriber", holder=key, purpose=purpose, channel="any", state="granted", since=0)
            for key in PEOPLE
            for purpose in ("network_care_analysis", "proactive_contact")
        ),
    ),
    raw_ids={CALLER: RAW_CALLER, "acc_firm": "A/7 & sons"} | {key: f"4917{n:08d}" for n, key in enumerate(PEOPLE)},
)
ACCOUNTS = (
    AccountImpact(
        account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=210, care_team="enterprise-care"
    ),
    AccountImpact(account="acc_small", kind="family", tier="", affected_lines=2, lines=3),
    *(AccountImpact(account=f"acc_{n}", kind="consumer", tier="", affected_lines=1, lines=1) for n in range(480)),
)
IMPACT = Impact(
    incident_id="inc_open",
    assessed_at=START + 2700,
    exposed=2310,
    affected=610.4,
    affected_low=540.2,
    affected_high=690.9,
    accounts=ACCOUNTS,
)
MEASURED = Coverage(
    at=START + 6300,
    objects=20,
    measured=18,
    since=START - 86_400,
    until=START + 6000,
    kpis=(
        KpiCoverage(kpi="lte_rrc_sr", title="RRC setup success", technology="LTE", should=20, have=18, last_at=START + 6000),
        KpiCoverage(
            kpi="lte_s1_sr",
            title="S1 success",
            technology="LTE",
            should=20,
            have=0,
            last_at=None,
            lacks=("S1SIG.ConnEstabAtt",),
        ),
    ),
    unused={"RRC.ConEstabAtt": ""},
)


def alert(sequence: int, type_: str, reason: str, severity: str, at: int, team: str = "consumer-care") -> Alert:
    return Alert(
        key=f"evt_{sequence}",
        incident_id="inc_open",
        type=type_,
        sequence=sequence,
        severity=severity,
        time=at,
        expires_at=at + 3600,
        data={"serviceProblem": {"reason": reason}, "action": {"kind": "proactive_message", "team": team}},
    )


def message_to_caller(subscriber: str, at: int) -> Communication:
    return Communication(
        incident_id="inc_open", subscriber=subscriber, recipient=CALLER, at=at, action="proactive_message", channel="sms"
    )


def small_service() -> InMemoryWebService:
    """The twin of the service over the store, filled with nouns."""
    return InMemoryWebService(
        at=START + 6300.0,
        known=[OPEN, SILENT, RESOLVED],
        evidence=[degradation("c01010"), degradation("c01011", "critical"), degradation("c01012", kpi="unknown_kpi")],
        impacts={"inc_open": IMPACT},
        alerts=[
            alert(1, "opened", "Three cells of site s010 refuse connections.", "minor", START + 2700),
            alert(2, "updated", "610 people affected; severity raised.", "major", START + 4500),
            alert(3, "updated", "610 people affected; severity raised.", "major", START + 4500),
        ],
        listings=list(LISTINGS),
        communications=[message_to_caller(CALLER, START + 3000), message_to_caller("sub_2", START + 3100)],
        interactions=[
            Interaction(
                interaction_id="k1", at=START + 5520, kind="contact", channel="call", subscriber=CALLER, category="network"
            )
        ],
        bands_of={"inc_open": [band("c01010"), band("c01011"), band("c01010", THROUGHPUT, 21.0, 9.0, 4.0)]},
        kpis=[RRC, THROUGHPUT],
        measured=MEASURED,
        reference=REFERENCE,
        metrics_text="precall_ticks_total 3\n",
    )


def set_evidence(service: InMemoryWebService, *degradations: Degradation) -> None:
    """The open incident consists of these."""
    ids = tuple(one.degradation_id for one in degradations)
    service.evidence = list(degradations)
    service.known = [replace(one, degradation_ids=ids) if one.incident_id == "inc_open" else one for one in service.known]


@pytest.fixture
def service():
    return small_service()


@pytest.fixture
def app(service):
    return create_app(service, token=TOKEN, timezone="Europe/Zurich")


@pytest.fixture
def outsider(app):
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def program(app):
    return TestClient(app, headers={"authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False)


@pytest.fixture
def person(app):
    browser = TestClient(app, headers={"accept": "text/html"}, raise_server_exceptions=False)
    browser.get("/", params={"token": TOKEN})
    return browser


@pytest.fixture
def nan_degradation():
    return degradation("c01", observed=nan, expected=nan)
