"""The contract of receivers over every kind in the registry, and what CloudEvents says in particular."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.delivery import cloudevents, verify
from detector.delivery.receivers import RECEIVERS, kind_of
from detector.delivery.receivers.cloudevents import CloudEventsSettings
from detector.delivery.signing import demo_secret
from detector.domain.alert import alert_key
from detector.domain.errors import Misconfigured, Permanent
from detector.settings import load
from tests.contracts.receiver_contract import SOURCE, VALUES, ReceiverContract, alert

CONFIGURATION = Path("docs/reference/configuration.md")


class TestReceivers(ReceiverContract):
    secret = "A" * 32  # of the examples

    @pytest.fixture(params=RECEIVERS)
    def kind_name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_its_line_stands_in_the_configuration(self, kind_name: str) -> None:
        line = f"| `{kind_name}` | {RECEIVERS[kind_name].documentation} |"
        assert line in CONFIGURATION.read_text(encoding="utf-8").splitlines()


ENTRY = "[[receivers]]\nname = 'a'\nurl = 'https://a.example'\nsecrets = ['s']\n"


@pytest.mark.parametrize("keys", ["", "kind = 'cloudevents'\n", "format = 'cloudevents'\n"])
def test_the_older_name_of_the_kind_still_works(tmp_path: Path, keys: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(ENTRY + keys)
    (one,) = load(path).receivers
    assert one.kind == "cloudevents"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("kind = 'morse'\n", "unknown kind 'morse', use cloudevents"),
        ("format = 'morse'\n", "unknown kind 'morse', use cloudevents"),
        ("kind = 'cloudevents'\nformat = 'morse'\n", "kind and its older name format differ"),
    ],
)
def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path, keys: str, says: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(ENTRY + keys)
    with pytest.raises(Misconfigured) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: receivers.0: {says}")


def test_cloudevents_is_the_contracts_own_example() -> None:
    event = json.loads(cloudevents(alert({"say": {"en": "Hello"}}), SOURCE))
    assert event == {
        "specversion": "1.0",
        "id": alert_key("inc_42", "opened", 1),
        "source": SOURCE,
        "type": "care.incident.opened.v1",
        "subject": "incident/inc_42",
        "time": "2026-03-24T08:20:00Z",
        "severitytext": "major",
        "expirytime": "2026-03-24T14:20:00Z",
        "data": {"say": {"en": "Hello"}},
    }


@given(data=st.dictionaries(st.text(max_size=10), VALUES, max_size=6))
def test_cloudevents_are_strict_json(data: dict[str, object]) -> None:
    body = cloudevents(alert(data), SOURCE)
    json.loads(body.decode(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_cut_list_gives_its_full_length() -> None:
    event = json.loads(cloudevents(alert({"serviceProblem": {"affectedResource": list(range(20_000))}}), SOURCE))
    kept = event["data"]["serviceProblem"]["affectedResource"]
    assert event["data"]["truncated"] == {"serviceProblem.affectedResource": 20_000}
    assert kept == list(range(len(kept)))
    assert kept


def test_a_text_too_long_is_refused_in_one_line() -> None:
    with pytest.raises(Permanent, match="under 20000") as caught:
        cloudevents(alert({"say": {"en": "x" * 30_000}}), SOURCE)
    assert "\n" not in str(caught.value)


def test_every_secret_signs_and_a_foreign_one_does_not_verify() -> None:
    import time

    old, new = demo_secret("old"), demo_secret("new")
    kind = kind_of(CloudEventsSettings(name="care", url="https://care.example/hook", secrets=(new, old)))
    request = kind.request("evt_1", b"{}", wall_now=time.time())
    assert [verify(b"{}", request.headers, [one]) for one in (old, new)] == ["evt_1"] * 2
    with pytest.raises(Permanent):
        verify(b"{}", request.headers, [demo_secret("foreign")])
