"""What commands have in common: their options, the app they use, times, a progress bar."""

import difflib
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from detector.domain.errors import Misconfigured
from detector.domain.identity import Identity, InvalidIdentity
from jobs.progress import ProgressCallback, on

Name = TypeVar("Name", bound=Identity)
Options = TypeVar("Options")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings; the packaged config/precall.toml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
NOTHING_FOUND, TROUBLE, WRONG_USE = 0, 1, 2


def settings_of(config: Path | None) -> Any:
    from detector.settings import load

    return load(config)


def app_of(config: Path | None) -> Any:
    """Wired; a command opens and imports what it uses, and nothing else."""
    from detector.app import wire
    from detector.rights import narrow

    app = wire(settings_of(config))
    narrow(app.settings.storage.path, app.settings.inboxes.values(), deep=False)
    return app


_ERA = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""Times of data lie between these: nothing was measured before the first, and nothing is known of the second."""


def parse_time(text: str, option: str) -> int:
    """ISO 8601 to seconds; without an offset it is UTC. Misconfigured for anything else, and for other centuries."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Misconfigured(f"'{text[:60]}' is no time", where=option, mend="write it as 2026-03-24T06:00Z") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _ERA[0] <= at < _ERA[1]:
        raise Misconfigured(f"'{text[:60]}' is out of range", where=option, mend="a time from 1970 to 2099")
    return int(at.timestamp())


def between(from_: str | None, to: str | None) -> tuple[int | None, int | None]:
    """--from and --to in s, None where one is not given. Misconfigured if the one is not before the other."""
    begin = None if from_ is None else parse_time(from_, "--from")
    end = None if to is None else parse_time(to, "--to")
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


def named(text: str, kind: type[Name], where: str) -> Name:
    """The name of a person, account, incident or receiver. InvalidIdentity, with the option in it, if it cannot be one."""
    try:
        return kind(text)
    except InvalidIdentity as error:
        raise InvalidIdentity(error.what, where=where, mend=error.mend) from error


def chosen(text: str | None, kind: type[Name], option: str) -> Name | None:
    """The same of a filter; None if it was left out, which is another thing than a blank one."""
    return None if text is None else named(text, kind, option)


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
    """Prints what `show` makes of the app."""
    app = app_of(config)
    try:
        typer.echo(show(app))
    finally:
        app.close()


def progress_on_stderr(what: str) -> AbstractContextManager[ProgressCallback]:
    """On standard error: a progress bar if that is a terminal, else a line now and then."""
    from rich.console import Console

    return on(Console(stderr=True))(what)


def takes_options(noun: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Makes a command of a function that takes one dataclass: the command's options are the fields of `noun`, with their
    annotations and defaults."""
    types = get_type_hints(noun, include_extras=True)

    def decorate(command: Callable[[Options], None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            command(noun(**given))

        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {one.name: types[one.name] for one in fields(noun)}  # type: ignore[arg-type]
        run.__signature__ = Signature(  # type: ignore[attr-defined]
            [
                Parameter(
                    one.name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if one.default is MISSING else one.default,
                    annotation=types[one.name],
                )
                for one in fields(noun)  # type: ignore[arg-type]
            ]
        )
        return run

    return decorate
