"""One person: answer a call, answer a request for access, erase; and whom the rules would reach."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from detector.domain.identity import IncidentId, SubscriberId
from jobs.commands.options import NOTHING_FOUND, TROUBLE, AsJson, ConfigFile, app_of, chosen, named, printed, settings_of


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

    from jobs.commands.lookup import look_up, shown

    who = named(subscriber, SubscriberId, "precall lookup")
    answer = look_up(settings_of(config), who, caller)
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else shown(answer))


def explain(subscriber: str, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Everything that is held of a person, and every decision with its reasons, to answer a request for access.

    Example: `precall explain 491701234567`
    """
    from jobs.commands.explain import explain as explained

    who = named(subscriber, SubscriberId, "precall explain")
    printed(config, lambda app: explained(app, who).shown(as_json))


def forget(
    subscriber: str,
    config: ConfigFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, by table and column; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Without a terminal nothing is asked anyway.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person from every table, file and waiting note, and search everything again. Exit code 1 if something is left.

    On a terminal it shows what would go and asks first.

    Example: `precall forget 491701234567`
    """
    from jobs.commands.forget import forget as erase

    who = named(subscriber, SubscriberId, "precall forget")
    app = app_of(config)
    try:
        if not (dry_run or yes) and sys.stdin.isatty():
            _ask_first(erase(app, who, dry_run=True).shown(as_json=False))
        done = erase(app, who, dry_run=dry_run)
    finally:
        app.close()
    typer.echo(done.shown(as_json))
    raise typer.Exit(TROUBLE if done.left else NOTHING_FOUND)


def _ask_first(what: str) -> None:
    """On the terminal, beside the answer that a program may read. Exit code 1 if the answer is no."""
    typer.echo(what, err=True)
    if not typer.confirm("Erase this person? It cannot be undone", err=True):
        typer.echo("nothing was erased", err=True)
        raise typer.Exit(TROUBLE)


def rules(
    what: Annotated[str, typer.Argument(help="try: a dry run over the people listed now; list: the rules in their order.")],
    incident: Annotated[
        str | None, typer.Option("--incident", help="Only this one, over or not; default: those open.")
    ] = None,
    subscriber: Annotated[str | None, typer.Option("--subscriber", help="What this person would get; is audited.")] = None,
    file: Annotated[Path | None, typer.Option("--rules", help="Rules to compare with the present ones.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Who would get what, by which rule, and why not. Nothing is decided or sent.

    Example: `precall rules try --rules my-rules.toml`
    """
    from jobs.commands.tables import show_rules

    one, who = chosen(incident, IncidentId, "--incident"), chosen(subscriber, SubscriberId, "--subscriber")
    printed(config, lambda app: show_rules(app, what, one, who, file, as_json))
