"""What every alert format promises, and what CloudEvents says in particular."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.delivery.formats import FORMATS, MAX_BYTES, cloudevents, format_named
from detector.domain.alert import ALERT_TYPES, Alert, alert_key
from detector.domain.errors import Misconfigured, Permanent

SOURCE = "/precall/example"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=25,
)
every_format = pytest.mark.parametrize("wire", FORMATS.values(), ids=FORMATS.keys())


def alert(data, type_="opened"):
    return Alert(
        key=alert_key("inc_42", type_, 1),
        incident_id="inc_42",
        type=type_,
        sequence=1,
        severity="major",
        time=1774340400,
        expires_at=1774362000,
        data=data,
    )


@every_format
@pytest.mark.parametrize("type_", ALERT_TYPES)
def test_renders_every_type_the_same_twice(wire, type_):
    body = wire.render(alert({"b": 1, "a": (1, 2)}, type_), SOURCE)
    assert body == wire.render(alert({"a": [1, 2], "b": 1}, type_), SOURCE)
    assert isinstance(json.loads(body), dict)
    assert "/" in wire.content_type


@every_format
@given(data=st.dictionaries(st.text(max_size=10), VALUES, max_size=6))
def test_any_data_gives_strict_json_of_utf8_under_the_limit(wire, data):
    body = wire.render(alert(data), SOURCE)
    assert len(body) < MAX_BYTES
    json.loads(body.decode(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@every_format
def test_numpy_numbers_are_numbers(wire):
    same = wire.render(alert({"n": 3, "x": 0.5, "b": True}), SOURCE)
    assert wire.render(alert({"n": np.int64(3), "x": np.float64(0.5), "b": True}), SOURCE) == same


@every_format
def test_a_country_wide_incident_still_fits(wire):
    cells = [{"id": f"cell:c{i:06d}"} for i in range(20_000)]
    body = wire.render(alert({"serviceProblem": {"affectedResource": cells, "reason": "core"}, "say": {"en": "x"}}), SOURCE)
    assert len(body) < MAX_BYTES
    assert b"core" in body


@every_format
def test_a_text_too_long_for_any_receiver_is_refused_in_one_line(wire):
    with pytest.raises(Permanent, match="under 20000") as caught:
        wire.render(alert({"say": {"en": "x" * 30_000}}), SOURCE)
    assert "\n" not in str(caught.value)


@every_format
def test_it_is_found_by_its_name(wire):
    assert wire in [format_named(name) for name in FORMATS]
    with pytest.raises(Misconfigured, match="cloudevents"):
        format_named("morse")


def test_cloudevents_is_the_contracts_own_example():
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


def test_a_cut_list_says_how_long_it_was():
    event = json.loads(cloudevents(alert({"serviceProblem": {"affectedResource": list(range(20_000))}}), SOURCE))
    kept = event["data"]["serviceProblem"]["affectedResource"]
    assert event["data"]["truncated"] == {"serviceProblem.affectedResource": 20_000}
    assert kept == list(range(len(kept)))
    assert kept
