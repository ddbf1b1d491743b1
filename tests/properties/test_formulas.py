"""Formulas are arithmetic over counters, agree with arithmetic, and are nothing else whatever is written."""

import ast
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain.errors import Misconfigured
from detector.kpis import compile_formula

NAMES = ("RRC.ConnEstabAtt", "Users_2", "'L.E-RAB.AbnormRel'", "'ERAB.RelActNbr.1'")
LEAVES = st.sampled_from(NAMES) | st.integers(0, 1000).map(str)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner) | inner.map("(-{})".format),
    max_leaves=12,
)
COUNTS = st.floats(-1e6, 1e6, allow_nan=False) | st.just(float("nan"))

REFUSED = [
    "",
    "()",
    "a b",
    "a,",
    "a;b",
    "a#b",
    "a\\b",
    "a == b",
    "a < b",
    "a and b",
    "not a",
    "a if b else c",
    "a ** b",
    "a // b",
    "a % b",
    "a @ b",
    "a << b",
    "~a",
    "+a",
    "a := 1",
    "[a]",
    "{a}",
    "{a: 1}",
    "a[0]",
    "f(a)",
    "a.b()",
    "(a+b).c",
    "'a'.b",
    "lambda: a",
    "lambda: 0",
    "yield",
    "await a",
    "*a",
    "True",
    "None",
    "...",
    "1j",
    "1e999",
    "9" * 400,
    "b'a'",
    "f'{a}'",
    "u'a'",
    "'a' 'b'",
    "'a'b",
    "'a",
    '"a"',
    "'''a'''",
    "print(1)",
    "__import__('os')",
    "exec('1')",
    "ａ",
    "a\x00",
    "if",
    "import os",
    "9**9**9**9",
    "a" * 1001,
    "(" * 400 + "a" + ")" * 400,
    "-" * 900 + "a",
    "+".join("a" * 200),
    "*".join("a" * 40),
]


@pytest.mark.parametrize("text", REFUSED, ids=[repr(t[:16]) for t in REFUSED])
def test_what_is_no_arithmetic_is_refused_in_one_line_that_names_the_kpi(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        compile_formula(text, where="kpis.toml: kpis.x.numerator")
    assert str(refused.value).startswith("kpis.toml: kpis.x.numerator: formula ")
    assert "; " in str(refused.value)
    assert len(str(refused.value)) < 300


@settings(deadline=None)
@given(TREES, st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=5))
def test_it_agrees_with_arithmetic_element_by_element(text: str, rows: list[tuple[float, ...]]) -> None:
    formula = compile_formula(text)
    columns = {name.strip("'"): np.array([row[i] for row in rows]) for i, name in enumerate(NAMES)}
    got = np.broadcast_to(formula.evaluate(columns), (len(rows),))
    for i, row in enumerate(rows):
        assert got[i] == pytest.approx(_by_hand(text, row), nan_ok=True, rel=1e-9, abs=1e-9)


def _by_hand(text: str, row: tuple[float, ...]) -> float:
    """Python's own arithmetic on the same text, with NaN for a division by nothing."""
    for i, name in enumerate(NAMES):
        text = text.replace(name, f"x{i}")
    try:
        value = eval(text, {f"x{i}": v for i, v in enumerate(row)})
    except (ZeroDivisionError, OverflowError):
        return float("nan")
    return float(value) if np.isfinite(value) else float("nan")


@given(st.text(alphabet="ab.'+-*/() 19eE_#,[]{}:=<>\"\\\n\x00λif", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_either_refused_or_gives_a_number(text: str) -> None:
    try:
        formula = compile_formula(text)
    except Misconfigured:
        return
    with_counters = formula.evaluate(dict.fromkeys(formula.names, 2.0))
    assert with_counters.dtype == np.float64
    allowed = (
        ast.Expression,
        ast.BinOp,
        ast.UnaryOp,
        ast.Constant,
        ast.Name,
        ast.Attribute,
        ast.Load,
        ast.operator,
        ast.USub,
    )
    assert all(isinstance(node, allowed) for node in ast.walk(ast.parse(f"({text.strip()})", mode="eval")))


def test_nothing_is_executed_while_compiling_or_evaluating() -> None:
    seen: list[str] = []
    armed = True
    sys.addaudithook(lambda event, _: seen.append(event) if armed and event in {"exec", "import", "open"} else None)
    with pytest.raises(Misconfigured):
        compile_formula("__import__('antigravity').x")
    compile_formula("a / 'b c'").evaluate({"a": 1.0, "b c": 2.0})
    armed = False
    assert seen == []


def test_missing_stays_missing_and_nothing_divides_by_nothing() -> None:
    value = compile_formula("a / b + 0 * c").evaluate(
        {"a": np.array([1.0, 1.0, np.nan]), "b": np.array([0.0, 2.0, 2.0]), "c": 1.0}
    )
    assert value == pytest.approx([np.nan, 0.5, np.nan], nan_ok=True)
    assert np.isnan(compile_formula("a + b").evaluate({"a": 1.0}))
