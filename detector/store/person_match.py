"""Whether a text means one person: by pseudonym always, by raw identity only where it cannot be anything else."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

GONE = "(erased)"
"""The text that replaces a name."""
_PHONE = re.compile(r"\+?[1-9]\d{10,14}|0\d{14}")
"""E.164 with country code, or an IMSI (ITU-T E.212): 11 digits and more; ten are a moment in seconds as well."""
_PUNCTUATION = re.compile(r"[\s().\-/]")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w{2,}")
_DATE_OR_TIME = re.compile(r"(19|20)\d\d[-./]?(0[1-9]|1[0-2])([-./]?(0[1-9]|[12]\d|3[01]))?([-./T :]?\d.*)?$|1[0-9]{12}$")
"""A month, a date, a moment by any clock, milliseconds since the epoch."""
_DATE = re.compile(r"(19|20)\d\d[-./]?(0[1-9]|1[0-2])[-./]?(0[1-9]|[12]\d|3[01])")
_OURS = re.compile(r"(inc|deg|evt|sub|acc)_|[0-9a-f]{16,}$")
"""Begins as an id of our own, or is a digest."""
_LEAST_DIGITS, _LEAST_MIXED = 6, 12
_BEFORE, _AFTER = r"(?<!\w)(?<!\d\.)", r"(?!\w)"
"""A name is a word of its own: 49171 is not meant by 4917100, nor by the figure 0.49171."""


def unmistakable(raw: str) -> bool:
    """Whether this text means a person wherever it stands: a telephone number, an address, a long id of letters and digits.
    Not so a short number, a date, a word, a digest.

    >>> [unmistakable(one) for one in ("491701234567", "+49 (171) 555-01 23", "o'brien@example.com")]
    [True, True, True]
    >>> [unmistakable(one) for one in ("202603", "20260324120000", "1774353600000", "c01010", "resolved", "4917100")]
    [False, False, False, False, False, False]
    """
    bare = _PUNCTUATION.sub("", raw)
    if _DATE_OR_TIME.match(raw) or _DATE_OR_TIME.match(bare) or _OURS.match(raw):
        return False
    if _PHONE.fullmatch(bare) or _MAIL.fullmatch(raw):
        return True
    mixed = any(c.isalpha() for c in raw) and sum(c.isdigit() for c in raw) >= _LEAST_DIGITS
    return mixed and len(raw) >= _LEAST_MIXED and not raw.isidentifier() and not _DATE.search(raw)


@dataclass(frozen=True)
class PersonMatcher:
    """`names`: all pseudonyms of one person, of every version of the key, and of accounts that are this person's alone.
    `raw`: the identity itself. `is_object`: it is also the name of a cell, a site or another object of the network."""

    names: tuple[str, ...]
    raw: str = ""
    is_object: bool = False

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """What means the person wherever it stands."""
        raw = (self.raw,) if self.raw and not self.is_object and unmistakable(self.raw) else ()
        return (*self.names, *raw)

    @cached_property
    def exact(self) -> tuple[str, ...]:
        """What means the person in a column that holds identities."""
        return (*self.names, *((self.raw,) if self.raw else ()))

    @cached_property
    def stored(self) -> tuple[str, ...]:
        """`spoken` as it may be in a column: JSON writes other letters than ASCII by their number."""
        return tuple(dict.fromkeys(one for name in self.spoken for one in (name, json.dumps(name)[1:-1])))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.spoken, key=len, reverse=True)
        return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, longest_first))}){_AFTER}")

    def in_text(self, text: str) -> bool:
        """
        >>> person = PersonMatcher(("sub_1",), "491701234567")
        >>> [person.in_text(one) for one in ("of sub_1.", "of sub_10", "call 491701234567", "4917012345678")]
        [True, False, True, False]
        """
        return bool(self.spoken) and self._pattern.search(text) is not None

    def in_json(self, value: Any) -> bool:
        """In one of its keys or texts."""
        if isinstance(value, dict):
            return any(self.in_text(key) or self.in_json(one) for key, one in value.items())
        if isinstance(value, list):
            return any(map(self.in_json, value))
        return isinstance(value, str) and self.in_text(value)

    def without(self, value: Any) -> Any:
        """The same text or JSON without the person: items and keys that are the person go, and so do items about the person;
        in a longer text the mention does.

        >>> row = {"of": ["sub_1", "sub_10"], "by": {"sub_1": 3}, "why": "sub_1 called", "who": [{"key": "sub_1", "n": 2}]}
        >>> PersonMatcher(("sub_1",)).without(row)
        {'of': ['sub_10'], 'by': {}, 'why': '(erased) called', 'who': []}
        """
        if isinstance(value, dict):
            return {self._key(key): self.without(one) for key, one in value.items() if key not in self.spoken}
        if isinstance(value, list):
            return [self.without(one) for one in value if not self._is_about(one)]
        return self._pattern.sub(GONE, value) if isinstance(value, str) and self.spoken else value

    def _key(self, key: str) -> str:
        return self._pattern.sub(GONE, key) if self.spoken else key

    def _is_about(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(isinstance(one, str) and one in self.spoken for one in value.values())
        return isinstance(value, str) and value in self.spoken

    def spelled(self) -> re.Pattern[bytes] | None:
        """For the bytes of a file: as it is written in text, in JSON, in an address and in UTF-16, as a word of its own."""
        words = {one.encode() for name in self.spoken for one in _spellings(name)}
        wide = {re.escape(name.encode("utf-16-le")) for name in self.spoken}
        if not words:
            return None
        narrow = b"|".join(map(re.escape, sorted(words)))
        return re.compile(
            rb"(?<![0-9A-Za-z_])(?:"
            + narrow
            + rb")(?![0-9A-Za-z_])|(?<![0-9A-Za-z_]\0)(?:"
            + b"|".join(sorted(wide))
            + rb")(?![0-9A-Za-z_]\0)"
        )


def _spellings(name: str) -> Sequence[str]:
    return (name, json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1], quote(name, safe=""))
