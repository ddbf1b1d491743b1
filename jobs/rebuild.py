"""What `precall rebuild` does about each kind of trouble: quarantine, read again, learn again, put in order."""

from detector.app import App
from detector.clock import WallClock
from detector.domain.errors import Misconfigured
from detector.domain.ports import Reference
from detector.rights import narrow
from detector.store.cursors import LEARN
from detector.store.repair import drop_unreferenced, reindex
from detector.store.ticks import DAMAGED, UNKNOWN
from detector.store.verify import Trouble
from jobs.daemon_lease import LeaseKeeper, daemon_url
from jobs.restore import restore_damaged
from jobs.service import jobs_of
from jobs.verify import Verified, verify

_STOPS = frozenset({"database", "schema", "keys"})
"""Kinds of trouble beside which nothing can be mended."""


def plan(app: App) -> Verified:
    """What is wrong with the store. Raises Misconfigured while a daemon runs on it, and for what cannot be mended."""
    settings = app.settings
    if (running := daemon_url(settings.storage.path)) is not None:
        raise _at_work(running.geturl())
    found = verify(settings, at_work=False)
    stops = [one for one in found.troubles if one.kind in _STOPS]
    if stops:
        raise Misconfigured(stops[0].what, where=stops[0].where, mend=f"this cannot be mended here: {stops[0].mend}")
    others = LeaseKeeper(app.store, settings.storage.path, "").others(WallClock().now())
    if others:
        raise _at_work(str(others[0]))
    return found


def _at_work(who: str) -> Misconfigured:
    return Misconfigured(f"a daemon works on this store ({who})", where="precall rebuild", mend="stop it first")


def rebuild(app: App, found: Verified) -> Verified:
    """Mend what can be mended; what is wrong afterwards. Raises PrecallError if the store cannot be written."""
    store, settings = app.store, app.settings
    narrow(settings.storage.path, settings.inboxes.values(), deep=True)
    store.mend_folders()
    if any(one.kind == "index" for one in found.troubles):
        reindex(store)
        found = verify(settings, at_work=False)  # what was read through a damaged index may not be so
    if any(one.kind == "reference" for one in found.troubles):
        drop_unreferenced(store)
    for trouble in found.troubles:
        _put_in_order(app, trouble)
    _try_again(app)
    now, reference = app.clock.now(), _reference(app)
    restore_damaged(app.feeds, store, app.catalogue, reference, now=now)
    store.history.adopt()
    store.presence.adopt()
    if store.progress.until(LEARN) is not None:
        jobs_of(app).run("learn_if_due")  # what was learned and is lost
    return verify(settings, at_work=False)


def _reference(app: App) -> Reference:
    return app.feeds.reference(app.clock.now())


def _try_again(app: App) -> None:
    """Ticks that were given up are requested once more: their files may lie in the inbox again."""
    with app.store.begin() as connection:
        for tick in app.store.ticks.in_state(UNKNOWN):
            app.store.ticks.mark_tick(connection, tick, DAMAGED)


def _put_in_order(app: App, trouble: Trouble) -> None:
    """The files of one trouble."""
    store, path = app.store, app.settings.storage.path / trouble.where
    if trouble.kind == "history":
        store.history.set_aside(trouble.where.removeprefix("kpi/"), trouble.what)
    elif trouble.kind == "presence":
        store.presence.set_aside(path, trouble.what)
    elif trouble.kind == "array":
        store.arrays.set_aside(path, trouble.what)
    elif trouble.kind in {"orphan", "audit"} or (trouble.kind == "daemon" and path.is_dir()):
        store.damage.keep(path)
    elif trouble.kind in {"part", "daemon"}:
        path.unlink(missing_ok=True)
