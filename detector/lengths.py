"""Lengths of time as people write them in settings."""

import re
from typing import Annotated

from pydantic import AfterValidator

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|seconds?|min|minutes?|h|hours?|d|days?)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """A length of time in s; ValueError for what is none, or nothing.

    >>> seconds_of("45 min"), seconds_of("2 h"), seconds_of("90 s")
    (2700.0, 7200.0, 90.0)
    """
    found = _LENGTH.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"no length of time; write it like '45 min' or '2 h', not {text[:20]!r}")
    return float(found[1]) * _UNITS[found[2][0]]


def _length(text: str) -> str:
    _ = seconds_of(text)
    return text


def _length_or_none(text: str) -> str:
    return _length(text) if text else text


Length = Annotated[str, AfterValidator(_length)]
"""A setting that is a length of time."""
LengthOrNone = Annotated[str, AfterValidator(_length_or_none)]
"""The same, or empty."""
