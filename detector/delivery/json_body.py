"""Bodies in JSON: sorted, compact, the same bytes for the same alert, and short enough for any receiver."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any

from detector.delivery.kind import MAX_BYTES
from detector.domain.errors import Permanent


def fitted(envelope: Mapping[str, Any], data: dict[str, Any], *, where: str) -> bytes:
    """The envelope with `data` in it. A list that would exceed the limit is cut, the largest first, and
    `data.truncated` gives its full length. Raises Permanent if that does not help."""
    while len(body := json_bytes({**envelope, "data": data})) >= MAX_BYTES:
        path, items = max(_lists(data), key=lambda found: (len(json_bytes(found[1])), found[0]), default=("", []))
        if not items:
            raise Permanent(f"body of {len(body)} bytes", where=where, mend=f"keep it under {MAX_BYTES}")
        data.setdefault("truncated", {}).setdefault(path, len(items))
        del items[len(items) // 2 :]
    return body


def plain(value: Any) -> Any:
    """A fresh copy in JSON's own types: numpy numbers to Python's, not-a-number to null."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if isfinite(value) else None
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_bytes(value: Any) -> bytes:
    """UTF-8; a lone surrogate becomes a question mark."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """(dotted path, list) of every non-empty list in nested objects; lists within lists go with their parent."""
    if isinstance(value, list) and value:
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{key}" if path else key)
