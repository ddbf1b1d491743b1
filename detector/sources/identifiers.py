"""Names that a program took for numbers: `491710000001.0` is the number, `4.9171E+11` has lost its digits."""

import re
from collections.abc import Sequence

from detector.domain.finding import Findings

_DOUBLE = re.compile(r"(\d+)\.0+")
_WHOLE = re.compile(r"\d+")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
LIKE_NUMBERS = r"\d+\.0+|\d([.,]\d+)?[eE]\+\d+"
"""A regular expression (RE2) of names that a program may have taken for numbers."""
EXACT = 2**53
"""Beyond it a double does not hold every whole number."""


def as_identifiers(words: Sequence[str], column: str, file: str, findings: Findings, *, private: bool) -> list[str]:
    """The different texts of a column of names, "" for one that is none.

    Where the whole column is numbers and some end in .0, it was a column of doubles: the fraction is dropped, which is a
    finding. A number that was shortened (4.9171E+11), or is too large for a double to hold, cannot be made good.

    >>> as_identifiers(["491710000001.0", "7"], "subscriber_id", "a.csv", Findings(), private=True)
    ['491710000001', '7']
    >>> as_identifiers(["cell 1.0", "7.0"], "object_id", "a.csv", Findings(), private=False)
    ['cell 1.0', '7.0']
    """
    given = list(words)
    doubles = [i for i, word in enumerate(words) if _DOUBLE.fullmatch(word)]
    numbers = (
        all(_DOUBLE.fullmatch(w) or _WHOLE.fullmatch(w) or _SHORTENED.fullmatch(w) for w in words) if doubles else False
    )
    lost = {i for i, word in enumerate(words) if _SHORTENED.fullmatch(word)}
    if numbers:
        for i in doubles:
            given[i] = words[i].partition(".")[0]
        lost |= {i for i in doubles if int(given[i]) > EXACT}
        example = f"{column} {'' if private else words[doubles[0]][:40] + ' '}was written as a number with a fraction"
        findings.add("id_as_number", file, example, len(doubles))
    for i in sorted(lost):
        given[i] = ""
        example = f"{column} {'' if private else words[i][:40] + ' '}has lost its last digits: write it as text"
        findings.add("id_shortened", file, example)
    return given
