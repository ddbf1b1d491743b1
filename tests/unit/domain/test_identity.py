"""Names of people, accounts, incidents and receivers: none is blank, whatever alphabet the blank is written in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.errors import Misconfigured
from detector.domain.identity import (
    LONGEST,
    NO_VALUE,
    AccountId,
    Choice,
    Identity,
    IncidentId,
    InvalidIdentity,
    SubscriberId,
    known_identity,
)

KINDS = (SubscriberId, AccountId, IncidentId, Choice)
BLANK = {
    "empty": "",
    "space": " ",
    "no-break space": "\u00a0",
    "tab": "\t",
    "line break": "\r\n",
    "zero width": "\u200b",
    "joiners": "\u200c\u200d\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "ideographic": "\u3000",
    "narrow": "\u2007\u202f",
    "direction": "\u202a\u202c",
    "Hangul filler": "\u3164",
    "Braille blank": "\u2800",
    "mark alone": "\u0301",
    "separators": "\u2028\u2029\x1f",
    "escaped": "%20",
    "escaped twice over": "%20%20+",
    "escaped no-break space": "%C2%A0",
    "escaped zero width": "%e2%80%8b",
    "null": "null",
    "capitals": "NULL",
    "Python": "None",
    "JavaScript": "undefined",
    "number": "NaN",
    "spreadsheet": "#N/A",
    "null in spaces": " null\u00a0",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", BLANK.values(), ids=BLANK)
def test_a_blank_name_is_none(kind: type[Identity], text: str) -> None:
    with pytest.raises(InvalidIdentity, match="nobody is named"):
        kind(text)
    assert known_identity(text) == "" or text.startswith("%"), "a table's cell is not escaped"


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "4917\udcff", "\ud800", "a\u2028b", "x" * (LONGEST + 1)])
def test_what_no_identity_can_hold_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidIdentity) as caught:
        SubscriberId(text)
    assert text not in str(caught.value)
    assert isinstance(caught.value, Misconfigured)
    assert isinstance(caught.value, ValueError), "so that a web request is answered 422"


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "0",
        "open",
        "2026",
        "202603",
        "%",
        "_",
        "'",
        '"',
        "o'brien@example.com",
        "+49 (171) 555-01 23",
        "Ünal/Çelik;49",
        "49\u200b17",
        "nullable",
        "100%",
        "a%20b",
        "-",
        "名前",
        "x" * LONGEST,
    ],
)
def test_a_name_stays_as_it_is(text: str) -> None:
    assert SubscriberId(text) == text
    assert SubscriberId(f" \u200b{text}\u00a0\n") == text
    assert SubscriberId(SubscriberId(text)) == text
    assert known_identity(f"{text}\u200b") == text


@given(st.text())
def test_whatever_is_given_a_name_has_content_or_is_refused(text: str) -> None:
    """Never a name that prints nothing, and never one that a table would write otherwise."""
    try:
        name = SubscriberId(text)
    except InvalidIdentity:
        return
    assert any(unicodedata.category(c) not in ("Cc", "Cf", "Zs", "Zl", "Zp") for c in name)
    assert known_identity(text) == known_identity(name) == name
    assert name.casefold() not in NO_VALUE
