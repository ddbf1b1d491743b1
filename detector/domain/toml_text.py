"""TOML text to its values, with every mistake in one line."""

import tomllib
from typing import Any

from detector.domain.errors import Misconfigured


def values_of(text: str, *, where: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises Misconfigured for text that is no TOML.

    A byte order mark in front is passed over: TOML 1.1 allows one, and editors write it.

    >>> values_of("[web]\\nport = 8087", where="my.toml")
    {'web': {'port': 8087}}
    >>> values_of("[web", where="my.toml")
    Traceback (most recent call last):
    detector.domain.errors.Misconfigured: ...
    """
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise Misconfigured("no valid TOML: it holds NUL characters", where=where, mend="save it as UTF-8 text")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError of its own
        raise Misconfigured(f"no valid TOML: {error}", where=where, mend="each key once, strings in quotes") from error
