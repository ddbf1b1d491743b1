"""Commands of operations: incidents, deliveries, findings, reports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from detector.domain.identity import Choice
from jobs.commands.options import AsJson, ConfigFile, Limit, between, chosen, one_of, printed, takes_options

STATES = ("open", "resolved", "merged")
DELIVERED = ("held", "pending", "sent", "dead", "expired", "withdrawn", "superseded")


def incidents(
    config: ConfigFile = None,
    as_json: AsJson = False,
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    limit: Limit = 50,
) -> None:
    """Incidents, newest first.

    Example: `precall incidents --state open`
    """
    from jobs.commands.tables import show_incidents

    wanted = None if state is None else one_of(state, STATES, "--state")
    printed(config, lambda app: show_incidents(app, wanted, limit, as_json))


def findings(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """What was wrong with the input, counted, with the first example of each.

    Example: `precall findings`
    """
    from jobs.commands.tables import show_findings

    printed(config, lambda app: show_findings(app, as_json))


def deliveries(
    config: ConfigFile = None,
    as_json: AsJson = False,
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(DELIVERED)}.")] = None,
    limit: Limit = 50,
) -> None:
    """What was sent, waits, or could not be delivered.

    Example: `precall deliveries --state dead`
    """
    from jobs.commands.tables import show_deliveries

    wanted = None if state is None else one_of(state, DELIVERED, "--state")
    printed(config, lambda app: show_deliveries(app, wanted, limit, as_json))


def redrive(
    config: ConfigFile = None, receiver: Annotated[str | None, typer.Option(help="Only this receiver's.")] = None
) -> None:
    """Make dead deliveries due again; of what has been overtaken since, the present state takes its place.

    Example: `precall redrive --receiver consumer-care`
    """
    from detector.clock import WallClock
    from jobs.redrive import redrive as made_due

    def again(app: Any) -> str:
        known = {one.name for one in app.receivers} | app.store.outbox.receivers()
        name = None if receiver is None else one_of(receiver, sorted(known), "--receiver")
        due, superseded = made_due(app.store, WallClock().now(), app.clock.now(), name)
        return f"{due} made due again" + (f", {superseded} superseded by what is true now" if superseded else "")

    printed(config, again)


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What `precall report` may be given."""

    name: Annotated[str | None, typer.Argument(help="Which report; without a name they are listed.")] = None
    from_: Annotated[
        str | None, typer.Option("--from", help="ISO 8601, UTC without an offset; default: four weeks ago.")
    ] = None
    to: Annotated[str | None, typer.Option("--to", help="Default: now.")] = None
    step: Annotated[str, typer.Option("--per", help="Sum up by day, week or month.")] = "week"
    by: Annotated[str | None, typer.Option("--by", help="Only this dimension: region, tac, site, cause, ...")] = None
    config: ConfigFile = None
    as_json: AsJson = False
    out: Annotated[Path | None, typer.Option(help="A file for the rows: JSON if it ends in .json, else CSV.")] = None


@takes_options(ReportOptions)
def report(given: ReportOptions) -> None:
    """Reports for planning and care.

    Example: `precall report planning --from 2026-03-02 --per week --by cause`
    """
    from jobs.commands.tables import show_report, write_report

    window, step = between(given.from_, given.to), given.step
    which, only = chosen(given.name, Choice, "precall report"), chosen(given.by, Choice, "--by")
    if (out := given.out) is not None:
        printed(given.config, lambda app: write_report(app, which, window, step, only, out))
    else:
        printed(given.config, lambda app: show_report(app, which, window, step, only, given.as_json))
