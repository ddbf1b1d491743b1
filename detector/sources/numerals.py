"""How a table writes its numbers: the decimal and the thousands separator."""

from collections.abc import Mapping
from dataclasses import dataclass

_SIGN = "[+-]?"
_GROUPS = _SIGN + r"[1-9]\d{0,2}(,\d{3})+"
_POINT_GROUPS = _SIGN + r"[1-9]\d{0,2}(\.\d{3})+"
_SPACES = r"[ \x{00a0}\x{2007}\x{202f}\x{2019}'´`]"
_SPACED = _SIGN + rf"[1-9]\d{{0,2}}({_SPACES}\d{{3}})+"
KINDS = {
    "comma_decimal": rf"{_SIGN}\d+,\d+([eE][+-]?\d+)?|({_POINT_GROUPS}|{_SPACED}),\d+",
    "comma_thousands": rf"{_SIGN}[1-9]\d{{0,2}}(,\d{{3}}){{2,}}|{_GROUPS}\.\d+",
    "comma_either": rf"{_SIGN}[1-9]\d{{0,2}},\d{{3}}",
    "point_decimal": rf"{_SIGN}\d*\.\d+([eE][+-]?\d+)?|({_GROUPS}|{_SPACED})\.\d+",
    "point_thousands": rf"{_SIGN}[1-9]\d{{0,2}}(\.\d{{3}}){{2,}}|{_POINT_GROUPS},\d+",
    "point_either": rf"{_SIGN}[1-9]\d{{0,2}}\.\d{{3}}",
    "spaced": rf"{_SPACED}([.,]\d+)?",
}
"""Regular expressions (RE2) of texts that show a convention; those of `either` are among the decimals, too."""


@dataclass(frozen=True)
class Numerals:
    """`comma` and `point`: "decimal", "thousands", or "" where the table does not show it; `spaced`: spaces in thousands."""

    comma: str = ""
    point: str = "decimal"
    spaced: bool = False

    @classmethod
    def of(cls, counts: Mapping[str, int], *, semicolon: bool = False) -> "Numerals":
        """By how many texts are of each of KINDS. `1,600` is 1.6 or 1600: the other numbers of the table decide. Between
        semicolons, which spare the comma for decimals, so is `1.600`.

        >>> counts = dict.fromkeys(KINDS, 0)
        >>> Numerals.of(counts | {"comma_decimal": 1, "point_either": 1, "point_decimal": 1})  # 0,5 and 1.600
        Numerals(comma='decimal', point='thousands', spaced=False)
        >>> Numerals.of(counts | {"comma_decimal": 1, "comma_either": 1})  # 1,600 alone
        Numerals(comma='', point='decimal', spaced=False)
        >>> Numerals.of(counts | {"point_decimal": 9})  # 900.0 is no evidence of commas
        Numerals(comma='', point='decimal', spaced=False)
        """
        comma = counts["comma_decimal"] > counts["comma_either"] or counts["point_thousands"] > 0
        point = counts["point_decimal"] > counts["point_either"] or counts["comma_thousands"] > 0
        spaced = counts["spaced"] > 0
        if comma:
            return cls("", "decimal", spaced) if point else cls("decimal", "thousands", spaced)
        if point and counts["comma_decimal"] + counts["comma_thousands"]:
            return cls("thousands", "decimal", spaced)
        return cls("", "" if semicolon and counts["point_either"] and not point else "decimal", spaced)

    @property
    def words(self) -> list[str]:
        """What differs from the plain form."""
        signs = {"decimal": ["decimal comma"], "thousands": ["comma between thousands"]}.get(self.comma, [])
        return signs + ["space between thousands"] * self.spaced

    def sql(self, text: str) -> str:
        """An expression for the number in this text (an SQL expression), NULL where it is none."""
        decimal, group = (",", ".") if self.comma == "decimal" else (".", ",")
        grouped = [f"{_POINT_GROUPS if group == '.' else _GROUPS}([{decimal}]\\d+)?"] if self.comma else []
        grouped += [KINDS["comma_decimal"]] if self.comma == "decimal" else []
        bare = text
        if self.spaced:
            grouped.append(f"{_SPACED}([{decimal}]\\d+)?")
            bare = f"regexp_replace({text}, '{_quoted(_SPACES)}', '', 'g')"
        bare = f"replace(replace({bare}, '{group}', ''), '{decimal}', '.')"
        plain = f"CASE WHEN contains({text}, '_') THEN NULL ELSE TRY_CAST({text} AS DOUBLE) END"  # DuckDB reads 1_000
        cases = [f"WHEN {_full(text, pattern)} THEN TRY_CAST({bare} AS DOUBLE)" for pattern in grouped]
        if not self.point:
            cases.append(f"WHEN {_full(text, KINDS['point_either'])} THEN NULL")
        return f"CASE {' '.join(cases)} ELSE {plain} END" if cases else plain


def counts_sql(text: str) -> str:
    """Expressions (SQL) that count the texts of each of KINDS."""
    return ", ".join(f"count(*) FILTER ({_full(text, pattern)})" for pattern in KINDS.values())


def is_either(text: str) -> str:
    """An expression (SQL): whether the sign in this text could stand before decimals or between thousands."""
    return f"({_full(text, KINDS['comma_either'])} OR {_full(text, KINDS['point_either'])})"


def _full(text: str, pattern: str) -> str:
    return f"coalesce(regexp_full_match({text}, '{_quoted(pattern)}'), false)"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
