"""What a receiver is told: CONTRACTS.md section 5, nothing that points to a person."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.care import compose
from detector.care.alert_context import AlertContext
from detector.care.impact_part import LISTED_NOTE
from detector.care.privacy import shown, shown_interval
from detector.domain.alert import AccountDecision, Decision, alert_key
from detector.domain.assessment import Assessment
from detector.domain.degradation import Degradation, Reading
from detector.domain.impact import AccountImpact, Affected, Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Breach, Outlook
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.ports import Operator, Reference

EIGHT = 1_774_339_200  # 2026-03-24T08:00Z
RRC = Kpi(
    id="lte_rrc_sr",
    title="RRC setup success",
    unit="%",
    kind="ratio",
    direction="up",
    family="accessibility",
    technology="LTE",
    clause="4.1.1",
    numerator="s",
    denominator="a",
)
FOUND = Degradation(
    degradation_id="deg_42",
    object_id="c01010",
    family="accessibility",
    kpi="lte_rrc_sr",
    kind="accessibility",
    started_at=EIGHT - 2700,
    detected_at=EIGHT,
    severity="major",
    neg_log10_p=9.0,
    expected=0.992,
    observed=0.914,
    numerator=10220,
    denominator=11180,
    excess=870,
    periods=3,
    duration_s=900,
)
INCIDENT = Incident(
    incident_id="inc_42",
    root_kind="site",
    root_id="s010",
    kind="accessibility",
    started_at=EIGHT - 2700,
    opened_at=EIGHT,
    severity="major",
    degradation_ids=("deg_42",),
    cells=("c01010",),
    reason="",
    confidence=0.9,
)
ACCOUNTS = (
    AccountImpact(account="acc_9f", kind="enterprise", tier="gold", affected_lines=34, lines=211),
    AccountImpact(account="acc_fam", kind="family", tier="", affected_lines=3, lines=4),
    AccountImpact(account="acc_few", kind="enterprise", tier="", affected_lines=4, lines=900),
)
PEOPLE = tuple(
    Affected(
        incident_id="inc_42", subscriber=f"sub_{i:03}", account="acc_9f", basis="expected", probability=0.8, exposure_s=900.0
    )
    for i in range(100)
)
IMPACT = Impact(
    incident_id="inc_42",
    assessed_at=EIGHT,
    exposed=2311,
    affected=609.6,
    affected_low=541.2,
    affected_high=688.9,
    people=PEOPLE,
    accounts=ACCOUNTS,
)
DECISIONS = tuple(
    Decision(
        incident_id="inc_42",
        subscriber=p.subscriber,
        contactable=i >= 71,
        why_not="no_consent" if i < 71 else "",
        action="none" if i < 71 else "proactive_message",
        channel="",
        recipient="",
        decided_at=1,
    )
    for i, p in enumerate(PEOPLE)
)


def alert(
    incident=INCIDENT,
    impact=IMPACT,
    decisions=DECISIONS,
    found=(FOUND,),
    type_="opened",
    policy=None,
    before=None,
    outlook=None,
    **more,
):
    return compose(
        AlertContext(
            assessment=Assessment(
                incident=incident,
                degradations=tuple(found),
                impact=impact,
                decisions=decisions,
                outlook=outlook,
                **more,
            ),
            type_=type_,
            sequence=1,
            now=EIGHT,
            reference=Reference(operator=Operator(timezone="Europe/Berlin")),
            kpis={"lte_rrc_sr": RRC},
            care_policy=policy or CarePolicy(),
            privacy_floor=ImpactPolicy().privacy_floor,
            link_base="",
            before=before or {},
        )
    )


def test_the_body_is_the_contracts_own():
    notified = alert()
    assert (notified.key, notified.severity, notified.time) == (alert_key("inc_42", "opened", 1), "major", EIGHT)
    assert notified.expires_at == EIGHT + 6 * 3600
    assert notified.data == {
        "serviceProblem": {
            "id": "inc_42",
            "category": "serviceProvider.networkDegradation",
            "priority": 2,
            "impactImportanceFactor": "66",
            "status": "Acknowledged",
            "reason": "RRC setup success 91.4 % (10,220 of 11,180) over 45 min, expected 99.2 %",
            "affectedResource": [{"id": "cell:c01010"}],
            "rootCauseResource": [{"id": "site:s010"}],
            "affectedService": [{"id": "mobile-voice"}, {"id": "mobile-data"}],
            "timeRaised": "2026-03-24T07:15:00Z",
        },
        "evidence": [
            {
                "kpi": "lte_rrc_sr",
                "object": "c01010",
                "numerator": 10220,
                "denominator": 11180,
                "expected": 0.992,
                "observed": 0.914,
                "periods": 3,
            }
        ],
        "impact": {
            "exposed": 2310,
            "affected": 610,
            "affectedInterval": [540, 690],
            "listed": 100,
            "suppressedByConsent": 70,
            "contactable": 30,
            "proposed": 30,
            "withheld": {"no_consent": 70},
            "accounts": [
                {"ref": "acc_9f", "kind": "enterprise", "tier": "gold", "affectedLines": 35, "lines": 210, "share": 0.17}
            ],
        },
        "action": {"kind": "proactive_message", "team": "enterprise-care"},
        "say": {
            "en": "Calls and mobile data have often failed to start in your area since 08:15. We are working on it. "
            "Wi-Fi helps in the meantime."
        },
        "confidence": 0.9,
        "expected": {"clear": None},
        "timezone": "Europe/Berlin",
        "links": {"affected": "/v1/incidents/inc_42/affected", "feedback": "/v1/incidents/inc_42/feedback"},
    }


def test_the_end_is_shown_with_its_source():
    promised = replace(
        INCIDENT, expected_clear_at=EIGHT + 3600, expected_clear_source="ticket", ticket_id="t1", alarm_id="a1"
    )
    data = alert(promised).data
    assert data["expected"] == {"clear": "2026-03-24T09:00:00Z", "source": "ticket"}
    assert "about 10:00" in data["say"]["en"]
    assert data["serviceProblem"]["associatedTroubleTicket"] == [{"id": "t1"}]


OURS = Outlook(incident_id="inc_42", made_at=EIGHT, clear_at=EIGHT + 7200, clear_low=EIGHT + 1800, clear_high=EIGHT + 36_000)


def test_without_a_promise_our_estimate_is_sent_as_one_and_to_care_alone():
    data = alert(outlook=OURS).data
    assert data["expected"] == {
        "clear": "2026-03-24T10:00:00Z",
        "source": "estimate",
        "low": "2026-03-24T08:30:00Z",
        "high": "2026-03-24T18:00:00Z",
        "level": 0.8,
    }
    assert data["say"] == alert().data["say"], "nobody is promised what nobody knows"
    promised = replace(INCIDENT, expected_clear_at=EIGHT + 3600, expected_clear_source="ticket")
    assert alert(promised, outlook=OURS).data["expected"]["source"] == "ticket"
    ended = replace(INCIDENT, state="resolved", resolved_at=EIGHT)
    assert alert(ended, type_="resolved", outlook=OURS).data["expected"] == {"clear": None}


def test_a_promise_that_has_passed_is_shown_no_more():
    passed = replace(INCIDENT, expected_clear_at=EIGHT - 60, expected_clear_source="ticket")
    assert alert(passed, outlook=OURS).data["expected"]["source"] == "estimate"
    assert alert(passed).data["expected"] == {"clear": None}


def test_an_account_is_shown_with_its_lines_and_services_as_far_as_that_names_nobody():
    firm = AccountImpact(
        account="acc_9f",
        kind="enterprise",
        tier="gold",
        affected_lines=34,
        lines=211,
        roles=(("executive", 2), ("manager", 7)),
        sla="99.9",
        sla_minutes_used=3.26,
        cell_shares=(("c01010", 0.667), ("c01011", 0.25)),
    )
    (notified,) = alert(impact=replace(IMPACT, accounts=(firm,))).data["impact"]["accounts"]
    assert notified["roles"] == {"manager": 5}
    assert (notified["sla"], notified["slaMinutesUsed"]) == ("99.9", 3.3)
    assert notified["cells"] == [{"id": "cell:c01010", "share": 0.67}, {"id": "cell:c01011", "share": 0.25}]


def test_a_drift_is_shown_with_the_time_of_its_next_severity():
    soon = Breach(
        object_id="c01010",
        kpi="lte_rrc_sr",
        severity="major",
        limit=0.892,
        made_at=EIGHT,
        at=EIGHT + 7200,
        low=EIGHT + 3600,
        high=None,
    )
    assert alert(outlook=replace(OURS, breaches=(soon,))).data["expected"]["graver"] == [
        {
            "object": "c01010",
            "kpi": "lte_rrc_sr",
            "severity": "major",
            "limit": 0.892,
            "at": "2026-03-24T10:00:00Z",
            "low": "2026-03-24T09:00:00Z",
            "high": None,
        }
    ]
    ended = replace(INCIDENT, state="resolved", resolved_at=EIGHT)
    assert "graver" not in alert(ended, type_="resolved", outlook=replace(OURS, breaches=(soon,))).data["expected"]


def test_an_estimate_that_moves_is_no_news():
    before = alert(outlook=OURS).data
    later = replace(OURS, made_at=EIGHT + 900, clear_at=EIGHT + 9000)
    assert "statusChangeReason" not in alert(type_="updated", before=before, outlook=later).data["serviceProblem"]


@pytest.mark.parametrize(
    ("type_", "status"), [("opened", "Acknowledged"), ("updated", "In Progress"), ("resolved", "Resolved")]
)
def test_status_follows_the_type(type_, status):
    ended = replace(INCIDENT, state="resolved", resolved_at=EIGHT)
    assert alert(ended, type_=type_).data["serviceProblem"]["status"] == status


def test_resolved_is_stated():
    data = alert(replace(INCIDENT, state="resolved", resolved_at=EIGHT), type_="resolved").data
    assert "ended at 09:00, after 45 min." in data["say"]["en"]
    assert data["serviceProblem"]["statusChangeReason"] == "over after 45 min"
    assert data["serviceProblem"]["resolutionDate"] == "2026-03-24T08:00:00Z"


def test_the_end_that_is_shown_is_the_estimated_one():
    ended = replace(INCIDENT, state="resolved", ended_at=EIGHT - 900, resolved_at=EIGHT)
    data = alert(ended, type_="resolved").data
    assert "ended at 08:45, after 30 min." in data["say"]["en"]
    assert data["serviceProblem"]["statusChangeReason"] == "over after 30 min"
    assert data["serviceProblem"]["resolutionDate"] == "2026-03-24T07:45:00Z"


def test_more_on_the_list_than_expected_to_suffer_is_explained():
    few = replace(IMPACT, affected=5.2, affected_low=0.4, affected_high=29.0)
    impact = alert(impact=few).data["impact"]
    assert (impact["affected"], impact["contactable"], impact["listed"]) == (5, 30, 100)
    assert impact["note"] == LISTED_NOTE


def test_the_evidence_begins_with_the_figures_of_the_reason():
    latest = Reading(EIGHT, 1, 0.0, 0.992, 0.0, 900.0)
    gone = replace(FOUND, readings=(latest, latest))
    surer = replace(FOUND, degradation_id="deg_43", severity="minor", neg_log10_p=200.0)
    both = replace(INCIDENT, degradation_ids=("deg_42", "deg_43"))
    notified = alert(both, found=(surer, gone)).data
    assert notified["serviceProblem"]["reason"] == "RRC setup success 0 % (0 of 900) over 15 min, expected 99.2 %"
    assert [notified["evidence"][0][name] for name in ("observed", "numerator", "denominator", "periods")] == [0, 0, 900, 1]


def test_an_update_states_what_changed():
    before = alert().data
    grown = replace(INCIDENT, severity="critical", cells=("c01010", "c01011"), expected_clear_at=EIGHT + 3600)
    notified = alert(grown, type_="updated", before=before).data["serviceProblem"]["statusChangeReason"]
    assert notified == "severity major → critical; cells 1 → 2; expected clear unknown → 10:00 CET"
    assert "statusChangeReason" not in alert(grown, type_="updated").data["serviceProblem"], "nothing to compare with"


def test_an_incident_that_went_on_in_another_is_not_reported_as_solved():
    merged = replace(INCIDENT, state="merged", merged_into="inc_1")
    data = alert(merged, type_="resolved").data
    problem = data["serviceProblem"]
    assert (problem["status"], problem["parentProblem"]) == ("Closed", [{"id": "inc_1"}])
    assert "resolutionDate" not in problem
    assert data["say"]["en"].startswith("The network problem that we reported turned out to be part of a wider one.")
    assert data["expected"] == {"clear": None}


def test_an_affected_account_none_of_whose_lines_is_notified_is_in_the_alert():
    briefing = AccountDecision(
        incident_id="inc_42",
        account="acc_9f",
        action="account_manager_briefing",
        team="key-accounts",
        rule="suffering",
        why_not="",
        decided_at=EIGHT,
    )
    nobody = tuple(replace(one, action="none") for one in DECISIONS)
    data = alert(decisions=nobody, accounts=(briefing,)).data
    assert data["action"] == {"kind": "account_manager_briefing", "team": "key-accounts"}
    assert data["impact"]["accounts"][0]["action"] == {"kind": "account_manager_briefing", "team": "key-accounts"}
    unseen = replace(briefing, account="acc_few")
    assert alert(decisions=nobody, accounts=(unseen,)).data["action"]["kind"] == "none", "under the privacy floor"


def test_what_follows_an_all_clear_is_sent_in_counts():
    asked = tuple(replace(one, action="survey") for one in DECISIONS[80:])
    few = tuple(replace(one, action="goodwill_credit") for one in DECISIONS[77:80])
    over = replace(INCIDENT, state="resolved", resolved_at=EIGHT)
    notified = alert(over, type_="resolved", follow_ups=(*asked, *few)).data["action"]
    assert notified["followUp"] == {"survey": 20}


def test_left_out_by_reason_under_the_floor_as_if_by_none():
    reasons = ["cap"] * 12 + ["holdout"] * 4 + ["quiet_hours"] * 7
    decisions = tuple(replace(one, why_not=why) for one, why in zip(DECISIONS, reasons, strict=False))
    assert alert(decisions=decisions).data["impact"]["withheld"] == {"quiet_hours": 5, "cap": 10}


def test_few_people_are_withheld_and_the_note_states_it():
    few = Impact(
        incident_id="inc_42",
        assessed_at=EIGHT,
        exposed=4,
        affected=2.2,
        affected_low=1,
        affected_high=3.5,
        people=PEOPLE[:4],
        accounts=ACCOUNTS[1:],
    )
    notified = alert(impact=few, decisions=DECISIONS[:3]).data["impact"]
    assert notified == {
        "exposed": None,
        "affected": None,
        "affectedInterval": None,
        "listed": None,
        "suppressedByConsent": None,
        "contactable": None,
        "proposed": None,
        "withheld": {},
        "accounts": [],
        "note": "null: under 5, withheld",
    }


def test_nobody_known_and_nothing_measured_still_makes_json():
    odd = replace(FOUND, numerator=np.nan, expected=np.inf, neg_log10_p=np.nan)
    body = json.dumps(
        alert(
            impact=Impact(incident_id="inc_42", assessed_at=EIGHT, exposed=0, affected=0, affected_low=0, affected_high=0),
            decisions=(),
            found=(odd,),
        ).data,
        allow_nan=False,
    )
    assert '"numerator": null' in body


def test_a_huge_incident_fits_and_counts_what_is_left_out():
    cells = tuple(f"cell-with-a-long-name-{i:06}" for i in range(5000))
    found = [replace(FOUND, degradation_id=f"deg_{i}", object_id=cells[i]) for i in range(5000)]
    accounts = tuple(
        AccountImpact(account=f"acc_{i:064}", kind="enterprise", tier="gold", affected_lines=50, lines=60)
        for i in range(3000)
    )
    big = replace(INCIDENT, cells=cells, degradation_ids=tuple(d.degradation_id for d in found), reason="long " * 5000)
    languages = CarePolicy(languages=("en", "de", "fr", "es", "it", "nl"))
    data = alert(big, replace(IMPACT, accounts=accounts), found=found, policy=languages).data
    assert len(json.dumps(data).encode()) < 19_000
    problem = data["serviceProblem"]
    assert len(problem["affectedResource"]) + problem["affectedResourceNotListed"] == 5000
    assert len(data["impact"]["accounts"]) + data["impact"]["accountsNotListed"] == 3000


def test_no_subscriber_is_named():
    body = json.dumps(alert().data)
    assert not any(p.subscriber in body for p in PEOPLE)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 20))
def test_neither_a_count_nor_a_difference_points_to_a_few(first, second, floor):
    a, b = shown(first, floor), shown(second, floor)
    assert all(x is None or x >= floor for x in (a, b))
    if a is not None and b is not None:
        assert a == b or abs(a - b) >= floor
        assert abs(a - first) <= floor / 2


@given(st.floats(0, 500), st.floats(0, 500), st.integers(1, 20))
def test_the_shown_interval_holds_the_true_one(one, other, floor):
    low, high = sorted((one, other))
    shown_low, shown_high = shown_interval(low, high, floor)
    assert shown_low <= low <= high <= shown_high


def test_an_update_states_that_people_may_be_contacted_now():
    night = {"serviceProblem": {"priority": 2}, "impact": {"affected": 610, "contactable": None}}
    notified = alert(type_="updated", before=night).data["serviceProblem"]["statusChangeReason"]
    assert notified.endswith("people may be contacted now")
    again = alert(type_="updated", before=alert().data).data["serviceProblem"]
    assert "statusChangeReason" not in again
