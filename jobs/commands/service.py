"""The service itself: run it, run one of its jobs, check what it stands on."""

from typing import Annotated

import typer

from detector.domain.errors import Misconfigured
from jobs.commands.options import NOTHING_FOUND, TROUBLE, AsJson, ConfigFile, house_of, settings_of


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
    from jobs.commands.stopping import wait_for_stop

    configure_logs(level="WARNING" if demo else "INFO")
    settings, console = settings_of(config), Console()
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


def job(
    name: Annotated[str, typer.Argument(help="One of the jobs: pull, detect, assess, push, ...")], config: ConfigFile = None
) -> None:
    """One job once.

    Example: `precall job pull`
    """
    from detector.telemetry import configure_logs
    from jobs.service import jobs_of

    configure_logs()
    house = house_of(config)
    jobs = jobs_of(house)
    if name not in jobs.names:
        raise Misconfigured(f"no job '{name}'", where="precall job", mend=f"one of {', '.join(jobs.names)}")
    typer.echo(f"{name}: {jobs.run(name)}")
    house.close()


def check(config: ConfigFile = None) -> None:
    """Check config, sources, database and receivers, and say in plain words what is wrong.

    Example: `precall check --config my.toml`
    """
    from detector.app import check as problems_of

    problems = problems_of(settings_of(config))
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
    from jobs.commands.measured import show_coverage

    house = house_of(config)
    text, little = show_coverage(house, cells=cells, everything=everything, as_json=as_json)
    house.close()
    typer.echo(text)
    raise typer.Exit(TROUBLE if little else NOTHING_FOUND)
