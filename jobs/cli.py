"""`precall`: a command is a function in `jobs.commands` and its name here."""

import sys

import typer

from detector.domain.errors import Misconfigured, PrecallError
from jobs.commands import datasets, desk, people, service
from jobs.commands.options import TROUBLE, WRONG_USE

app = typer.Typer(
    name="precall", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    help="Finds degraded cells before customers complain, says whom they affect, and tells care what to do.",
)  # fmt: skip
_ALL = (
    service.run, service.job, datasets.simulate, datasets.backtest, service.check, service.coverage, people.lookup,
    desk.incidents, desk.findings, desk.deliveries, desk.redrive, people.forget, people.explain, desk.report, people.rules,
)  # fmt: skip
COMMANDS = tuple(app.command()(command).__name__ for command in _ALL)


def main() -> None:
    """Entry point: one line for every known error, exit code 1 for trouble, 2 for wrong use."""
    try:
        app()
    except PrecallError as error:
        typer.echo(f"precall: {error}", err=True)
        sys.exit(WRONG_USE if isinstance(error, Misconfigured) else TROUBLE)
    except OSError as error:
        typer.echo(f"precall: {error.filename or ''}: {error.strerror or error}; check the path and its rights", err=True)
        sys.exit(TROUBLE)
