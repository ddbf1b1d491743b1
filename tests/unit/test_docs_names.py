"""Pages name modules, classes and functions as they are called in the code."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NAMED = (ROOT / "docs/explanation/architecture.md", ROOT / "docs/reference/glossary.md")
"""Pages of which every class, constant and function is looked up, not only paths."""
PLACEHOLDER = re.compile(r"NAME|\*|<")
SPOKEN = re.compile(r"`([^`\n]+)`")
FOREIGN = {"IANA", "ASCII", "NULL", "LTE"}


def spoken(page: Path) -> list[str]:
    """What stands in back-ticks on the page, code blocks and the table of words to avoid left out."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S).partition("## Words that names avoid")[0]
    return [name for name in SPOKEN.findall(text) if not PLACEHOLDER.search(name)]


@cache
def defined() -> frozenset[str]:
    """Names of classes and of constants of modules."""
    names: set[str] = set()
    for package in ("detector", "jobs"):
        for path in (ROOT / package).rglob("*.py"):
            body = ast.parse(path.read_text(encoding="utf-8"))
            names |= {node.name for node in ast.walk(body) if isinstance(node, ast.ClassDef)}
            names |= {node.id for node in ast.walk(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(names)


def resolves(dotted: str) -> bool:
    """Whether `incidents.correlate` or `domain.incident.TRANSITIONS` is an attribute of that module of `detector`."""
    parts = dotted.removeprefix("detector.").split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["detector", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    paths = [name for name in spoken(page) if re.fullmatch(r"(detector|jobs|config|tests|benchmarks)(/[\w.-]+)+/?", name)]
    assert [name for name in paths if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", NAMED, ids=lambda p: p.stem)
def test_every_class_function_and_constant_that_a_page_names_exists(page: Path) -> None:
    names = spoken(page)
    modules = {p.stem for p in (ROOT / "detector").iterdir() if p.suffix == ".py" or p.is_dir()}
    dotted = [
        n
        for n in names
        if re.fullmatch(r"(detector\.)?(\w+)(\.\w+)+", n) and n.removeprefix("detector.").split(".")[0] in modules
    ]
    bare = [n for n in names if re.fullmatch(r"[A-Z]\w*[a-z]\w*|[A-Z][A-Z_]{3,}", n) and n not in FOREIGN]
    assert [n for n in dotted if not n.endswith((".py", ".toml")) and not resolves(n)] == []
    assert [n for n in bare if n not in defined()] == []
