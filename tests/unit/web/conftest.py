"""A service in memory with one incident in full, one resolved, one in maintenance; and its web application."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from fastapi.testclient import TestClient

from detector.care import AccountAnswer, LookupAnswer, facts_of
from detector.care.lookup import Touching
from detector.domain.alert import Decision
from detector.domain.communication import Communication
from detector.domain.coverage import Coverage, KpiCoverage
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band
from detector.domain.impact import AccountImpact, Affected, Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.web import CareView, Listed, ListedPage, Update, create_app
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
    degradation_ids=("deg_c01010",),
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
)
SILENT = replace(
    OPEN,
    incident_id="inc_works",
    root_kind="cell",
    root_id="c09",
    severity="minor",
    kind="integrity",
    suppressed_reason="maintenance",
)


class InMemoryWebService:
    """Everything a `WebService` answers, from attributes; remembers who asked for identities."""

    def __init__(self):
        self.problems: list[str] = []
        self.found = [OPEN, SILENT, RESOLVED]
        self.evidence = [degradation("c01010"), degradation("c01011", "critical"), degradation("c01012", kpi="unknown_kpi")]
        self.accounts = (
            AccountImpact(
                account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=210, care_team="enterprise-care"
            ),
            AccountImpact(account="acc_small", kind="family", tier="", affected_lines=2, lines=3),
            *(AccountImpact(account=f"acc_{n}", kind="consumer", tier="", affected_lines=1, lines=1) for n in range(480)),
        )
        self.assessed = Impact(
            incident_id=OPEN.incident_id,
            assessed_at=START + 2700,
            exposed=2310,
            affected=610.4,
            affected_low=540.2,
            affected_high=690.9,
            people=(),
            accounts=self.accounts,
        )
        self.cared = CareView(
            say={
                "en": "Mobile data is failing around the old harbour. Our engineers are on it; it should work again by noon."
            },
            action="proactive_message",
            team="consumer-care",
            contactable=402,
            withheld={"no_consent": 71, "quiet_hours": 130, "guardian": 0, "cap": 3},
            first_complaint_at=START + 5520,
        )
        self.listed = [
            Listed(
                Affected(
                    incident_id=OPEN.incident_id,
                    subscriber=f"sub_{n:03d}",
                    account="acc_1",
                    basis="expected",
                    probability=0.8,
                    exposure_s=1200.0,
                ),
                Decision(
                    incident_id=OPEN.incident_id,
                    subscriber=f"sub_{n:03d}",
                    contactable=True,
                    why_not="",
                    action="message",
                    channel="sms",
                    recipient=f"sub_{n:03d}",
                    decided_at=START + 2700,
                ),
            )
            for n in range(25)
        ]
        listing = listing_of(
            incident_id=OPEN.incident_id,
            subscriber="sub_1",
            account="acc_1",
            basis="expected",
            probability=0.83,
            exposure_s=900.0,
            listed_at=START,
        )
        say, facts = {"en": "We are on it."}, facts_of(OPEN, now=START + 6300, timezone="Europe/Zurich")
        told = Communication(
            incident_id=OPEN.incident_id,
            subscriber="sub_1",
            recipient="sub_1",
            at=START + 3000,
            action="proactive_message",
            channel="sms",
        )
        about = Communication(
            incident_id=OPEN.incident_id,
            subscriber="sub_2",
            recipient="sub_1",
            at=START + 3100,
            action="proactive_message",
            channel="sms",
        )
        self.answer = LookupAnswer(
            affected="yes",
            probability=0.83,
            since=START,
            expected_clear=START + 14400,
            expected_clear_source="ticket",
            resolved_at=None,
            incident_id=OPEN.incident_id,
            say=say,
            going_on=True,
            contactable=False,
            why_not="no_consent",
            notified=True,
            next_exposure_at=START + 36000,
            incidents=(Touching(OPEN, listing, facts, say, True),),
            said=(about, told),
        )
        self.business = AccountAnswer(
            affected="yes", kind="enterprise", tier="gold", lines=210, affected_lines=34.2, share=0.163, say=say
        )
        kpi = KpiCoverage(
            kpi="lte_rrc_sr", title="RRC setup success", technology="LTE", should=20, have=18, last_at=START + 6000
        )
        lost = KpiCoverage(
            kpi="lte_s1_sr",
            title="S1 success",
            technology="LTE",
            should=20,
            have=0,
            last_at=None,
            lacks=("S1SIG.ConnEstabAtt",),
        )
        self.covered = Coverage(
            at=START + 6300,
            objects=20,
            measured=18,
            since=START - 86_400,
            until=START + 6000,
            kpis=(kpi, lost),
            unused={"RRC.ConEstabAtt": ""},
        )
        self.audit: list[tuple[str, str]] = []
        self.failure: Exception | None = None

    def now(self):
        return START + 6300.0

    def ready(self):
        return self.problems

    def knows_people(self):
        return True

    def incidents(self, state, limit, offset):
        if self.failure:
            raise self.failure
        return [i for i in self.found if state in (None, i.state)][offset : offset + limit]

    def incident(self, incident_id):
        return next((i for i in self.found if i.incident_id == incident_id), None)

    def degradations(self, incident_id):
        return self.evidence if incident_id == OPEN.incident_id else []

    def impact(self, incident_id):
        return self.assessed if incident_id == OPEN.incident_id else None

    def notified_impact(self, incident_id):
        return {}

    def care(self, incident_id):
        return self.cared if incident_id == OPEN.incident_id else None

    def affected(self, incident_id, limit, offset, actor, *, identify=False):
        self.audit.append((actor, f"affected {incident_id}{' identified' if identify else ''}"))
        page = self.listed[offset : offset + limit]
        named = [replace(row, contact="491701234567") if row.decision and row.decision.contactable else row for row in page]
        return ListedPage(len(self.listed), named if identify else page)

    def lookup(self, raw_subscriber, actor, caller="self"):
        self.audit.append((actor, f"lookup for {caller}"))
        return (
            self.answer
            if raw_subscriber == "+41790000001"
            else LookupAnswer(affected="unknown", say={"en": "We cannot tell."})
        )

    def account(self, raw_account, actor):
        self.audit.append((actor, "account"))
        return self.business if raw_account == "A/7 & sons" else AccountAnswer(affected="unknown")

    def bands(self, incident_id):
        if incident_id != OPEN.incident_id:
            return []
        return [band("c01010"), band("c01011"), band("c01010", THROUGHPUT, 21.0, 9.0, 4.0)]

    def timeline(self, incident_id):
        return [
            Update(START + 2700, "opened", "Three cells of site s010 refuse connections.", "minor"),
            Update(START + 4500, "updated", "610 people affected; severity raised.", "major"),
            Update(START + 4500, "updated", "610 people affected; severity raised.", "major"),
        ]

    def kpi(self, kpi_id):
        return {k.id: k for k in (RRC, THROUGHPUT)}.get(kpi_id)

    def coverage(self):
        return self.covered

    def metrics(self):
        return "precall_ticks_total 3\n"


@pytest.fixture
def service():
    return InMemoryWebService()


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
