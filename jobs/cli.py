"""`precall`: a command is a function in `jobs.commands` and its name here; exit codes, and errors of one line."""

import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence

import typer

from detector.domain.errors import Misconfigured, PrecallError
from jobs.commands import datasets, incidents, receivers, service, sessions, store, subscribers
from jobs.commands.options import NOTHING_FOUND, TROUBLE, WRONG_USE

SHOW_TRACE = "PRECALL_TRACEBACK"
"""Environment variable that shows where an unforeseen error arose."""
UNFORESEEN = "a mistake of precall's own"


def run(app: Callable[..., object]) -> int:
    """Runs the commands over this process's arguments; returns the exit code: 0 done, 1 trouble, 2 wrong use."""
    _prepare()
    try:
        _check_arguments(sys.argv[1:])
        code = app(prog_name="precall", standalone_mode=False)
    except SystemExit as done:  # a closed pipe
        code = done.code
    except Exception as error:  # noqa: BLE001  the last resort: known errors by their message, the rest as an internal error
        code = _tell(error)
    return _flushed(code if isinstance(code, int) else NOTHING_FOUND)


def _prepare() -> None:
    """What a terminal cannot show stands as `?`, and what is written to a closed stream is dropped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _check_arguments(words: Sequence[str]) -> None:
    """Bytes that are no UTF-8 come as half characters, which nothing can store, and a NUL ends every path."""
    for number, word in enumerate(words, 1):
        if any(0xD800 <= ord(letter) <= 0xDFFF or letter == "\0" for letter in word):
            mend = "write it in the encoding of your terminal, UTF-8 at best"
            raise Misconfigured("no text", where=f"argument {number}", mend=mend)


def _tell(error: Exception) -> int:
    """One line on standard error; the exit code."""
    if isinstance(error, PrecallError):
        return _say(str(error), WRONG_USE if isinstance(error, Misconfigured) else TROUBLE)
    if (format_message := getattr(error, "format_message", None)) is not None:  # of click: not this command, not that option
        return _say_usage(error, format_message())
    if type(error).__name__ == "Abort":
        return _say("ended by the user", TROUBLE)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"{place}{error.strerror or error}; check the path and its rights", TROUBLE)
    if os.environ.get(SHOW_TRACE):
        traceback.print_exception(error)
    reason = f"{type(error).__name__}: {error}"[:300]
    return _say(f"{reason}; this is {UNFORESEEN}: {SHOW_TRACE}=1 shows where, for a report", TROUBLE)


def _say_usage(error: Exception, message: str) -> int:
    """What is wrong with a word of the command line, and where its help is; the help itself where there is no word."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "precall"
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{message}\n" if message else "")
        return WRONG_USE
    return _say(f"{message.rstrip('.')}; see {path} --help", WRONG_USE)


def _say(line: str, code: int) -> int:
    try:
        sys.stderr.write(f"precall: {' '.join(line.split())}\n")
    except OSError:  # nobody listens
        return code
    return code


def _flushed(code: int) -> int:
    """Flushes the output; an error names the reason: a full disk is an error, a reader that has gone is not."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would try again, and complain
        return TROUBLE if error.errno == errno.EPIPE else _say(f"standard output: {error.strerror}; make room", TROUBLE)
    return code


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
    subscribers.lookup,
    incidents.incidents,
    incidents.findings,
    incidents.deliveries,
    incidents.redrive,
    receivers.receivers,
    subscribers.forget,
    subscribers.explain,
    incidents.report,
    subscribers.rules,
    store.verify,
    store.rebuild,
    sessions.sessions,
)
COMMANDS = tuple(app.command()(command).__name__ for command in _ALL)


def main() -> None:
    """Entry point: one line for every known error, exit code 1 for trouble, 2 for wrong use."""
    _keep_warnings_from_the_terminal()
    sys.exit(run(app))


def _keep_warnings_from_the_terminal() -> None:
    """A library's warning (numpy, statsmodels) is for a developer, not for an operator. `python -W` shows them;
    in the tests a RuntimeWarning is an error."""
    if not sys.warnoptions:
        log = logging.getLogger("py.warnings")
        log.addHandler(logging.NullHandler())
        log.propagate = False
        logging.captureWarnings(True)
