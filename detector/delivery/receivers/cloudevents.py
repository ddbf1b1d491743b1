"""CloudEvents 1.0 in structured JSON, signed by Standard Webhooks 1.0: the body of CONTRACTS.md section 5."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field

from detector.delivery.http import HttpKind, HttpSettings
from detector.delivery.json_body import fitted, plain
from detector.delivery.kind import TEST_TEXT
from detector.domain.alert import Alert
from detector.domain.errors import Misconfigured
from detector.domain.transport import Request
from detector.domain.window import HOUR_S, iso
from detector.secret_files import LINES, read_secret

CONTENT_TYPE = "application/cloudevents+json"
TEST_TYPE = "care.test.v1"
_TEST_TTL_S = HOUR_S
"""Lifetime of a test message; receivers see it as `expirytime`. Chosen: it is of no use after an hour."""


class CloudEventsSettings(HttpSettings):
    """The keys of a receiver of signed CloudEvents."""

    secrets: tuple[str, ...] = Field(default=(), repr=False)
    """`whsec_...`, the newest first: every one signs, so that the receiver may change over at its leisure."""
    secrets_file: str = ""
    """The file that holds them, one in each line."""

    def with_secrets(self, where: str) -> Self:
        if self.secrets and self.secrets_file:
            raise Misconfigured("secrets and secrets_file", where=where, mend="keep one of them, best the file")
        if not self.secrets and not self.secrets_file:
            mend = "name a file that holds them, one in each line: secrets_file"
            raise Misconfigured("no secrets", where=where, mend=mend)
        if not self.secrets_file:
            return self
        secrets = read_secret(self.secrets_file, LINES, f"{where}.secrets_file")
        return self.model_copy(update={"secrets": secrets})


class CloudEvents(HttpKind[CloudEventsSettings]):
    """Every alert as one signed CloudEvent."""

    settings_model = CloudEventsSettings
    documentation: ClassVar[str] = (
        "CloudEvents 1.0 in structured JSON, signed by Standard Webhooks 1.0 with each of `secrets`"
    )
    example: ClassVar[Mapping[str, Any]] = {
        "url": "https://care.example/hooks/precall",
        "secrets": ["whsec_" + "A" * 32],
    }

    def body(self, alert: Alert, source: str) -> bytes:
        return cloudevents(alert, source)

    def test_body(self, key: str, receiver: str, source: str, at: float) -> bytes:
        return cloudevents_test(key, receiver, source, at)

    def request(self, key: str, body: bytes, *, wall_now: float) -> Request:
        from detector.delivery.signing import signed_headers  # slow to import, and no command but those that send needs it

        headers = signed_headers(key, body, self.settings.secrets, wall_now=wall_now)
        return Request(self.url, body, headers | {"content-type": CONTENT_TYPE})

    def check(self) -> None:
        super().check()
        self.request("check", b"", wall_now=0.0)


def cloudevents(alert: Alert, source: str) -> bytes:
    """CloudEvents 1.0, structured JSON, sorted and compact; extensions `severitytext` and `expirytime`.

    `source` is a URI reference such as `/precall/example`. A list that would burst the limit is cut, and
    `data.truncated` gives its full length; Permanent if even that does not help. NaN becomes null.

    >>> import json
    >>> alert = Alert(
    ...     key="evt_1",
    ...     incident_id="inc_42",
    ...     type="opened",
    ...     sequence=1,
    ...     severity="major",
    ...     time=1774340400,
    ...     expires_at=1774362000,
    ...     data={"say": {"en": "Hello"}},
    ... )
    >>> json.loads(cloudevents(alert, "/precall/example"))["time"]
    '2026-03-24T08:20:00Z'
    """
    envelope = {
        "specversion": "1.0",
        "id": alert.key,
        "source": source,
        "type": alert.event_type,
        "subject": alert.subject,
        "time": iso(alert.time),
        "severitytext": alert.severity,
        "expirytime": iso(alert.expires_at),
    }
    return fitted(envelope, plain(alert.data), where=f"alert {alert.key}")


def cloudevents_test(key: str, receiver: str, source: str, at: float) -> bytes:
    """A CloudEvent of the type `care.test.v1`, about the receiver: no incident, nobody affected, `data.test` is true.

    >>> import json
    >>> body = json.loads(cloudevents_test("tst_1", "consumer-care", "/precall", 1774340400))
    >>> body["type"], body["subject"], body["data"]["test"]
    ('care.test.v1', 'receiver/consumer-care', True)
    """
    envelope = {
        "specversion": "1.0",
        "id": key,
        "source": source,
        "type": TEST_TYPE,
        "subject": f"receiver/{receiver}",
        "time": iso(at),
        "severitytext": "warning",
        "expirytime": iso(at + _TEST_TTL_S),
    }
    return fitted(envelope, {"test": True, "say": {"en": TEST_TEXT}}, where="test message")
