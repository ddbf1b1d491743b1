"""What every kind of receiver promises; a test module makes a subclass `Test...` with a fixture `kind_name`."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.app import configured
from detector.delivery import FrozenAlert, HttpTransport, Outcome, Receiver, deliver, send_test
from detector.delivery.kind import MAX_BYTES, ReceiverKind
from detector.delivery.receivers import RECEIVERS
from detector.domain.alert import ALERT_TYPES, Alert, alert_key
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.transport import Answer, Transport
from detector.settings import load
from tests.receiving import ORIGIN, InMemoryTransport, loopback_server

SOURCE = "/precall/example"
EVENT, WALL = 1_774_340_400.0, 1_790_000_000.0
TIMEOUT_S = 0.5
DATA = {
    "serviceProblem": {"id": "inc_42", "priority": 2, "reason": "RRC setup success 91.4 %, expected 99.2 %"},
    "impact": {"exposed": 2310, "affected": 610, "affectedInterval": [540, 690], "accounts": []},
    "say": {"en": "Mobile data is failing around the old harbour."},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=25,
)
IDENTIFIER = re.compile(r"\+?\d{7,}|\b[a-z]{2,4}_[0-9a-f]{2,}\b")


def alert(data: Any = None, type_: str = "opened") -> Alert:
    return Alert(
        key=alert_key("inc_42", type_, 1),
        incident_id="inc_42",
        type=type_,
        sequence=1,
        severity="major",
        time=int(EVENT),
        expires_at=int(EVENT) + 6 * 3600,
        data=DATA if data is None else data,
    )


@dataclass
class Way:
    """A receiver, the transport to it, and how to let it answer; `bodies` are those that came."""

    receiver: Receiver
    transport: Transport
    answers: Callable[[int, dict[str, str], str], None]
    falls_silent: Callable[[], None]
    bodies: Callable[[], list[bytes]]

    def attempt(self, body: bytes = b"{}", *, attempts: int = 0) -> Outcome:
        frozen = FrozenAlert("evt_1", body, attempts, EVENT + 3600)
        return deliver(frozen, self.receiver, self.transport, event_now=EVENT, wall_now=WALL)


class ReceiverContract:
    """Runs over memory and over a real server on the loopback alike."""

    delivered: ClassVar[tuple[int, str]] = (204, "")
    """Status and first words of an answer that means: taken."""
    secret: ClassVar[str]
    """What of the kind's example nobody may see."""

    @pytest.fixture
    def kind(self, kind_name: str, tmp_path: Path) -> ReceiverKind:
        return self.configured(kind_name, tmp_path).kind

    def configured(self, kind_name: str, tmp_path: Path, **keys: Any) -> Receiver:
        """As the service has it, from a TOML file."""
        (one,) = configured(load(self.written(kind_name, tmp_path, **keys)))
        return one

    def written(self, kind_name: str, tmp_path: Path, **keys: Any) -> Path:
        path = tmp_path / "my.toml"
        entry = {"name": "care", "kind": kind_name} | dict(RECEIVERS[kind_name].example) | keys
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items() if value is not None]
        path.write_text("[[receivers]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    @pytest.fixture(params=["memory", "loopback"])
    def way(self, request: pytest.FixtureRequest, kind_name: str, tmp_path: Path) -> Iterator[Way]:
        if request.param == "memory":
            memory = InMemoryTransport()

            def answers(status: int, headers: dict[str, str], text: str) -> None:
                memory.answers = [Answer(status, headers, text, ORIGIN)]

            yield Way(
                self.configured(kind_name, tmp_path),
                memory,
                answers,
                lambda: memory.answers.__setitem__(slice(None), [None]),
                lambda: [sent.body for sent, _ in memory.sent],
            )
            return
        with loopback_server() as server, HttpTransport(timeout_s=TIMEOUT_S) as transport:

            def says(status: int, headers: dict[str, str], text: str) -> None:
                server.status, server.headers, server.answer = status, headers, text.encode()

            yield Way(
                self.configured(kind_name, tmp_path, url=server.url),
                transport,
                says,
                lambda: setattr(server, "silent", True),
                lambda: [body for body, _ in server.got],
            )

    def outcome(self, way: Way, status: int, text: str = "", **headers: str) -> Outcome:
        way.answers(status, {name.replace("_", "-"): value for name, value in headers.items()}, text)
        return way.attempt()

    # the body

    @pytest.mark.parametrize("type_", ALERT_TYPES)
    def test_every_type_of_alert_gives_the_same_bytes_twice(self, kind: ReceiverKind, type_: str) -> None:
        one, same = {"b": 1, "a": (1, 2)} | DATA, DATA | {"a": [1, 2], "b": 1}
        assert kind.body(alert(one, type_), SOURCE) == kind.body(alert(same, type_), SOURCE)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    @given(data=st.dictionaries(st.text(max_size=10), VALUES, max_size=6))
    def test_any_data_gives_utf_8_under_the_limit(self, kind: ReceiverKind, data: dict[str, Any]) -> None:
        body = kind.body(alert(data), SOURCE)
        assert len(body) < MAX_BYTES
        body.decode()

    def test_numpy_numbers_are_numbers(self, kind: ReceiverKind) -> None:
        same = kind.body(alert(DATA | {"n": 3, "x": 0.5, "b": True}), SOURCE)
        assert kind.body(alert(DATA | {"n": np.int64(3), "x": np.float64(0.5), "b": True}), SOURCE) == same

    def test_a_country_wide_incident_still_fits(self, kind: ReceiverKind) -> None:
        cells = [{"id": f"cell:c{i:06d}"} for i in range(20_000)]
        whole = DATA | {"serviceProblem": DATA["serviceProblem"] | {"affectedResource": cells}}
        assert len(kind.body(alert(whole), SOURCE)) < MAX_BYTES

    def test_a_text_too_long_for_any_receiver_is_cut_or_refused(self, kind: ReceiverKind) -> None:
        with suppress(Permanent):
            assert len(kind.body(alert(DATA | {"say": {"en": "x" * 30_000}}), SOURCE)) < MAX_BYTES

    def test_the_body_names_nobody_whom_the_alert_does_not_name(self, kind: ReceiverKind) -> None:
        body = kind.body(alert(), SOURCE).decode()
        own = json.dumps(DATA) + alert().key + alert().incident_id + str(int(EVENT)) + str(int(EVENT) + 6 * 3600)
        assert set(IDENTIFIER.findall(body)) <= set(IDENTIFIER.findall(own)) | {alert().key}
        assert self.secret not in body

    def test_a_count_under_the_privacy_floor_stays_withheld(self, kind: ReceiverKind) -> None:
        withheld = {"exposed": None, "affected": None, "affectedInterval": None, "accounts": []}
        body = kind.body(alert(DATA | {"impact": withheld}), SOURCE).decode()
        assert "None" not in body
        assert not {"610", "2310", "540", "690"} & set(re.findall(r"\d+", body))

    # the request

    def test_the_key_is_the_same_over_all_attempts_and_the_bytes_are_what_they_were(self, kind: ReceiverKind) -> None:
        body = kind.body(alert(), SOURCE)
        first, later = (kind.request(alert().key, body, wall_now=WALL + wait) for wait in (0, 86_400))
        for sent in (first, later):
            assert (sent.url, sent.body) == (kind.url, body)
            assert alert().key in {*sent.headers.values()} or alert().key.encode() in body
            assert self.secret not in sent.url
        assert self.secret not in repr(first)

    # what answers mean

    def test_what_is_delivered_is_sent_and_its_bytes_came(self, way: Way) -> None:
        outcome = self.outcome(way, *self.delivered)
        assert (outcome.state, outcome.reason, outcome.answered, outcome.attempts) == ("sent", "", True, 1)
        assert way.bodies() == [b"{}"]

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_what_passes_with_time_is_tried_again_at_the_receivers_time(self, way: Way, status: int) -> None:
        outcome = self.outcome(way, status, retry_after="1200")
        assert (outcome.state, outcome.answered) == ("retry", False)
        assert outcome.at is not None
        assert outcome.at - WALL >= 1200
        assert "\n" not in outcome.reason
        assert str(status) in outcome.reason

    @pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 422])
    def test_a_refusal_is_for_good_with_its_reason_in_one_line(self, way: Way, status: int) -> None:
        outcome = self.outcome(way, status)
        assert (outcome.state, outcome.answered, outcome.disable, outcome.at) == ("dead", True, False, None)
        assert str(status) in outcome.reason
        assert "\n" not in outcome.reason

    def test_a_receiver_that_is_gone_is_switched_off(self, way: Way) -> None:
        outcome = self.outcome(way, 410)
        assert (outcome.state, outcome.answered, outcome.disable) == ("dead", True, True)

    def test_no_answer_in_time_is_tried_again(self, way: Way) -> None:
        way.falls_silent()
        outcome = way.attempt()
        assert (outcome.state, outcome.answered) == ("retry", False)
        assert "no answer in time" in outcome.reason

    def test_nobody_there_is_tried_again(self, kind_name: str, tmp_path: Path) -> None:
        nobody = self.configured(kind_name, tmp_path, url="http://127.0.0.1:9/hook")
        with HttpTransport(timeout_s=TIMEOUT_S) as transport, pytest.raises(Transient):
            transport.send(nobody.kind.request("evt_1", b"{}", wall_now=WALL), nobody.kind.route)

    def test_nothing_shows_the_secret(self, way: Way) -> None:
        assert self.secret not in self.outcome(way, 400, "no").reason
        assert self.secret not in repr(way.receiver)
        assert "hidden" not in self.outcome(way, 503).reason, "nor the path of its address"

    # the settings

    def test_a_test_message_is_marked_as_one_and_is_delivered(self, way: Way) -> None:
        way.answers(self.delivered[0], {}, self.delivered[1])
        assert send_test(way.receiver, way.transport, SOURCE, wall_now=WALL) == ""
        (body,) = way.bodies()
        assert b"test" in body
        way.answers(403, {}, "")
        assert "403" in send_test(way.receiver, way.transport, SOURCE, wall_now=WALL)

    def test_its_example_is_checked_without_sending_anything(self, kind: ReceiverKind) -> None:
        kind.check()

    def test_an_address_that_could_never_work_is_found(self, kind_name: str, tmp_path: Path) -> None:
        with pytest.raises(Misconfigured) as caught:
            self.configured(kind_name, tmp_path, url="http://care.example/hook").kind.check()
        assert "receivers: url" in str(caught.value)

    @pytest.mark.parametrize(
        ("keys", "says"),
        [
            ({"urll": "x"}, "receivers.0.urll: unknown key; did you mean 'url'?"),
            ({"url": None}, "receivers.0.url: Field required"),
            ({"min_severity": "bad"}, "receivers.0.min_severity: "),
            ({"name": None}, "receivers.0.name: "),
        ],
    )
    def test_a_mistake_in_the_settings_is_one_line(
        self, kind_name: str, tmp_path: Path, keys: dict[str, Any], says: str
    ) -> None:
        path = self.written(kind_name, tmp_path, **keys)
        with pytest.raises(Misconfigured) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: {says}")
        assert "\n" not in str(caught.value)
        assert self.secret not in str(caught.value)

    def test_it_is_reported_in_one_line(self, kind_name: str) -> None:
        line = RECEIVERS[kind_name].documentation
        assert line
        assert "\n" not in line

    def test_a_changed_receiver_does_not_change_what_a_key_meant(self, way: Way) -> None:
        body = way.receiver.kind.body(alert(), SOURCE)
        way.answers(self.delivered[0], {}, self.delivered[1])
        renamed = replace(way, receiver=replace(way.receiver, name="other"))
        assert [one.attempt(body).state for one in (way, renamed)] == ["sent", "sent"]
        assert set(way.bodies()) == {body}
