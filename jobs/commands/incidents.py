"""Commands of operations: incidents, deliveries, findings, reports."""

from typing import Annotated, Any

import typer

from detector.domain.identity import Choice
from jobs.commands.options import AsJson, ConfigFile, Limit, between, chosen, one_of, printed

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


def report(
    name: Annotated[str | None, typer.Argument(help="Which report; without a name they are listed.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="ISO 8601, UTC without an offset; default: four weeks ago.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Default: now.")] = None,
    step: Annotated[str, typer.Option("--per", help="Sum up by day, week or month.")] = "week",
    by: Annotated[str | None, typer.Option("--by", help="Only this dimension: region, tac, site, cause, ...")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Reports for planning and care.

    Example: `precall report planning --from 2026-03-02 --per week --by cause`
    """
    from jobs.commands.tables import show_report

    given = between(from_, to)
    which, only = chosen(name, Choice, "precall report"), chosen(by, Choice, "--by")
    printed(config, lambda app: show_report(app, which, given, step, only, as_json))
