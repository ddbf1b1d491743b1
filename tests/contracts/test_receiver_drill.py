"""A kind of receiver added by one file and one entry: a chat that takes a token and says in its answer whether it took."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import Field

from detector.app import configured
from detector.delivery.http import HttpKind, HttpSettings
from detector.delivery.kind import MAX_BYTES, TEST_TEXT, Verdict
from detector.delivery.receivers import RECEIVERS
from detector.domain.alert import Alert, alert_key
from detector.domain.errors import Misconfigured
from detector.domain.transport import Answer, Request
from detector.secret_files import ONE, read_secret
from detector.settings import load
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import LIVE, write_reference
from tests.contracts.receiver_contract import ReceiverContract
from tests.receiving import loopback_server


class ChatSettings(HttpSettings):
    token: str = Field(default="", repr=False)
    token_file: str = ""

    def with_secrets(self, where: str) -> Self:
        if not self.token_file:
            return self
        return self.model_copy(update={"token": read_secret(self.token_file, ONE, f"{where}.token_file")})


class Chat(HttpKind[ChatSettings]):
    settings_model = ChatSettings
    documentation = "a line of text in JSON, with a bearer token"
    example: Mapping[str, Any] = {"url": "https://chat.example/rooms/care", "token": "chat-token-of-the-example"}

    def body(self, alert: Alert, source: str) -> bytes:
        said = str(dict(alert.data.get("say") or {}).get("en") or "") if isinstance(alert.data.get("say"), Mapping) else ""
        text = f"{alert.severity}: {said}".encode("utf-8", "replace").decode()[: MAX_BYTES // 8]
        return json.dumps({"id": alert.key, "text": text}, sort_keys=True).encode()

    def test_body(self, key: str, receiver: str, source: str, at: float) -> bytes:
        return json.dumps({"id": key, "text": TEST_TEXT}).encode()

    def request(self, key: str, body: bytes, *, wall_now: float) -> Request:
        headers = {"authorization": f"Bearer {self.settings.token}", "idempotency-key": key}
        return Request(self.url, body, headers | {"content-type": "application/json"}, reads_answer=True)

    def verdict(self, answer: Answer, *, wall_now: float) -> Verdict:
        if answer.status == 200 and answer.excerpt != "ok":
            return Verdict("permanent", f"answered 200 ({answer.excerpt})", "name a room that there is")
        return super().verdict(answer, wall_now=wall_now)

    def check(self) -> None:
        super().check()
        if not self.settings.token:
            raise Misconfigured("no token", where="receivers: token", mend="name a file that holds it: token_file")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECEIVERS, "chat", Chat)  # the one entry


class TestChat(ReceiverContract):
    delivered = (200, "ok")
    secret = "chat-token-of-the-example"

    @pytest.fixture
    def kind_name(self) -> str:
        return "chat"

    def test_an_answer_can_refuse_with_200(self, way) -> None:
        outcome = self.outcome(way, 200, "no_such_room")
        assert (outcome.state, outcome.answered) == ("dead", True)
        assert "no_such_room" in outcome.reason


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SmallApp]:
    write_reference(tmp_path / "operator")
    app = SmallApp(root=tmp_path)
    yield app
    app.close()


def test_an_alert_is_pushed_to_it(app: SmallApp, tmp_path: Path) -> None:
    with loopback_server() as server:
        (tmp_path / "token").write_text("from-the-file\n")
        path = tmp_path / "my.toml"
        keys = f'name = "chat"\nkind = "chat"\nurl = "{server.url}"\ntoken_file = "{tmp_path / "token"}"\n'
        path.write_text("[[receivers]]\n" + keys)
        receivers = configured(load(path))
        relay = app.jobs.relay
        relay.receivers = {one.name: one for one in receivers}
        key = alert_key("inc_1", "opened", 1)
        alert = Alert(
            key=key,
            incident_id="inc_1",
            type="opened",
            sequence=1,
            severity="major",
            time=LIVE,
            expires_at=LIVE + 3600,
            data={"say": {"en": "Mobile data is slow."}},
        )
        with app.store.begin() as connection:
            app.store.outbox.add(connection, alert, ["chat"], float(LIVE))
        server.status, server.answer = 503, b""
        assert dict(relay.push(event_now=LIVE, wall_now=LIVE)) == {"retry": 1}
        server.status, server.answer = 200, b"ok"
        assert dict(relay.push(event_now=LIVE, wall_now=LIVE + 60)) == {"sent": 1}
    bodies = {body for body, _ in server.got}
    assert [json.loads(body) for body in bodies] == [{"id": key, "text": "major: Mobile data is slow."}]
    assert {(headers["authorization"], headers["idempotency-key"]) for _, headers in server.got} == {
        ("Bearer from-the-file", key)
    }
