"""The service itself: run it, run one of its jobs, check what it depends on."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from detector.domain.errors import Misconfigured
from jobs.commands.options import NOTHING_FOUND, TROUBLE, AsJson, ConfigFile, app_of, progress_on_stderr, settings_of, span
from jobs.progress import ProgressCallback, lines

if TYPE_CHECKING:
    from rich.console import Console

    from detector.settings import Settings
    from jobs.signals import StopRequest


def run(
    config: ConfigFile = None,
    demo: Annotated[bool, typer.Option("--demo", help="A simulated operator instead of your own.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", help="Stop by itself after so many seconds.")] = None,
    judge: Annotated[str, typer.Option(help="At the first start, judge so much of the past at once: 24h, 90min, 2d.")] = "",
) -> None:
    """The daemon: every job on its schedule, health, API and pages.

    Example: `precall run --config my.toml --judge 24h`
    """
    past_s = span(judge, "--judge") if judge else 0
    from rich.console import Console

    from detector.telemetry import configure_logs
    from jobs.signals import LONGEST_S, StopRequest

    if seconds is not None and not 0 <= seconds <= LONGEST_S:  # nor is not-a-number
        raise Misconfigured(f"no time to run ({seconds})", where="--for", mend=f"seconds, from 0 to {LONGEST_S:.0f}")
    configure_logs(level="WARNING" if demo else "INFO")
    settings, console = settings_of(config), Console()
    with StopRequest(settings.daemon.stop_within_s) as stop:
        if demo:
            from jobs.demo import Demo

            Demo(settings, console).run(lambda: stop.wait(seconds))
            return
        _serve(settings, console, stop, seconds, past_s)
    console.print("stopped cleanly")


def _serve(settings: "Settings", console: "Console", stop: "StopRequest", seconds: float | None, past_s: int) -> None:
    """The service until `stop` is requested, or for so many `seconds`; judges `past_s` of the past first."""
    from detector.listening import listen

    listening = listen(settings.web.host, settings.web.port)
    from detector.app import build_app
    from jobs.service import open_when_there, service_of

    app = open_when_there(lambda: build_app(settings), stop)
    if app is None:
        return
    service = service_of(app, listening, logged)
    stop.unfinished = service.daemon.unfinished
    if past_s:
        from jobs.backfill import Backfill

        console.print(Backfill(service.jobs, past_s).run())
    watched = ", ".join(str(one) for one in settings.inboxes.values()) or app.feeds.name
    with service:
        console.print(f"precall watches {watched}; pages at {service.url} (token in {settings.storage.path}/keys.json)")
        stop.wait(seconds)
    stop.finish()


def logged(what: str) -> AbstractContextManager[ProgressCallback]:
    """Progress as lines of the log: a daemon's terminal is one."""
    import structlog

    return lines(what, structlog.get_logger().info)


def job(
    name: Annotated[str, typer.Argument(help="One of the jobs: pull, detect, assess, push, ...")], config: ConfigFile = None
) -> None:
    """One job once.

    Example: `precall job pull`
    """
    from detector.app import build_app
    from detector.telemetry import configure_logs
    from jobs.registry import NAMES
    from jobs.service import jobs_of

    if name not in NAMES:
        raise Misconfigured(f"no job '{name}'", where="precall job", mend=f"one of {', '.join(NAMES)}")
    configure_logs()
    app = build_app(settings_of(config))
    try:
        typer.echo(f"{name}: {jobs_of(app, display=progress_on_stderr).run(name)}")
    finally:
        app.close()


def check(config: ConfigFile = None) -> None:
    """Check config, sources, database and receivers, and say in plain words what is wrong.

    Example: `precall check --config my.toml`
    """
    from jobs.check import check as problems_of
    from jobs.daemon_lease import daemon_serves

    settings = settings_of(config)
    problems = problems_of(settings, served=daemon_serves(settings.storage.path, settings.web.port))
    for problem in problems:
        typer.echo(problem)
    typer.echo("all well" if not problems else f"{len(problems)} to mend")
    raise typer.Exit(TROUBLE if problems else NOTHING_FOUND)


def coverage(
    cells: Annotated[bool, typer.Option("--cells", help="Each cell and KPI with its last value.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the KPIs and counters that are of no use yet.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """What is measured of what could be: how many cells have each KPI, how new it is, and which counters were read and not
    understood. Ends with 1 when nothing or little is measured.

    Example: `precall coverage --json`
    """
    from jobs.commands.coverage import show_coverage

    app = app_of(config)
    text, little = show_coverage(app, cells=cells, everything=everything, as_json=as_json)
    app.close()
    typer.echo(text)
    raise typer.Exit(TROUBLE if little else NOTHING_FOUND)
