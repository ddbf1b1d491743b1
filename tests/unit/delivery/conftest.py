"""A receiver on the loopback that answers as it is told, and a real alert to send it."""

from collections.abc import Callable, Iterator

import pytest

from detector.domain.alert import Alert, alert_key
from tests.receiving import LoopbackServer, loopback_server


@pytest.fixture
def scripted() -> Iterator[LoopbackServer]:
    with loopback_server() as server:
        yield server


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    return _alert


def _alert(incident_id: str = "inc_42", type_: str = "opened", sequence: int = 1, **data: object) -> Alert:
    body = {
        "serviceProblem": {
            "id": incident_id,
            "priority": 2,
            "reason": "RRC setup success 91.4 %, expected 99.2 %",
            "rootCauseResource": [{"id": "site:s010"}],
            "affectedResource": [{"id": "cell:c01010"}],
        },
        "impact": {
            "exposed": 2310,
            "affected": 610,
            "affectedInterval": [540, 690],
            "suppressedByConsent": 71,
            "leadTimeS": 2820,
            "accounts": [{"ref": "acc_9f", "affectedLines": 34, "lines": 210}],
        },
        "action": {"kind": "proactive_message", "team": "consumer-care"},
        "say": {"en": "Mobile data is failing around the old harbour."},
    }
    key = alert_key(incident_id, type_, sequence)
    return Alert(
        key=key,
        incident_id=incident_id,
        type=type_,
        sequence=sequence,
        severity="major",
        time=1774340400,
        expires_at=1774362000,
        data={**body, **data},
    )
