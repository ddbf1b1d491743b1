"""Fail on identifiers that use a word of the avoid list: `python .ci/words.py` (`make words`).

The list is the table "Words that names avoid" of docs/reference/glossary.md. Its first column says where a word is avoided:
`any` (every identifier that is defined here, split at underscores and capitals), `class` (the same, in names of classes) or
`module` (whole names of modules and packages). Identifiers are the names of modules, classes, functions, parameters,
variables, attributes, and of database tables and columns. Exit code 1 if one is found.
"""

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs/reference/glossary.md"
HEADING = "## Words that names avoid"
PACKAGES = ("detector", "jobs", "config", "tests", "benchmarks")
_ROW = re.compile(r"^\| *(any|class|module) *\|([^|]+)\|[^|]+\|([^|]*)\|$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_COLUMN_MAKERS = {"Table", "Column"} | {"text", "instant", "maybe_instant", "number", "real", "word", "json_list", "count"}
"""SQLAlchemy's, and those of detector/store/tables/columns.py."""


def avoided(text: str) -> tuple[dict[str, set[str]], set[str]]:
    """By kind of name the words that it avoids, and the identifiers that are allowed all the same. Raises SystemExit."""
    words: dict[str, set[str]] = {"any": set(), "class": set(), "module": set()}
    allowed: set[str] = set()
    for line in text.partition(HEADING)[2].splitlines():
        if row := _ROW.match(line):
            words[row[1]].update(re.findall(r"`([^`]+)`", row[2]))
            allowed.update(re.findall(r"`([^`]+)`", row[3]))
    if not words["any"]:
        raise SystemExit(f"precall: {GLOSSARY.relative_to(ROOT)}: no table under {HEADING!r}")
    return words, allowed


def names_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """(kind, identifier, line) of all that a module defines; kind is `class`, `module` or `any`."""
    for part in path.relative_to(ROOT).with_suffix("").parts:
        yield "module", part.removeprefix("test_"), 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 1)
        match node:
            case ast.ClassDef(name=name):
                yield "class", name, line
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield "any", name.removeprefix("test_") if not name.startswith("test_") else "", line
            case ast.arg(arg=name):
                yield "any", name, line
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield "any", name, line
            case ast.alias(asname=str(name)):
                yield "any", name, line
            case ast.Call(func=ast.Name(id=maker), args=[ast.Constant(value=str(name)), *_]) if _makes_column(path, maker):
                yield "any", name, line


def _makes_column(path: Path, maker: str) -> bool:
    return path.parent == ROOT / "detector/store/tables" and (maker in _COLUMN_MAKERS or maker.startswith("_"))


def found(path: Path, words: dict[str, set[str]], allowed: set[str]) -> Iterator[str]:
    for kind, name, line in names_of(path):
        if any(fnmatch(name, pattern) for pattern in allowed):
            continue
        parts = {part.lower() for part in _WORD.findall(name)}
        in_parts = words["any"] | (words["class"] if kind == "class" else set())
        whole = words["module"] if kind == "module" else set()
        for word in sorted((in_parts & parts) | (whole & {name.lower()})):
            yield f"{path.relative_to(ROOT)}:{line}: {kind if kind != 'any' else 'name'} {name!r} uses the word {word!r}"


def main() -> int:
    words, allowed = avoided(GLOSSARY.read_text(encoding="utf-8"))
    paths = (p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py")) if "versions" not in p.parts)
    lines = sorted({line for path in paths for line in found(path, words, allowed)})
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if lines:
        sys.stdout.write(f"{len(lines)} names use words that {GLOSSARY.relative_to(ROOT)} avoids\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
