"""`precall`: a command is a function in `jobs.commands` and its name here."""

import logging
import sys

import typer

from jobs import terminal
from jobs.commands import datasets, desk, mending, people, receiving, service, sessions

app = typer.Typer(
    name="precall",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Finds degraded cells before customers complain, says whom they affect, and tells care what to do.",
)
_ALL = (
    service.run,
    service.job,
    datasets.simulate,
    datasets.backtest,
    service.check,
    service.coverage,
    people.lookup,
    desk.incidents,
    desk.findings,
    desk.deliveries,
    desk.redrive,
    receiving.receivers,
    people.forget,
    people.explain,
    desk.report,
    people.rules,
    mending.verify,
    mending.rebuild,
    sessions.sessions,
)
COMMANDS = tuple(app.command()(command).__name__ for command in _ALL)


def main() -> None:
    """Entry point: one line for every known error, exit code 1 for trouble, 2 for wrong use."""
    _keep_warnings_from_the_terminal()
    sys.exit(terminal.run(app))


def _keep_warnings_from_the_terminal() -> None:
    """A library's warning (numpy, statsmodels) tells a developer something, and an operator nothing. `python -W` shows them;
    in the tests a RuntimeWarning is an error."""
    if not sys.warnoptions:
        log = logging.getLogger("py.warnings")
        log.addHandler(logging.NullHandler())
        log.propagate = False
        logging.captureWarnings(True)
