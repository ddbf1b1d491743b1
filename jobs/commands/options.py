"""What commands have in common: their options, the house they ask, a moment, a bar."""

import difflib
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.domain.errors import Misconfigured

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings; the packaged config/precall.toml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
NOTHING_FOUND, TROUBLE, WRONG_USE = 0, 1, 2


def settings_of(config: Path | None) -> Any:
    from detector.settings import load

    return load(config)


def house_of(config: Path | None) -> Any:
    from detector.app import open_house

    return open_house(settings_of(config))


_ERA = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""Times of data lie between these: nothing was measured before the first, and nothing is known of the second."""


def moment(text: str, option: str) -> int:
    """ISO 8601 to seconds; without an offset it is UTC. Misconfigured for anything else, and for other centuries."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Misconfigured(f"'{text[:60]}' is no time", where=option, mend="write it as 2026-03-24T06:00Z") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _ERA[0] <= at < _ERA[1]:
        raise Misconfigured(f"'{text[:60]}' is out of range", where=option, mend="a time from 1970 to 2099")
    return int(at.timestamp())


def between(from_: str, to: str) -> tuple[int | None, int | None]:
    """--from and --to in s, None where one is not given. Misconfigured if the one is not before the other."""
    begin = moment(from_, "--from") if from_ else None
    end = moment(to, "--to") if to else None
    if begin is not None and end is not None and begin >= end:
        raise Misconfigured(f"{from_} is not before {to}", where="--from, --to", mend="give --from before --to")
    return begin, end


def one_of(word: str, allowed: Iterable[str], option: str) -> str:
    """The word itself. Misconfigured, with the allowed ones, for any other."""
    known = [*allowed]
    if word in known:
        return word
    near = difflib.get_close_matches(word, known, n=1)
    what = f"did you mean '{near[0]}'? " if near else ""
    raise Misconfigured(f"not '{word[:60]}'", where=option, mend=f"{what}one of {', '.join(known) or '(there are none)'}")


Limit = Annotated[int, typer.Option(help="At most so many rows.", min=1, max=1_000_000)]


def printed(config: Path | None, show: Callable[[Any], str]) -> None:
    """What the house says when asked."""
    house = house_of(config)
    try:
        typer.echo(show(house))
    finally:
        house.close()


class progress:  # noqa: N801  reads as a function
    """A bar on a terminal when it takes longer than two seconds; silence elsewhere."""

    def __init__(self, what: str) -> None:
        from rich.progress import Progress

        self._bar = Progress(transient=True, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task(what, total=1.0, visible=False)
        self._started = datetime.now(UTC)

    def __enter__(self) -> Callable[[float], None]:
        self._bar.start()
        return self._move

    def _move(self, share: float) -> None:
        slow = (datetime.now(UTC) - self._started).total_seconds() > 2
        self._bar.update(self._task, completed=share, visible=slow)

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()
