"""What a setting may be beyond its type: bounds of numbers, times of day, texts that can be used."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import PurePath
from typing import Any, NamedTuple

_SHARES = ("complete_share", "chance_below", "covers_share", "list_above", "contact_above")
_TIMES = ("quiet_from", "quiet_to")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DAY_S, _YEARS_10 = 86_400.0, 3_660.0
_LARGEST = 1e9
"""Largest number without a bound of its own. Chosen: larger ones would overflow where they become dates or array sizes."""
BOUNDS: Mapping[str, tuple[float, float]] = {
    "settle_s": (0, _DAY_S),
    "largest_file_mb": (0, 1e6),
    "file_budget_s": (1, _DAY_S),
    "pull_budget_s": (1, _DAY_S),
    "pull_s": (0.01, _DAY_S),
    "connect_timeout_s": (1, 600),
    "statement_timeout_s": (0.1, _DAY_S),
    "lock_timeout_s": (0.1, _DAY_S),
    "idle_in_transaction_timeout_s": (1, _DAY_S),
    "push_s": (0.01, _DAY_S),
    "learn_s": (1, 366 * _DAY_S),
    "prune_s": (1, 366 * _DAY_S),
    "identity_version": (0, 1e6),
    "pooled_minutes": (1, 7 * 1440),
    "drift_hours": (0, 24 * 366),
    "no_data_after_periods": (1, 10_000),
    "onset_tolerance_periods": (0, 10_000),
    "resolve_after_periods": (0, 10_000),
    "grace_minutes": (0, 7 * 1440),
    "late_hours": (0, 24 * 366),
    "history_days": (1, _YEARS_10),
    "adopt_after_days": (1, _YEARS_10),
    "present_hours": (0, 24 * 7),
    "alert_ttl_hours": (0, 24 * 366),
    "timeout_s": (0.05, 600),
    "max_attempts": (1, 1_000),
    "port": (0, 65_535),
    "connections": (8, 768),
    "requests_per_minute": (1, 1e6),
    "strangers_per_minute": (1, 1e6),
    "cells": (6, 100_000),
    "seed": (0, 2**32 - 1),
    "speed": (0.01, 10_000),
}
"""Key -> (least, most), both allowed: a day or a week where something is waited for, ten years of history, the 16 bits of a
port (RFC 9293), the 32 bits of a seed, the six cells of the smallest operator that can be simulated."""


class Mistake(NamedTuple):
    """A dotted key, what is wrong with its value, the value, and what to do; `value` None is not shown."""

    key: str
    wrong: str
    value: Any
    mend: str


def mistakes(values: Mapping[str, Any]) -> Iterator[Mistake]:
    """Everything in the settings' values that a type alone does not hold.

    >>> for one in mistakes({"web": {"port": 99_999, "host": "::1"}}): print(*one, sep=", ")
    web.port, more than 65535, 99999, it is between 0 and 65535
    """
    for key, value in _leaves(values):
        name = key.rpartition(".")[2]
        if wrong := _what_is_wrong(name, value):
            yield Mistake(key, wrong, value, _mend(name, value))
    yield from _twice(values)


def _mend(name: str, value: Any) -> str:
    if name in _TIMES:
        return 'write it as "21:00"'
    if isinstance(value, str | PurePath):
        return "write it anew, as plain text"
    least, most = bounds_of(name)
    return f"it is between {least:.12g} and {most:.12g}"


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every text and number with its key; entries of a list have that of the list."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


def _what_is_wrong(name: str, value: Any) -> str:
    """Empty if nothing is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(name, value)
    if name in _TIMES:
        return "" if _CLOCK.fullmatch(value) else "no time of day like 21:00"
    if isinstance(value, PurePath):
        value = str(value)
    if not isinstance(value, str):
        return ""
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        return "no UTF-8 text"
    return "" if all(letter.isprintable() for letter in value) else "a control character in it"


def _number(name: str, value: float) -> str:
    if not _finite(value) or value < 0:
        return "less than zero or no number"
    if name in _SHARES and value > 1:
        return "a share is between 0 and 1"
    least, most = bounds_of(name)
    if value < least:
        return "more than zero is needed" if value == 0 else f"less than {least:.12g}"
    return f"more than {most:.12g}" if value > most else ""


def bounds_of(name: str) -> tuple[float, float]:
    """Least and most that the number of this key may be, both allowed.

    >>> bounds_of("port"), bounds_of("contact_above"), bounds_of("kpi_days")
    ((0, 65535), (0.0, 1.0), (0.0, 36600.0))
    """
    if name in _SHARES:
        return 0.0, 1.0
    if name.endswith("_days") and name not in BOUNDS:
        return 0.0, 10 * _YEARS_10  # retention
    return BOUNDS.get(name, (0.0, _LARGEST))


def _finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


_NAMED = (
    ("receivers", "name", "two receivers of one name"),
    ("care.offers", "name", "two offers of one name"),
    ("care.lawful_basis", ("purpose", "country"), "two bases of one purpose in one country"),
    ("care.capacity_per_hour", 0, "two capacities of one team"),
    ("care.teams", 0, "two teams for one kind of account"),
)
"""Lists whose entries are identified by a name: of two alike the second, or the first, would silently count for nothing."""


def _twice(values: Mapping[str, Any]) -> Iterator[Mistake]:
    for key, name, what in _NAMED:
        entries = _at(values, key)
        names = [_name(entry, name) for entry in entries]
        for one, count in Counter(names).items():
            if count > 1:
                named = one if isinstance(one, str) else ", ".join(one)
                yield Mistake(key, f"{what}, '{named[:60]}'", None, "name each differently, or leave one out")


def _at(values: Mapping[str, Any], key: str) -> Sequence[Any]:
    found: Any = values
    for part in key.split("."):
        found = found.get(part, {})
    return found or ()


def _name(entry: Any, name: Any) -> Any:
    return tuple(entry[part] for part in name) if isinstance(name, tuple) else entry[name]
