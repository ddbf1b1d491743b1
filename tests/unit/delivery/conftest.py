"""A receiver on the loopback that answers as it is told, and a real alert to send it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from detector.domain.alert import Alert, alert_key


@dataclass(kw_only=True)
class ScriptedReceiver:
    """Answers every POST with `status` and `headers`, or never; remembers what it got."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    answer: bytes = b""
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    released: Event = field(default_factory=Event)


@pytest.fixture
def scripted() -> Iterator[ScriptedReceiver]:
    script = ScriptedReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            script.got.append((body, {k.lower(): v for k, v in self.headers.items()}))
            if script.silent:
                script.released.wait(20)
                return
            self.send_response(script.status)
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(script.answer)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_port}/hook?key=hidden"
    yield script
    script.released.set()
    server.shutdown()
    server.server_close()


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
