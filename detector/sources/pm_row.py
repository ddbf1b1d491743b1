"""One measValue of a PM file: its texts by position, what they count as, and whose they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from lxml import etree

from detector.sources.pm_stream import local_name

ABSENT = float("nan")
"""Stands for an `r` that is not there, where None is an `r` without text."""
Text = str | float | None
_POSITION = re.compile(r"\+?0*([1-9][0-9]*)")
_NULLS = frozenset({"", "NIL", "NULL", "NAN"})


@dataclass(kw_only=True)
class ReadCounts:
    """What a PM file holds, counted as read, before anything is judged."""

    meas_info: int = 0
    meas_type: int = 0
    meas_types: int = 0
    meas_value: int = 0
    r: int = 0
    meas_results: int = 0
    suspect_true: int = 0
    suspect: int = 0
    nil_or_empty_r: int = 0
    multi_value_r: int = 0
    granularities: set[str] = field(default_factory=set)

    def add_row(self, row: "Row") -> None:
        """Counts a row's elements, but not yet its texts."""
        self.r += len(row.rs)
        self.meas_results += row.results is not None
        self.suspect += row.suspect is not None
        self.suspect_true += bool(row.suspect)

    def add_texts(self, texts: Sequence[Text]) -> None:
        """Counts the empty and the many-valued among texts of `r` elements."""
        for text in texts:
            if not isinstance(text, float):
                self.nil_or_empty_r += is_null(text)
                self.multi_value_r += "," in (text or "")


@dataclass
class Row:
    """A measValue of any form: measResults if it has them, (p, text) of each r, `suspect` None if not stated."""

    results: str | None
    rs: list[tuple[str, str | None]]
    suspect: bool | None


def read_row(element: etree._Element) -> Row:
    """A measValue's children by their local names; unknown ones are passed over."""
    row = Row(None, [], None)
    for child in element:
        tag = local_name(child)
        if tag == "r":
            row.rs.append((position(child.get("p") or ""), child.text))
        elif tag == "measResults":
            row.results = child.text or ""
        elif tag == "suspect":
            row.suspect = is_true(child.text)
    return row


def position(text: str) -> str:
    """A `p` by its value, for it is an xs:positiveInteger (XML Schema 2, 3.3.25); any other text as it stands.

    >>> position("01"), position(" +1 "), position("a")
    ('1', '1', 'a')
    """
    found = _POSITION.fullmatch(text.strip())
    return found[1] if found else text.strip()


def is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "1")


def is_null(text: str | None) -> bool:
    """Empty or NIL: a value that the element does not have."""
    return text is None or text.strip().upper() in _NULLS


def is_value(text: str) -> bool:
    """A finite number, a comma-separated histogram, or null.

    >>> is_value("12.5"), is_value("1,2,3"), is_value("NIL"), is_value("..."), is_value("1_000")
    (True, True, True, False, False)
    """
    if is_null(text) or "," in text:
        return True
    try:
        return bool(np.isfinite(float(text))) and "_" not in text and text.isascii()
    except ValueError:
        return False


class Prefix:
    """What stands in front of a measObjLdn: the managed element's DN, unless the LDN repeats it."""

    def __init__(self, managed: str) -> None:
        self.managed = managed
        rdns = [r for r in managed.split(",") if r]
        self._repeated = {",".join(rdns[i:]): ",".join(rdns[:i]) for i in range(len(rdns))}

    def full(self, ldn: str) -> str:
        """The whole DN.

        >>> Prefix("SubNetwork=1,ManagedElement=7").full("ManagedElement=7,NRCellDU=3")
        'SubNetwork=1,ManagedElement=7,NRCellDU=3'
        """
        if not ldn or not self.managed:
            return ldn or self.managed
        for own, front in self._repeated.items():
            if ldn == own or ldn.startswith(own + ","):
                return f"{front},{ldn}" if front else ldn
        return f"{self.managed},{ldn}"
