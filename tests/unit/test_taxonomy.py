"""What a kind means stands once: who else asks for a kind by its name is found here.

`python -m tests.unit.test_taxonomy` lists the modules of `detector` and `jobs` that branch on a kind.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detector.domain.degradation import SEVERITIES
from detector.domain.degradation_kind import DEGRADATION_KINDS, gravest_kind
from detector.domain.experience import HARMS
from detector.domain.kpi import FAMILIES, KPI_KINDS

ROOT = Path(__file__).parents[2]
OF_A_DEGRADATION = {"detector/domain/degradation_kind.py", "detector/degradations/kinds.py"}
"""Where a kind of degradation is defined, and where it is found."""
OF_A_KPI = {"detector/domain/kpi.py", "detector/scoring/registry.py"}
"""Where a kind of KPI is defined, and where it gets its scorer."""
FAULTS = "detector/simulator/"
"""The simulator's kinds of faults are a vocabulary of their own, though some are called alike."""
CONSTANTS = {kind.name.upper() for kind in DEGRADATION_KINDS.values()}
DEGRADATIONS = frozenset(DEGRADATION_KINDS)
ONLY_DEGRADATIONS = DEGRADATIONS - FAMILIES.keys()
KPIS = frozenset(KPI_KINDS)
ONLY_KPIS = frozenset({"ratio", "display"})
"""Other kinds of KPIs are also words for counters, receivers, statistics."""


def texts(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def choices(tree: ast.AST, kinds: frozenset[str], only: frozenset[str], noun: str) -> Iterator[int]:
    """Lines that choose by the name of a kind: a comparison with `kind`, a case, a table, a group of names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            said, source = texts(node), ast.unparse(node)
            if "kind" in source and (said & only or (said & kinds and f"{noun}.kind" in source)):
                yield node.lineno
        elif isinstance(node, ast.MatchValue) and texts(node) & only:
            yield node.value.lineno
        elif isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if keys & only and keys <= kinds:
                yield node.lineno
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            items = {item.value for item in node.elts if isinstance(item, ast.Constant)}
            if items & only and items <= kinds:
                yield node.lineno


def named(tree: ast.AST) -> Iterator[int]:
    """Lines that import or define a kind of degradation as a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "detector.domain.degradation_kind":
            yield from (node.lineno for alias in node.names if alias.name in CONSTANTS)
        elif isinstance(node, ast.Assign):
            yield from (node.lineno for target in node.targets if isinstance(target, ast.Name) and target.id in CONSTANTS)


def of_degradations(tree: ast.AST) -> set[int]:
    return {*choices(tree, DEGRADATIONS, ONLY_DEGRADATIONS, "d"), *named(tree)}


def of_kpis(tree: ast.AST) -> set[int]:
    defined = (
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "KpiKind"
    )
    return {*choices(tree, KPIS, ONLY_KPIS, "kpi"), *defined}


def branching(found_in: Callable[[ast.AST], set[int]]) -> dict[str, list[int]]:
    """Module -> the lines in which it branches on a kind."""
    found = {}
    for path in sorted([*(ROOT / "detector").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(FAULTS) and (lines := found_in(ast.parse(path.read_text(encoding="utf-8")))):
            found[name] = sorted(lines)
    return found


@pytest.mark.parametrize(("found_in", "allowed"), [(of_degradations, OF_A_DEGRADATION), (of_kpis, OF_A_KPI)])
def test_only_those_who_define_or_find_a_kind_ask_for_its_name(
    found_in: Callable[[ast.AST], set[int]], allowed: set[str]
) -> None:
    found = branching(found_in)
    assert found.keys() == allowed, {name: lines for name, lines in found.items() if name not in allowed}


@pytest.mark.parametrize(
    "text",
    [
        "gone = degradation.kind == 'outage'",
        "gone = d.kind in ('core',)",
        "WORST = ('outage', 'sleeping')",
        "TITLES = {'drift': 'Slow', 'core': 'Core'}",
        "match kind:\n    case 'congestion':\n        pass",
        "from detector.domain.degradation_kind import OUTAGE",
    ],
)
def test_a_branch_on_a_degradation_is_found(text: str) -> None:
    assert of_degradations(ast.parse(text))


@pytest.mark.parametrize("text", ["if kpi.kind == 'volume':\n    pass", "SHARP = {'ratio': 5.0, 'mean': 1.5}"])
def test_a_branch_on_a_kpi_is_found(text: str) -> None:
    assert of_kpis(ast.parse(text))


@pytest.mark.parametrize("text", ["at = '/v1/outage'", "FORMATS = {'rate': 1}", "title = d.traits.title"])
def test_what_is_no_branch_is_not(text: str) -> None:
    assert not of_degradations(ast.parse(text))
    assert not of_kpis(ast.parse(text))


def test_every_kind_defines_all_its_traits() -> None:
    titles = [kind.title for kind in DEGRADATION_KINDS.values()]
    assert len(set(titles)) == len(titles)
    assert {kind.harm for kind in DEGRADATION_KINDS.values()} <= {*HARMS, None}
    assert all(kind.harm is not None or kind.trend for kind in DEGRADATION_KINDS.values())
    assert sorted(kind.rank for kind in DEGRADATION_KINDS.values()) == list(range(len(DEGRADATION_KINDS)))
    assert gravest_kind(DEGRADATION_KINDS) == "core"
    assert {kind.name for kind in DEGRADATION_KINDS.values() if kind.out_of_service} == {"outage", "sleeping"}


def test_the_public_names_stay() -> None:
    """CONTRACTS.md sections 2 and 4."""
    assert set(KPI_KINDS) == {"ratio", "rate", "mean", "gauge", "state", "volume", "display"}
    assert set(DEGRADATION_KINDS) == {
        *("outage", "sleeping", "accessibility", "retainability", "mobility", "integrity", "drift", "congestion", "core"),
        "no_data",
    }
    assert SEVERITIES == ("warning", "minor", "major", "critical")


if __name__ == "__main__":
    for title, found_in in (("kind of a degradation", of_degradations), ("kind of a KPI", of_kpis)):
        found = branching(found_in)
        print(f"{title}: {len(found)} modules")
        print(*(f"  {name}: lines {', '.join(map(str, lines))}" for name, lines in found.items()), sep="\n")
