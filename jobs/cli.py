"""`precall`: every command of the service. Heavy parts are imported by the command that needs them."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.domain.errors import Misconfigured, PrecallError

app = typer.Typer(
    name="precall", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    help="Finds degraded cells before customers complain, says whom they affect, and tells care what to do.",
)  # fmt: skip

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings; the packaged config/precall.toml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
NOTHING_FOUND, TROUBLE, WRONG_USE = 0, 1, 2


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


def _settings(config: Path | None) -> Any:
    from detector.settings import load

    return load(config)


def _house(config: Path | None) -> Any:
    from detector.app import open_house

    return open_house(_settings(config))


def _moment(text: str, option: str) -> int:
    """ISO 8601 to seconds; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misconfigured(f"'{text}' is no time", where=option, mend="write it as 2026-03-24T06:00Z") from error
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


@app.command()
def run(
    config: ConfigFile = None,
    demo: Annotated[bool, typer.Option("--demo", help="A simulated operator instead of your own.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", help="Stop by itself after so many seconds.")] = None,
) -> None:
    """The daemon: every job on its schedule, health, API and pages.

    Example: `precall run --config my.toml`
    """
    from rich.console import Console

    from detector.telemetry import configure_logs
    from jobs.stopping import wait_for_stop

    configure_logs(level="WARNING" if demo else "INFO")
    settings, console = _settings(config), Console()
    if demo:
        from jobs.demo import Demo

        Demo(settings, console).run(lambda: wait_for_stop(seconds))
        return
    from detector.app import open_house
    from jobs.service import service_of

    with service_of(open_house(settings)) as service:
        console.print(
            f"precall watches {settings.sources.path}; pages at {service.url} (token in {settings.storage.path}/keys.json)"
        )
        wait_for_stop(seconds)
    console.print("stopped cleanly")


@app.command()
def job(
    name: Annotated[str, typer.Argument(help="One of the jobs: pull, detect, assess, push, ...")], config: ConfigFile = None
) -> None:
    """One job once.

    Example: `precall job pull`
    """
    from detector.telemetry import configure_logs
    from jobs.service import jobs_of

    configure_logs()
    house = _house(config)
    jobs = jobs_of(house)
    if name not in jobs.names:
        raise Misconfigured(f"no job '{name}'", where="precall job", mend=f"one of {', '.join(jobs.names)}")
    typer.echo(f"{name}: {jobs.run(name)}")
    house.close()


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the operator dataset into.")],
    cells: Annotated[int, typer.Option(min=6)] = 200,
    days: Annotated[int, typer.Option(min=1)] = 28,
    seed: Annotated[int, typer.Option()] = 1,
    start: Annotated[str, typer.Option(help="ISO 8601, UTC if it has no offset.")] = "2026-03-02T00:00Z",
    format_: Annotated[str, typer.Option("--format", help="csv or xml (PM files).")] = "csv",
) -> None:
    """Write an operator dataset with faults and their truth.

    Example: `precall simulate out/operator --cells 200 --days 28 --seed 1`
    """
    if format_ not in {"csv", "xml"}:
        raise Misconfigured(f"no format '{format_}'", where="--format", mend="csv or xml")
    from detector.simulator import simulate as write

    with _progress("simulating") as progress:
        summary = write(
            out, cells=cells, days=days, seed=seed, start=_moment(start, "--start"), format=format_,
            progress=lambda done, of: progress(done / of),
        )  # fmt: skip
    typer.echo(
        f"{out}: {summary.cells} cells, {summary.days} days, {summary.faults} faults, {summary.subscribers} subscribers, "
        f"{summary.complaints} complaints"
    )


@app.command()
def backtest(
    dataset: Annotated[Path, typer.Argument(help="Operator dataset.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    from_: Annotated[str, typer.Option("--from", help="Begin to decide here; earlier data is history.")] = "",
    to: Annotated[str, typer.Option("--to", help="Decide until here.")] = "",
    config: ConfigFile = None,
    kpis: Annotated[Path | None, typer.Option(help="Another KPI catalogue.")] = None,
    arrival_delay: Annotated[int | None, typer.Option(help="Seconds from a period's end to its arrival.")] = None,
    identify: Annotated[
        bool, typer.Option("--identify", help="Write the dataset's own ids; is noted in the audit log.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay the pipeline under a moving clock and score it against the truth.

    Example: `precall backtest out/operator --from 2026-03-23T00:00Z --out out/backtest`
    """
    from jobs.backtesting import Backtest, shown

    settings = _settings(config)
    if kpis is not None:
        settings = settings.model_copy(update={"sources": settings.sources.model_copy(update={"kpis": kpis})})
    given = (_moment(from_, "--from") if from_ else None, _moment(to, "--to") if to else None)
    one = Backtest(dataset, out, settings, given, arrival_delay, identify)
    with _progress("replaying") as progress:
        figures = one.run(progress)
    typer.echo(shown(figures, out, as_json))


@app.command()
def check(config: ConfigFile = None) -> None:
    """Check config, sources, database and receivers, and say in plain words what is wrong.

    Example: `precall check --config my.toml`
    """
    from detector.app import check as problems_of

    problems = problems_of(_settings(config))
    for problem in problems:
        typer.echo(problem)
    typer.echo("all well" if not problems else f"{len(problems)} to mend")
    raise typer.Exit(TROUBLE if problems else NOTHING_FOUND)


@app.command()
def lookup(
    subscriber: str,
    config: ConfigFile = None,
    caller: Annotated[
        str, typer.Option(help="Who asks: self, guardian, holder or manager; others hear neither place nor time.")
    ] = "self",
    as_json: AsJson = False,
) -> None:
    """Is this caller affected, since when, how sure, what to say; asks the running daemon if there is one.

    Example: `precall lookup 491701234567`
    """
    import json

    from jobs.calling import look_up, shown

    answer = look_up(_settings(config), subscriber, caller)
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else shown(answer))


@app.command()
def incidents(config: ConfigFile = None, as_json: AsJson = False, state: str = "", limit: int = 50) -> None:
    """Incidents, newest first.

    Example: `precall incidents --state open`
    """
    from jobs.showing import show_incidents

    _print(config, lambda house: show_incidents(house, state, limit, as_json))


@app.command()
def findings(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """What was wrong with the input, counted, with the first example of each.

    Example: `precall findings`
    """
    from jobs.showing import show_findings

    _print(config, lambda house: show_findings(house, as_json))


@app.command()
def deliveries(config: ConfigFile = None, as_json: AsJson = False, state: str = "", limit: int = 50) -> None:
    """What was sent, waits, or could not be delivered.

    Example: `precall deliveries --state dead`
    """
    from jobs.showing import show_deliveries

    _print(config, lambda house: show_deliveries(house, state, limit, as_json))


@app.command()
def redrive(config: ConfigFile = None, receiver: Annotated[str, typer.Option(help="Only this receiver's.")] = "") -> None:
    """Make dead deliveries due again.

    Example: `precall redrive --receiver consumer-care`
    """
    from detector.clock import WallClock

    _print(config, lambda house: f"{house.store.outbox.redrive(WallClock().now(), receiver)} made due again")


@app.command()
def forget(subscriber: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Erase a person from every table, file and waiting note, and search everything again. Exit code 1 if something is left.

    Example: `precall forget 491701234567`
    """
    from jobs.forgetting import forget as erase

    house = _house(config)
    done = erase(house, subscriber)
    house.close()
    typer.echo(done.shown(as_json))
    raise typer.Exit(TROUBLE if done.left else NOTHING_FOUND)


@app.command()
def explain(subscriber: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Everything that is held of a person, and every decision with its reasons, to answer a request for access.

    Example: `precall explain 491701234567`
    """
    from jobs.explaining import explain as explained

    _print(config, lambda house: explained(house, subscriber).shown(as_json))


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="Which report; without a name they are listed.")] = "",
    from_: Annotated[str, typer.Option("--from", help="ISO 8601, UTC without an offset; default: four weeks ago.")] = "",
    to: Annotated[str, typer.Option("--to", help="Default: now.")] = "",
    step: Annotated[str, typer.Option("--per", help="Sum up by day, week or month.")] = "week",
    by: Annotated[str, typer.Option("--by", help="Only this dimension: region, tac, site, cause, ...")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Reports for planning and care.

    Example: `precall report planning --from 2026-03-02 --per week --by cause`
    """
    from jobs.showing import show_report

    given = (_moment(from_, "--from") if from_ else None, _moment(to, "--to") if to else None)
    _print(config, lambda house: show_report(house, name, given, step, by, as_json))


@app.command()
def rules(
    what: Annotated[str, typer.Argument(help="try: a dry run over the people listed now; list: the rules in their order.")],
    incident: Annotated[str, typer.Option("--incident", help="Only this one, over or not; default: those open.")] = "",
    subscriber: Annotated[str, typer.Option("--subscriber", help="What this person would get; is audited.")] = "",
    file: Annotated[Path | None, typer.Option("--rules", help="Rules to compare with the present ones.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Who would get what, by which rule, and why not. Nothing is decided or sent.

    Example: `precall rules try --rules my-rules.toml`
    """
    from jobs.showing import show_rules

    _print(config, lambda house: show_rules(house, what, incident, subscriber, file, as_json))


def _print(config: Path | None, show: Callable[[Any], str]) -> None:
    house = _house(config)
    typer.echo(show(house))
    house.close()


class _progress:  # noqa: N801  reads as a function
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


COMMANDS: Sequence[str] = (
    "run",
    "job",
    "simulate",
    "backtest",
    "check",
    "lookup",
    "incidents",
    "findings",
    "deliveries",
    "redrive",
    "forget",
    "explain",
    "report",
    "rules",
)
