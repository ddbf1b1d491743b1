"""The store itself: look at everything that it holds, and mend it."""

import json
import sys
from typing import Annotated

import typer

from jobs.commands.options import NOTHING_FOUND, TROUBLE, AsJson, ConfigFile, app_of, settings_of


def verify(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Look at everything that the store holds: database, checksums of files, vault, bodies, arrays, rights. Changes nothing,
    and works beside a running daemon. Exit code 1 if something is to mend.

    Example: `precall verify --json`
    """
    from jobs.daemon_lease import daemon_url
    from jobs.verify import verify as verified

    settings = settings_of(config)
    found = verified(settings, at_work=daemon_url(settings.storage.path) is not None)
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else found.shown())
    raise typer.Exit(TROUBLE if found.troubles else NOTHING_FOUND)


def rebuild(
    config: ConfigFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be mended; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Without a terminal nothing is asked anyway.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mend what `precall verify` finds: damaged files go to quarantine, what they held is read again from the inbox or is
    not known any more, baselines are learned again. Exit code 1 if something is left.

    On a terminal it shows what would be mended and asks first.

    Example: `precall rebuild --dry-run`
    """
    from jobs.rebuild import plan
    from jobs.rebuild import rebuild as mended

    app = app_of(config)
    try:
        found = plan(app)
        if found.troubles and not (dry_run or yes) and sys.stdin.isatty():
            _ask_first(found.shown())
        left = found if dry_run else mended(app, found)
    finally:
        app.close()
    gone = [one for one in found.troubles if one not in left.troubles]
    if as_json:
        typer.echo(json.dumps(left.as_json() | {"mended": [str(one) for one in gone]}, indent=2))
    else:
        typer.echo("\n".join([*(f"mended: {one.where}: {one.what}" for one in gone), left.shown()]))
    raise typer.Exit(TROUBLE if left.troubles else NOTHING_FOUND)


def _ask_first(what: str) -> None:
    """On the terminal, beside the answer that a program may read. Exit code 1 if the answer is no."""
    typer.echo(what, err=True)
    if not typer.confirm("Mend this store? Damaged files go to quarantine", err=True):
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(TROUBLE)
