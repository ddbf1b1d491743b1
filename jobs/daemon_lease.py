"""Where the running daemon answers, for commands beside it; and which other daemons work on the same store."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from detector.domain.daemon_lease import DaemonLease
from detector.domain.errors import PrecallError

if TYPE_CHECKING:
    from detector.store import Store  # a command that only looks up the daemon's address must not load the whole store

DAEMON_FILE = "daemon.json"
RENEW_S = 30.0
"""Seconds between two renewals of a daemon's lease. Chosen: a takeover waits two minutes at most."""
_FRESH_S = 4 * RENEW_S
"""A lease not renewed for so long, by the wall clock, is that of a daemon that has ended. Chosen: three renewals may
fail."""


def announce(storage: Path, url: str) -> None:
    """This process answers at `url`; a living other one that is announced already stays."""
    if _living(_read(storage)) and not _mine(storage):
        return
    from detector.store.atomic_write import atomic_write

    path = storage / DAEMON_FILE
    if path.is_dir() and not path.is_symlink():
        path.replace(path.with_name(f"{DAEMON_FILE}.set-aside-{uuid4().hex[:8]}"))
    with atomic_write(path) as part:
        part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")


def withdraw(storage: Path) -> None:
    """This process answers no more; what another one has announced stays."""
    if _mine(storage):
        (storage / DAEMON_FILE).unlink(missing_ok=True)


def daemon_url(storage: Path) -> SplitResult | None:
    """Where it answers, if the process that wrote it still runs."""
    found = _read(storage)
    try:
        url = urlsplit(str(found["url"])) if _living(found) else None
        return url if url is None or (url.hostname and url.port) else None
    except ValueError:
        return None


def daemon_serves(storage: Path, port: int) -> bool:
    """Does a living daemon of this store answer at this port?"""
    url = daemon_url(storage)
    return url is not None and url.port == port


def _read(storage: Path) -> dict[str, Any]:
    """What is announced; empty if nothing can be read."""
    try:
        found = json.loads((storage / DAEMON_FILE).read_text(encoding="utf-8"))
        return {"url": str(found["url"]), "pid": int(found["pid"])}
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return {}


def _mine(storage: Path) -> bool:
    return _read(storage).get("pid") == os.getpid()


def _living(found: dict[str, Any]) -> bool:
    return bool(found) and is_alive(found["pid"])


def is_alive(pid: int) -> bool:
    """Is there such a process on this machine? One of another user counts."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


@dataclass
class LeaseKeeper:
    """This daemon's own lease in the store, and those of others: every daemon of a store is seen, on whatever machine."""

    store: "Store"
    storage: Path
    url: str
    name: str = field(default_factory=lambda: uuid4().hex[:16])

    def renew(self, wall_now: float) -> None:
        """Renew this daemon's lease with its address, and delete leases that have expired."""
        mine = DaemonLease(self.name, socket.gethostname(), os.getpid(), self.url, wall_now)
        over = [one.name for one in self._others() if not _works(one, wall_now)]
        with self.store.begin() as connection:
            self.store.daemon_leases.save(connection, mine)
            self.store.daemon_leases.drop(connection, over)
        announce(self.storage, self.url)

    def others(self, wall_now: float) -> list[DaemonLease]:
        """Daemons that work on the same store now."""
        return [one for one in self._others() if _works(one, wall_now)]

    def end(self) -> None:
        """Delete this daemon's lease, and no other's. A store that cannot be written keeps it until it runs out."""
        withdraw(self.storage)
        try:
            with self.store.begin() as connection:
                self.store.daemon_leases.drop(connection, [self.name])
        except PrecallError:
            return

    def _others(self) -> Iterator[DaemonLease]:
        return (one for one in self.store.daemon_leases.all() if one.name != self.name)


def _works(one: DaemonLease, wall_now: float) -> bool:
    """Renewed lately; on this machine the process must still be there, and be another one than this."""
    if abs(wall_now - one.at) > _FRESH_S:
        return False
    return one.host != socket.gethostname() or (one.pid != os.getpid() and is_alive(one.pid))
