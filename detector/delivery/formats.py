"""How an alert looks on the wire: one function and one line of `FORMATS` for each format."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

from detector.domain.alert import Alert
from detector.domain.errors import Misconfigured, Permanent
from detector.domain.window import utc

MAX_BYTES = 20_000


@dataclass(frozen=True)
class Format:
    """`render(alert, source)` gives the body's bytes: the same for the same alert, always, and under 20 kB. `test(key,
    receiver, source, at)` gives those of a message that only tries the way to a receiver."""

    content_type: str
    render: Callable[[Alert, str], bytes]
    test: Callable[[str, str, str, float], bytes]


def cloudevents(alert: Alert, source: str) -> bytes:
    """CloudEvents 1.0, structured JSON, sorted and compact; extensions `severitytext` and `expirytime`.

    `source` is a URI reference such as `/precall/example`. A list that would burst the limit is cut, and
    `data.truncated` says how long it was; Permanent if even that does not help. NaN becomes null.

    >>> alert = Alert("evt_1", "inc_42", "opened", 1, "major", 1774340400, 1774362000, {"say": {"en": "Hello"}})
    >>> json.loads(cloudevents(alert, "/precall/example"))["time"]
    '2026-03-24T08:20:00Z'
    """
    envelope = {
        "specversion": "1.0",
        "id": alert.key,
        "source": source,
        "type": alert.event_type,
        "subject": alert.subject,
        "time": timestamp(alert.time),
        "severitytext": alert.severity,
        "expirytime": timestamp(alert.expires_at),
    }
    return _fitted(envelope, _plain(alert.data), where=f"alert {alert.key}")


TEST_TYPE = "care.test.v1"
_TEST_TTL_S = 3600


def cloudevents_test(key: str, receiver: str, source: str, at: float) -> bytes:
    """A CloudEvent of the type `care.test.v1`, about the receiver: no incident, nobody affected, `data.test` is true.

    >>> body = json.loads(cloudevents_test("tst_1", "consumer-care", "/precall", 1774340400))
    >>> body["type"], body["subject"], body["data"]["test"]
    ('care.test.v1', 'receiver/consumer-care', True)
    """
    said = "This is a test message of precall. Nobody is affected, and nothing is to be done."
    envelope = {
        "specversion": "1.0",
        "id": key,
        "source": source,
        "type": TEST_TYPE,
        "subject": f"receiver/{receiver}",
        "time": timestamp(at),
        "severitytext": "warning",
        "expirytime": timestamp(at + _TEST_TTL_S),
    }
    return _fitted(envelope, {"test": True, "say": {"en": said}}, where="test message")


FORMATS: Mapping[str, Format] = {"cloudevents": Format("application/cloudevents+json", cloudevents, cloudevents_test)}


def format_named(name: str) -> Format:
    """Misconfigured for a name that is not in `FORMATS`."""
    if name not in FORMATS:
        raise Misconfigured(f"unknown format '{name}'", where="receivers: format", mend=f"use {', '.join(FORMATS)}")
    return FORMATS[name]


def timestamp(epoch_s: float) -> str:
    """RFC 3339 in UTC, whole seconds, `Z`."""
    return utc(int(epoch_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fitted(envelope: Mapping[str, Any], data: dict[str, Any], *, where: str) -> bytes:
    """Halve the list that takes most room until the whole is under the limit."""
    while len(body := _bytes({**envelope, "data": data})) >= MAX_BYTES:
        path, items = max(_lists(data), key=lambda found: (len(_bytes(found[1])), found[0]), default=("", []))
        if not items:
            raise Permanent(f"body of {len(body)} bytes", where=where, mend=f"keep it under {MAX_BYTES}")
        data.setdefault("truncated", {}).setdefault(path, len(items))
        del items[len(items) // 2 :]
    return body


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """(dotted path, list) of every non-empty list in nested objects; lists within lists go with their parent."""
    if isinstance(value, list) and value:
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{key}" if path else key)


def _plain(value: Any) -> Any:
    """A fresh copy in JSON's own types: numpy numbers to Python's, not-a-number to null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if isfinite(value) else None
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _bytes(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")
