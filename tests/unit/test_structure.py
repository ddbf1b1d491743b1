"""The shape of the code, held: `python -m tests.unit.test_structure` prints the figures."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(p for package in ("detector", "jobs") for p in (ROOT / package).rglob("*.py") if "versions" not in p.parts)
MOST_PARAMETERS = 7
MOST_POSITIONAL = 6
MOST_FIELDS = 6
"""Of a dataclass that may be built by position."""
MOST_LINES = 300
MOST_FUNCTION_LINES = 45
"""Without the docstring."""
PIPELINE_LINES = 80
COLUMNS = {"Table"}
"""Takes a column after the other: the form of SQLAlchemy itself."""
LONG_FUNCTIONS = {
    "detector/telemetry.py __init__": "a line for each metric",
    "detector/web/pages.py page_routes": "a nested function for each page of one router",
}
BUILT_IN_SEVERAL = {
    "Alert": "of an incident, of a feed, and read back from the outbox",
    "Case": "of a person, of an account",
    "Cell": "read from a table, simulated",
    "CounterBatch": "each reader of counters makes its own",
    "Degradation": "of a deviation, of missing data",
    "Impact": "assessed, read back from the store",
    "Incident": "opened, and an example for the dry run of rules",
    "Kpi": "read from the catalogue; silence is counted from frames",
    "KpiFrame": "arrays: computed, pooled, cut, read back",
    "Measured": "two classes: of people, of a shown KPI",
    "MobilityProfile": "arrays: learned, cut to some people",
    "Presence": "arrays: read, simulated, cut, read back",
    "Sample": "arrays: of a tick, of a history, of a band",
    "Summary": "two classes: of the simulator, of a page",
}
"""Large nouns that are written out field by field in more than one module, and why."""
LONGER: set[str] = set()
"""Modules that are longer than others because they are one idea."""

ORIGIN = re.compile(
    r"Chosen|Measured|Definition|\bdouble|\b(TS|RFC|CONTRACTS|IANA|APPNOTE|SQLite|NAME_MAX)\b|X\.\d|\w\(\d\)|\b(18|19|20)\d\d\b"
)
"""What the docstring of a constant says of where its value comes from: a reason, a clause, a page of a manual, a year."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def parameters(tree: ast.AST) -> Iterator[str]:
    """Functions with too many parameters, `self` and `cls` not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(own) - (own[:1] in (["self"], ["cls"]))
            if count > MOST_PARAMETERS:
                yield f"line {node.lineno}: {node.name} takes {count} parameters"


def positional(tree: ast.AST) -> Iterator[str]:
    """Calls whose reader has to count arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL and ast.unparse(node.func) not in COLUMNS:
            yield f"line {node.lineno}: {ast.unparse(node.func)} gets {len(node.args)} arguments by position"


def large_nouns(tree: ast.AST) -> Iterator[str]:
    """Dataclasses of many fields that may be built by position."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        fields = [s for s in node.body if isinstance(s, ast.AnnAssign) and "ClassVar" not in ast.unparse(s.annotation)]
        decorators = [ast.unparse(d) for d in node.decorator_list if ast.unparse(d).startswith("dataclass")]
        if decorators and len(fields) > MOST_FIELDS and "kw_only=True" not in decorators[0]:
            yield f"line {node.lineno}: {node.name} has {len(fields)} fields and is not keyword-only"


def large_dataclasses(tree: ast.AST) -> Iterator[str]:
    """Names of the dataclasses of many fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(d).startswith("dataclass") for d in node.decorator_list):
            fields = [s for s in node.body if isinstance(s, ast.AnnAssign) and "ClassVar" not in ast.unparse(s.annotation)]
            if len(fields) > MOST_FIELDS:
                yield node.name


def written_out(tree: ast.AST) -> Iterator[str]:
    """Names of what is called with many keyword arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.keywords) > MOST_FIELDS:
            yield ast.unparse(node.func).rpartition(".")[2]


def long_functions(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) is not None else 0
            if node.end_lineno - node.lineno + 1 - documented > MOST_FUNCTION_LINES:
                yield node.name


def constants_without_origin(tree: ast.Module) -> Iterator[str]:
    """Numbers of a module whose docstring does not say where they come from."""
    for node, after in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        parts = [part for part in ast.walk(node.value) if isinstance(part, ast.expr)]
        numbers = [part for part in parts if isinstance(part, ast.Constant) and type(part.value) in (int, float)]
        sums = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.Name, ast.Attribute)
        if not numbers or not all(isinstance(part, sums) for part in parts):
            continue
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        if not ORIGIN.search(str(text)):
            name = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield f"line {node.lineno}: {ast.unparse(name)} does not say where its value comes from"


FAULTS = {
    "parameters": parameters,
    "positional": positional,
    "large nouns": large_nouns,
    "constants without origin": constants_without_origin,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_signatures_calls_and_nouns_can_be_read(kind: str) -> None:
    assert [f"{name_of(path)} {fault}" for path in MODULES for fault in FAULTS[kind](tree_of(path))] == []


def test_the_pipeline_reads_on_one_screen() -> None:
    assert len((ROOT / "detector/pipeline.py").read_text(encoding="utf-8").splitlines()) <= PIPELINE_LINES


def test_a_module_is_as_long_as_its_idea() -> None:
    long = {name_of(path) for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES}
    assert long == LONGER


def test_a_function_is_read_without_scrolling() -> None:
    assert {f"{name_of(path)} {name}" for path in MODULES for name in long_functions(tree_of(path))} == set(LONG_FUNCTIONS)


def test_a_large_noun_is_written_out_in_one_module() -> None:
    """Elsewhere it is handed on whole, or changed with `replace`."""
    trees = {name_of(path): tree_of(path) for path in MODULES}
    large = {name for tree in trees.values() for name in large_dataclasses(tree)}
    modules: dict[str, set[str]] = {name: set() for name in large}
    for path, tree in trees.items():
        for name in large.intersection(written_out(tree)):
            modules[name].add(path)
    assert {name for name, where in modules.items() if len(where) > 1} == set(BUILT_IN_SEVERAL)


def test_the_formatter_lays_out_everything() -> None:
    mark = "fmt: " + "skip"
    paths = [p for package in ("detector", "jobs", "tests", "benchmarks") for p in (ROOT / package).rglob("*.py")]
    assert [name_of(p) for p in paths if mark in p.read_text(encoding="utf-8")] == []


if __name__ == "__main__":
    for title, find in FAULTS.items():
        sys.stdout.write(f"{title}: {sum(len(list(find(tree_of(path)))) for path in MODULES)}\n")
    sys.stdout.write(f"pipeline.py: {len((ROOT / 'detector/pipeline.py').read_text(encoding='utf-8').splitlines())} lines\n")
