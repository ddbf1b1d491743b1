"""Arithmetic over counter names, and nothing else: an allow-list over Python's `ast`, evaluated by numpy."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.domain.errors import Misconfigured

Values = NDArray[np.float64]
MAX_CHARACTERS, MAX_PARTS, MAX_DEPTH = 1000, 120, 30
MEND = "use counter names, numbers, + - * / and parentheses; put a name that is no dotted identifier in single quotes"
_QUOTED = re.compile(r"'[^'\\\n]{1,160}'")
_PLAIN = re.compile(r"[A-Za-z0-9_.+\-*/() \t\n\"]*")
_GLUED = re.compile(r'[\w.]"|"\s*[\w."]')
_OPERATORS: Mapping[type[ast.operator], Callable[[Values, Values], Values]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Formula:
    """A checked formula; `names` are the counter stems it needs, in order of appearance."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr = field(repr=False, compare=False)

    def evaluate(self, counters: Mapping[str, Values | float]) -> Values:
        """Element by element over arrays of one shape; NaN where an input is missing, unknown, or divided by 0.

        >>> counters = {"Good": np.array([8.0, 1.0, np.nan]), "L.E-RAB.More": 1.0, "Att": np.array([10.0, 0.0, 5.0])}
        >>> compile_formula("(Good + 'L.E-RAB.More') / Att").evaluate(counters)
        array([0.9, nan, nan])
        """
        with np.errstate(all="ignore"):
            result = _value(self._tree, counters)
        return np.where(np.isfinite(result), result, np.nan)


def compile_formula(text: str, where: str = "formula") -> Formula:
    """Check a formula once; raises Misconfigured naming `where` and the mend. It is parsed, never executed.

    >>> compile_formula("RRC.ConnEstabSucc / 'ERAB.RelActNbr.1' * -2").names
    ('RRC.ConnEstabSucc', 'ERAB.RelActNbr.1')
    >>> compile_formula("__import__('os').remove('x')", where="kpis.toml: kpis.x.numerator")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    detector.domain.errors.Misconfigured: kpis.toml: kpis.x.numerator: formula has a call, which is no arithmetic; use ...
    """
    if len(text) > MAX_CHARACTERS:
        raise Misconfigured(f"formula of {len(text)} characters", where=where, mend=f"stay under {MAX_CHARACTERS}")
    outline = _QUOTED.sub('"', text.replace('"', "\\"))
    if not text.isascii() or not _PLAIN.fullmatch(outline) or _GLUED.search(outline):
        raise Misconfigured(f"formula {text[:60]!r} is no arithmetic", where=where, mend=MEND)
    try:
        tree = ast.parse(f"({text.strip()})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Misconfigured(f"formula {text[:60]!r} cannot be read", where=where, mend=MEND) from error
    names: dict[str, None] = {}
    try:
        parts = _check(tree, names, 0)
    except ValueError as refused:
        raise Misconfigured(f"formula has {refused}", where=where, mend=MEND) from refused
    if parts > MAX_PARTS:
        raise Misconfigured(f"formula of {parts} parts", where=where, mend=f"stay under {MAX_PARTS}")
    return Formula(" ".join(text.split()), tuple(names), tree)


def _check(node: ast.expr, names: dict[str, None], depth: int) -> int:
    """Number of parts below `node`, its names collected; ValueError names what is not allowed."""
    if depth > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} levels")
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return 1 + _check(left, names, depth + 1) + _check(right, names, depth + 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return 1 + _check(operand, names, depth + 1)
        case ast.Constant(value=bool()):
            raise ValueError("a truth value, which is no arithmetic")
        case ast.Constant(value=int() | float() as number) if abs(number) < 1e15:
            return 1
    name = _name(node)
    if not name:
        raise ValueError(f"{_WORDS.get(type(node), 'a part')}, which is no arithmetic")
    names[name] = None
    return 1


_WORDS: Mapping[type[ast.expr], str] = {
    ast.Call: "a call",
    ast.Constant: "a number too large or no number",
    ast.BinOp: "an operator other than + - * /",
    ast.BoolOp: "a condition",
    ast.IfExp: "a condition",
    ast.Tuple: "an empty pair of parentheses",
}


def _name(node: ast.expr) -> str:
    """`RRC.ConnEstabAtt` or a quoted name; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str() as name):
            return name.strip()
        case ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=last):
            before = _name(owner)
            return f"{before}.{last}" if before else ""
    return ""


def _value(node: ast.expr, counters: Mapping[str, Values | float]) -> Values:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, counters), _value(right, counters))
        case ast.UnaryOp(operand=operand):
            return -_value(operand, counters)
        case ast.Constant(value=int() | float() as number):
            return np.asarray(number, np.float64)
    return np.asarray(counters.get(_name(node), np.nan), np.float64)
