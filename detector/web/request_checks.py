"""What a request may look like: no control characters, no broken UTF-8, no JSON that two readers would read differently.

Checked once, before anything of it is used: a NUL byte in a path is no text for PostgreSQL, a lone surrogate none for UTF-8.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Never
from urllib.parse import unquote_to_bytes

from detector.web.limits import Limits

_HOST = re.compile(rb"[A-Za-z0-9.\-_~%]*(:\d{0,5})?|\[[0-9A-Fa-f:.%a-z]*\](:\d{0,5})?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
"""C0, DEL and C1 (Unicode category Cc), halves of UTF-16 pairs, line separators and non-characters."""
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f]")
_DEEPEST = 8
"""Levels of a request's body. Chosen: the deepest valid body has one."""


class Malformed(ValueError):
    """`status` is the HTTP status (RFC 9110, RFC 6585) that names the fault."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def check_head(scope: Mapping[str, Any], limits: Limits) -> None:
    """Raises Malformed for a request line or headers that no honest client sends."""
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    raw_path, query = scope.get("raw_path") or b"", scope["query_string"]
    if len(raw_path) + len(query) > limits.target_bytes:
        raise Malformed(414, f"The address is longer than {limits.target_bytes} bytes.")
    if len(headers) > limits.headers or sum(len(k) + len(v) for k, v in headers) > limits.head_bytes:
        raise Malformed(431, f"More than {limits.headers} headers, or more than {limits.head_bytes} bytes of them.")
    _check_text(raw_path, "the path")
    _check_text(query.replace(b"+", b" "), "the query")
    _check_text(scope["path"].encode("utf-8", "surrogatepass"), "the path")
    for name, value in headers:
        if _CONTROL_BYTE.search(value):
            raise Malformed(400, "A header has a control character.")
        if name == b"host" and not _HOST.fullmatch(value):
            raise Malformed(400, "The Host header is no host.")
    for single in (b"authorization", b"content-type", b"host", b"x-actor", b"origin"):
        if sum(name == single for name, _ in headers) > 1:
            raise Malformed(400, f"The header {single.decode()} stands twice.")


def _check_text(raw: bytes, what: str) -> None:
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(400, f"In {what} stands something that is no UTF-8.") from error
    if _CONTROL.search(text):
        raise Malformed(422, f"In {what} stands a control character.")


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The Content-Length; None: there is none. Raises Malformed."""
    found = {value for name, value in headers if name == b"content-length"}
    if not found:
        return None
    try:
        (only,) = found
        if not only.isdigit():
            raise ValueError
        return int(only[:20])
    except ValueError as error:
        raise Malformed(400, "The Content-Length is no length.") from error


def check_json(body: bytes) -> None:
    """Raises Malformed unless this is strict JSON (RFC 8259, I-JSON of RFC 7493): UTF-8, no key twice, finite numbers, a few
    levels deep, texts without control characters."""
    if max(body.count(b"["), body.count(b"{")) > _DEEPEST and _depth(body) > _DEEPEST:
        raise Malformed(400, f"The JSON is nested deeper than {_DEEPEST} levels.")
    try:
        read = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number, parse_int=_integer)
        _check_strings(read)
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(400, "The body is no valid JSON.") from error


def _depth(body: bytes) -> int:
    """Brackets inside of strings count, too: more than `_DEEPEST` of them in a short body is no valid request."""
    deepest = now = 0
    for byte in body:
        now += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, now)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed(400, "A key of the JSON stands twice.")
    return found


def _no_number(_name: str) -> Never:
    raise Malformed(400, "NaN and Infinity are no JSON.")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise Malformed(400, "A number of the JSON is too long.")
    return int(digits)


def _check_strings(value: Any) -> None:
    match value:
        case str() if _CONTROL.search(value):
            raise Malformed(422, "In the body stands a control character.")
        case dict():
            for key, inner in value.items():
                _check_strings(key)
                _check_strings(inner)
        case list():
            for inner in value:
                _check_strings(inner)
