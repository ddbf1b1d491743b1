"""What commands have in common: their options, the house they ask, a moment, a bar."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.domain.errors import Misconfigured
from jobs.progress import Moved, on

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings; the packaged config/precall.toml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
NOTHING_FOUND, TROUBLE, WRONG_USE = 0, 1, 2


def settings_of(config: Path | None) -> Any:
    from detector.settings import load

    return load(config)


def house_of(config: Path | None) -> Any:
    """Wired; a command opens and imports what it asks for, and nothing else."""
    from detector.app import wire

    return wire(settings_of(config))


def moment(text: str, option: str) -> int:
    """ISO 8601 to seconds; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misconfigured(f"'{text}' is no time", where=option, mend="write it as 2026-03-24T06:00Z") from error
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def span(text: str, option: str) -> int:
    """A length of time to seconds.

    >>> [span(text, "--judge") for text in ("24h", "90 min", "2d")]
    [86400, 5400, 172800]
    """
    found = re.fullmatch(r"(\d{1,4})\s*(min|h|d)", text.strip())
    if found is None or int(found[1]) == 0:
        raise Misconfigured(f"'{text}' is no length of time", where=option, mend="write it as 24h, 90min or 2d")
    return int(found[1]) * {"min": 60, "h": 3600, "d": 86_400}[found[2]]


def printed(config: Path | None, show: Callable[[Any], str]) -> None:
    """What the house says when asked."""
    house = house_of(config)
    try:
        typer.echo(show(house))
    finally:
        house.close()


def progress(what: str) -> AbstractContextManager[Moved]:
    """On standard error: a bar if that is a terminal, else a line now and then."""
    from rich.console import Console

    return on(Console(stderr=True))(what)
