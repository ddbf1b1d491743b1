"""Fail on identifiers and prose that use a word of the avoid list: `python .ci/words.py` (`make words`).

The list is the table "Words that names avoid" of docs/reference/glossary.md. Its first column is where a word is avoided:
`any` (every identifier that is defined here, split at underscores and capitals), `class` (the same, in names of classes),
`module` (whole names of modules and packages) or `text` (docstrings and comments of detector and jobs, pages of docs, and
names of tests). Identifiers are the names of modules, classes, functions, parameters, variables, attributes, of database
tables and columns, and of variables in doctests. In text, code in back-ticks and phrases in double quotes are left out.
Exit code 1 if one is found.
"""

import ast
import doctest
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs/reference/glossary.md"
HEADING = "## Words that names avoid"
PACKAGES = ("detector", "jobs", "config", "tests", "benchmarks")
PROSE = ("detector", "jobs")
_ROW = re.compile(r"^\| *(any|class|module|text) *\|([^|]+)\|[^|]+\|([^|]*)\|$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_QUOTED = re.compile(r"`[^`]*`|\"[^\"\n]*\"|\u201c[^\u201d]*\u201d|\]\([^)]*\)")
_PHRASE = re.compile(r"\w \w")
"""Of what is allowed all the same: only phrases are, in text."""
_BLOCK = re.compile(r"^```.*?^```", re.M | re.S)
_COLUMN_MAKERS = {"Table", "Column"} | {"text", "instant", "maybe_instant", "number", "real", "word", "json_list", "count"}
"""SQLAlchemy's, and those of detector/store/tables/columns.py."""


def avoided(text: str) -> tuple[dict[str, set[str]], set[str]]:
    """By kind of name the words that it avoids, and the identifiers that are allowed all the same. Raises SystemExit."""
    words: dict[str, set[str]] = {"any": set(), "class": set(), "module": set(), "text": set()}
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
                yield "test" if name.startswith("test_") else "any", name, line
            case ast.arg(arg=name):
                yield "any", name, line
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield "any", name, line
            case ast.alias(asname=str(name)):
                yield "any", name, line
            case ast.Call(func=ast.Name(id=maker), args=[ast.Constant(value=str(name)), *_]) if _makes_column(path, maker):
                yield "any", name, line


def doctest_names(text: str, line: int) -> Iterator[tuple[str, str, int]]:
    """The same of variables that the examples of a docstring assign; `line` is where the docstring begins."""
    for example in doctest.DocTestParser().get_examples(text):
        for node in ast.walk(ast.parse(example.source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield "any", node.id, line + example.lineno


def prose_of(path: Path) -> Iterator[tuple[str, int]]:
    """(text, line) of each docstring and comment of a module, or of each line of a page, without code blocks."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text.partition(HEADING)[0])
        yield from ((line, at) for at, line in enumerate(text.splitlines(), 1))
        return
    yield from docstrings(ast.parse(text))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]


def docstrings(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(text, line) of docstrings of modules, classes and functions, and of those of constants and fields."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text, node.lineno


def found_in_prose(path: Path, words: set[str], allowed: set[str]) -> Iterator[str]:
    phrases = re.compile("|".join(map(re.escape, sorted(filter(_PHRASE.search, allowed), key=len, reverse=True))) or r"(?!)")
    avoided_here = re.compile(rf"\b({'|'.join(map(re.escape, sorted(words)))})\b", re.I)
    for text, line in prose_of(path):
        examples = "".join(example.source + example.want for example in doctest.DocTestParser().get_examples(text))
        shown = [
            part
            for part in text.splitlines()
            if part.strip().removeprefix(">>>").removeprefix("...").strip() not in examples
        ]
        for hit in avoided_here.finditer(phrases.sub("", _QUOTED.sub("", "\n".join(shown)))):
            yield f"{path.relative_to(ROOT)}:{line}: text uses the word {hit[0]!r}"


def _makes_column(path: Path, maker: str) -> bool:
    return path.parent == ROOT / "detector/store/tables" and (maker in _COLUMN_MAKERS or maker.startswith("_"))


def found(path: Path, words: dict[str, set[str]], allowed: set[str]) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    examples = (name for text, line in docstrings(tree) for name in doctest_names(text, line))
    for kind, name, line in (*names_of(path), *examples):
        if any(fnmatch(name, pattern) for pattern in allowed):
            continue
        parts = {part.lower() for part in _WORD.findall(name)}
        in_parts = words["text" if kind == "test" else "any"] | (words["class"] if kind == "class" else set())
        whole = words["module"] if kind == "module" else set()
        for word in sorted((in_parts & parts) | (whole & {name.lower()})):
            yield f"{path.relative_to(ROOT)}:{line}: {kind if kind != 'any' else 'name'} {name!r} uses the word {word!r}"


def main() -> int:
    words, allowed = avoided(GLOSSARY.read_text(encoding="utf-8"))
    paths = (p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py")) if "versions" not in p.parts)
    lines = {line for path in paths for line in found(path, words, allowed)}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    modules = [p for package in PROSE for p in (ROOT / package).rglob("*.py") if "versions" not in p.parts]
    lines |= {line for path in [*modules, *pages] for line in found_in_prose(path, words["text"], allowed)}
    sys.stdout.write("".join(f"{line}\n" for line in sorted(lines)))
    if lines:
        sys.stdout.write(f"{len(lines)} names and texts use words that {GLOSSARY.relative_to(ROOT)} avoids\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
