"""`precall sessions`: who is signed in at the pages."""

from typing import Annotated

import typer

from jobs.commands.options import AsJson, ConfigFile, app_of


def sessions(
    revoke: Annotated[bool, typer.Option("--revoke", help="End them all: everybody signs in again.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Who is signed in at the pages, since when and until when. A session also ends when `web.token` changes.

    Example: `precall sessions --revoke`
    """
    from detector.clock import WallClock
    from detector.domain.window import utc
    from jobs.commands.tables import table

    app, now = app_of(config), WallClock().now()
    try:
        if revoke:
            count = app.store.sessions.revoke()
            app.store.audit.note(now, "cli", "sessions revoked", "", str(count))
            typer.echo(table([{"revoked": count}], as_json, "") if as_json else f"{count} sessions ended")
            return
        rows = [
            {"name": one["name"]} | {key: f"{utc(int(one[key])):%Y-%m-%dT%H:%M:%SZ}" for key in ("began_at", "ends_at")}
            for one in app.store.sessions.all(now)
        ]
        typer.echo(table(rows, as_json, "nobody is signed in"))
    finally:
        app.close()
