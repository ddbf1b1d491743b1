"""Values that nobody means; and every option and every setting that there is, found by looking."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel
from typer.main import get_command

from detector.settings import Settings
from jobs.cli import app

ODD = (
    "",
    " ",
    "\u00a0",
    "-1",
    "-900",
    "0",
    "00",
    "1",
    "1.5",
    "1e3",
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "9" * 20,
    "9" * 5000,
    "0x10",
    "true",
    "null",
    "[]",
    "{}",
    "[[",
    '{"a":',
    '["a", 1]',
    '[{"name": "a"}]',
    "\ud800",
    "\udcff",
    "a\x00b",
    "a\nb",
    "a\tb",
    "\x1b[31m",
    "\u202eabc",
    "ä€\U0001f4a5",
    "e\u0301",
    "'; drop table incident; --",
    "%s{0}$(id)`id`",
    "*",
    "--",
    "--help",
    "-x",
    "open ",
    "OPEN",
    "A" * 5000,
    "/dev/null",
    "/proc/none/x",
    "/dev/full",
    "my.toml",
    "no/such/file",
    "2026-02-30",
    "2026-03-24T25:00Z",
    "20260324",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-W13-2",
    "1969-12-31T23:59Z",
    "21:00",
    "25:00",
    "::1",
    "[::1]",
    "127.0.0.1",
    "256.1.1.1",
    "care..example",
    "https://care.example/hook",
    "http://a b/",
    "postgresql://x@127.0.0.1:1/y",
    "sqlite:///",
    "sqlite://",
    "mysql://a/b",
    "whsec_",
    "5 min",
    "PT5M",
)
"""None of them a path outside the folder of the test: commands write where they are told."""
SMALL = {"config": "my.toml", "seconds": "0", "cells": "6", "days": "1"}
"""Options that are always given: what keeps a command inside the folder, and short."""
GOOD = {"subscriber": "49", "name": "pull", "dataset": "set", "out": "out", "what": "list", "incident": "inc_1"}
"""What a required argument may be, by its name; of others that come one day, any word."""


@dataclass(frozen=True)
class Parameter:
    """An option or argument of a command; `flag` takes no value."""

    command: str
    name: str
    option: str
    flag: bool
    required: bool

    def words(self, value: str) -> list[str]:
        """As it is written on a command line; arguments come after `--`, so that any word may be one."""
        return [self.option, value] if self.option else ["--", value]


def parameters() -> dict[str, list[Parameter]]:
    """Command -> its parameters, from the commands themselves."""
    group: Any = get_command(app)
    return {name: [_parameter(name, one) for one in command.params] for name, command in group.commands.items()}


def _parameter(command: str, one: Any) -> Parameter:
    option = max(one.opts, key=len) if one.param_type_name == "option" else ""
    return Parameter(command, str(one.name), option, bool(getattr(one, "is_flag", False)), bool(one.required))


def line_of(command: str, changed: Parameter | None = None, value: str = "") -> list[str]:
    """A whole command line with everything that is required; `changed` has this value."""
    options, arguments = [], []
    for one in parameters()[command]:
        if one == changed:
            given = value
        elif one.required:
            given = GOOD.get(one.name, "x")
        elif one.name in SMALL:
            given = SMALL[one.name]
        else:
            continue
        if one.option:
            options += [one.option] if one.flag else [one.option, given]
        else:
            arguments.append(given)
    return [command, *options, *(["--", *arguments] if arguments else [])]


def settings_keys() -> Iterator[tuple[str, ...]]:
    """(section,), (section, key) and deeper, of everything that the settings know."""
    for section, field in Settings.model_fields.items():
        yield (section,)
        yield from _keys_below(field.annotation, (section,))


def _keys_below(kind: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        inner = {name: field.annotation for name, field in kind.model_fields.items()}
    elif is_dataclass(kind):
        types = get_type_hints(kind)
        inner = {field.name: types[field.name] for field in fields(kind)}
    else:
        return
    for name, annotation in inner.items():
        yield (*above, name)
        yield from _keys_below(annotation, (*above, name))


def variable(key: tuple[str, ...]) -> str:
    return "PRECALL_" + "__".join(key).upper()


def write_place(root: Path) -> None:
    """A folder with a configuration that keeps everything inside it, an inbox and an operator dataset without counters."""
    (root / "my.toml").write_text('[sources]\npath = "inbox"\n[web]\nport = 0\n[storage]\npath = "var"\n', encoding="utf-8")
    for folder in ("inbox", "set"):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "cells.csv").write_text("cell_id,technology\nc1,LTE\n", encoding="utf-8")
