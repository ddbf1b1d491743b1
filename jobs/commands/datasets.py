"""Operator datasets: write one, replay one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.options import (
    AsJson,
    ConfigFile,
    between,
    one_of,
    parse_time,
    progress_on_stderr,
    settings_of,
    takes_options,
)


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the operator dataset into.")],
    cells: Annotated[int, typer.Option(min=6, max=100_000)] = 200,
    days: Annotated[int, typer.Option(min=1, max=3660)] = 28,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 1,
    start: Annotated[str, typer.Option(help="ISO 8601, UTC if it has no offset.")] = "2026-03-02T00:00Z",
    format_: Annotated[str, typer.Option("--format", help="csv or xml (PM files).")] = "csv",
) -> None:
    """Write an operator dataset with faults and their truth.

    Example: `precall simulate out/operator --cells 200 --days 28 --seed 1`
    """
    one_of(format_, ("csv", "xml"), "--format")
    from detector.simulator import Scenario
    from detector.simulator import simulate as write

    begin = parse_time(start, "--start")
    scenario = Scenario(cells=cells, days=days, seed=seed, start=begin - begin % 3600)

    with progress_on_stderr("simulating") as progress:
        summary = write(out, scenario, form=format_, progress=lambda done, of: progress(done / of))
    typer.echo(
        f"{out}: {summary.cells} cells, {summary.days} days, {summary.faults} faults, {summary.subscribers} subscribers, "
        f"{summary.complaints} complaints"
    )


@dataclass(frozen=True, kw_only=True)
class BacktestOptions:
    """What `precall backtest` may be given."""

    dataset: Annotated[Path, typer.Argument(help="Operator dataset.")]
    out: Annotated[Path, typer.Option(help="Folder for the results.")]
    from_: Annotated[str | None, typer.Option("--from", help="Begin to decide here; earlier data is history.")] = None
    to: Annotated[str | None, typer.Option("--to", help="Decide until here.")] = None
    config: ConfigFile = None
    kpis: Annotated[Path | None, typer.Option(help="Another KPI catalogue.")] = None
    arrival_delay: Annotated[
        int | None, typer.Option(help="Seconds from a period's end to its arrival.", min=0, max=7 * 86_400)
    ] = None
    identify: Annotated[bool, typer.Option("--identify", help="Write the dataset's own ids; is noted in the audit log.")] = (
        False
    )
    against: Annotated[Path | None, typer.Option(help="Results of another backtest to compare with.")] = None
    as_json: AsJson = False


@takes_options(BacktestOptions)
def backtest(given: BacktestOptions) -> None:
    """Replay the pipeline under a moving clock and score it against the truth.

    Example: `precall backtest out/operator --from 2026-03-23T00:00Z --out out/backtest`
    """
    from jobs.commands.backtest import Backtest, shown

    settings = settings_of(given.config)
    if given.kpis is not None:
        settings = settings.model_copy(update={"sources": settings.sources.model_copy(update={"kpis": given.kpis})})
    one = Backtest(
        dataset=given.dataset,
        out=given.out,
        settings=settings,
        given=between(given.from_, given.to),
        arrival_delay_s=given.arrival_delay,
        identify=given.identify,
        against=given.against,
    )
    with progress_on_stderr("replaying") as progress:
        figures = one.run(progress)
    typer.echo(shown(figures, given.out, given.as_json, one.findings))
