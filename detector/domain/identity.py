"""Names that somebody gives us of one person, account, incident or receiver: a type for each, and none can be blank.

A blank name is no filter. Where it is taken for one, the answer about one person becomes the answer about everybody.
"""

import re
import unicodedata
from typing import ClassVar, Self

from detector.domain.errors import Misconfigured

LONGEST = 1_000
"""Characters of an identity. Chosen: as many as an id in a table may have."""
NO_VALUE = frozenset({"null", "(null)", "<null>", "none", "nil", "nan", "undefined", "n/a", "#n/a", "<na>"})
"""What programs and spreadsheets write where there is no value, in small letters: `str(None)` in Python, `undefined` in
JavaScript, `NULL` in an export of SQL. Taken for an identity it would be one person with everybody's data."""
_EMPTY = frozenset({"Cf", "Zl", "Zp", "Zs"})
"""Unicode categories that print nothing: zero-width characters and spaces; line breaks and tabs are white space besides."""
_MARKS = frozenset({"Mn", "Me"})
"""Accents and frames: at the beginning they stand on no letter, and print nothing that could be read."""
_LONGEST_NO_VALUE = max(map(len, NO_VALUE))
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that are blank by their form: Hangul fillers and the empty Braille pattern."""
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2}|\+)+")


class InvalidIdentity(Misconfigured, ValueError):
    """A name of a person, account, incident or receiver that cannot be one. Wrong use: HTTP 422, exit code 2."""


class Identity(str):
    """Text of one to LONGEST characters, without white space or invisible characters at its ends, and without controls.

    Raises InvalidIdentity, which does not repeat the text, for anything else: blank in any script, escaped blank (`%20`),
    and one of NO_VALUE.

    >>> Identity(" 491701234567\\u00a0")
    '491701234567'
    """

    __slots__ = ()
    where: ClassVar[str] = "identity"
    mend: ClassVar[str] = "give one"

    def __new__(cls, given: str) -> Self:
        text = trimmed(given)
        if wrong := _what_is_wrong(text):
            raise InvalidIdentity(wrong, where=cls.where, mend=cls.mend)
        return super().__new__(cls, text)


class SubscriberId(Identity):
    """A person, as in subscribers.csv."""

    __slots__ = ()
    where = "subscriber"
    mend = "give the identity as in subscribers.csv"


class AccountId(Identity):
    """An account, as in accounts.csv."""

    __slots__ = ()
    where = "account"
    mend = "give the id as in accounts.csv"


class IncidentId(Identity):
    """An incident, as `precall incidents` lists it."""

    __slots__ = ()
    where = "incident"
    mend = "give an id as `precall incidents` lists them"


class Choice(Identity):
    """One value of a filter: a receiver's name, a state, a report's dimension. No filter is left out, not given as blank."""

    __slots__ = ()
    where = "filter"
    mend = "name one, or leave the filter out"


def known_identity(raw: str) -> str:
    """The identity in a row of a table, empty where the row names nobody.

    >>> [known_identity(one) for one in ("4917", "4917\\u200b", " ", "\\u2060", "NULL")]
    ['4917', '4917', '', '', '']
    """
    if raw.isascii() and raw.isalnum() and len(raw) > _LONGEST_NO_VALUE:
        return raw  # most of millions
    text = trimmed(raw)
    return "" if text.casefold() in NO_VALUE else text


def trimmed(text: str) -> str:
    """Without what prints nothing at either end.

    >>> trimmed("\\ufeff a\\u200bb \\u3164")
    'a\\u200bb'
    """
    first, last = 0, len(text)
    while first < last and (_is_empty(text[first]) or unicodedata.category(text[first]) in _MARKS):
        first += 1
    while first < last and _is_empty(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_empty(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _EMPTY or character in _BLANK_LETTERS


def _what_is_wrong(text: str) -> str:
    """Empty if nothing is."""
    if not text:
        return "nobody is named"
    if text.casefold() in NO_VALUE:
        return "nobody is named: that is what programs write where there is no value"
    if _ESCAPED.fullmatch(text) and not trimmed(_unescaped(text)):
        return "nobody is named: that is white space, escaped"
    if len(text) > LONGEST:
        return f"{len(text):,} characters are no identity ({LONGEST} at most)"
    if any(unicodedata.category(character) in _CONTROL for character in text):
        return "an identity has no control characters"
    return ""


def _unescaped(text: str) -> str:
    """
    >>> _unescaped("%C2%A0+%41")
    '\\xa0 A'
    """
    escaped = re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text.replace("+", " "))
    return escaped.encode("latin-1").decode("utf-8", errors="replace")
