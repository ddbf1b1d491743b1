"""Receivers of alerts: who is configured, and whether the way to them is open."""

from collections.abc import Sequence
from time import monotonic
from typing import Annotated, Any

import typer

from jobs.commands.options import NOTHING_FOUND, TROUBLE, AsJson, ConfigFile, one_of, settings_of

WHAT = ("test", "list")


def receivers(
    what: Annotated[str, typer.Argument(help="test: send a marked test message; list: who is configured.")],
    name: Annotated[str | None, typer.Argument(help="Only this receiver; default: all of them.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send a signed test message to receivers, and report what each answers. Exit code 1 if one did not take it.

    Example: `precall receivers test consumer-care`
    """
    from detector.app import configured
    from jobs.commands.tables import table

    one_of(what, WHAT, "precall receivers")
    settings = settings_of(config)
    known = configured(settings)
    if name is not None:
        one_of(name, [one.name for one in known], "NAME")
    chosen = [one for one in known if name in (None, one.name)]
    if what == "list":
        rows = [
            {"receiver": one.name, "kind": one.kind, "min_severity": one.min_severity, "teams": ", ".join(one.teams)}
            for one in settings.receivers
            if name in (None, one.name)
        ]
        typer.echo(table(rows, as_json, "receivers: none configured"))
        return
    if not chosen:
        typer.echo(table([], as_json, "receivers: none configured; nothing was sent"))
        raise typer.Exit(TROUBLE)
    rows = _tested(settings, chosen)
    typer.echo(table(rows, as_json, ""))
    raise typer.Exit(NOTHING_FOUND if all(row["taken"] == "yes" for row in rows) else TROUBLE)


def _tested(settings: Any, chosen: Sequence[Any]) -> list[dict[str, Any]]:
    """A row for each receiver: whether it took the message, how long that took (ms), and why not."""
    from detector.clock import WallClock
    from detector.delivery import HttpTransport, send_test

    clock, rows = WallClock(), []
    with HttpTransport(timeout_s=settings.delivery.timeout_s) as transport:
        for one in chosen:
            began = monotonic()
            why = send_test(one, transport, settings.delivery.source, wall_now=clock.now())
            taken = "no" if why else "yes"
            rows.append({"receiver": one.name, "taken": taken, "ms": round(1000 * (monotonic() - began)), "answer": why})
    return rows
