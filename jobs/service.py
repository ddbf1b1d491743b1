"""A wired house, running: daemon, API and pages, until it is told to stop."""

from dataclasses import dataclass, field
from socket import socket
from typing import Self

import structlog

from detector.app import House
from detector.clock import WallClock
from detector.web import create_app
from detector.web.server import WebServer
from detector.web.store_desk import StoreDesk
from jobs.daemon import Daemon, Jobs
from jobs.known import Known
from jobs.ledger import Reached, walk_on
from jobs.progress import Watch, unwatched
from jobs.push import Relay
from jobs.questions import questions_of
from jobs.whereabouts import RENEW_S, Presence

log = structlog.get_logger()
_FOR_JOBS = 0.75
"""Share of the time to stop that running jobs get; the rest is for the lease, the web server and the database."""


def jobs_of(house: House, reached: Reached = walk_on, watch: Watch = unwatched) -> Jobs:
    """Every job over the house's ports."""
    relay = Relay(
        house.store, house.source, house.transport, {r.name: r for r in house.receivers}, house.settings.delivery.source,
        house.settings.care, house.settings.delivery.max_attempts, reached, house.settings.impact.privacy_floor,
    )  # fmt: skip
    return Jobs(
        house.source, house.store, house.catalogue, house.settings, house.clock, WallClock(), relay, house.receivers,
        house.telemetry, reached, watch,
    )  # fmt: skip


@dataclass
class Service:
    """`with Service(house) as service:` runs everything; `service.url` is the address of the pages."""

    house: House
    jobs: Jobs
    daemon: Daemon
    web: WebServer
    url: str = ""
    _presence: Presence = field(init=False)

    def __enter__(self) -> Self:
        self.url = self.web.start()
        self._presence = Presence(self.house.store, self.house.settings.storage.path, self.url)
        wall = WallClock()
        for other in self._presence.others(wall.now()):
            log.warning("another daemon works on this store: they share the work, the ledger sees to that", other=str(other))
        self._presence.renew(wall.now())
        self.daemon.also("presence", RENEW_S, lambda: self._presence.renew(wall.now()))
        self.daemon.start()
        return self

    def __exit__(self, *_error: object) -> None:
        bound_s = self.house.settings.daemon.stop_within_s
        running = self.daemon.stop(_FOR_JOBS * bound_s)
        if running:
            log.error("stopped while jobs still ran: the next start does it again", jobs=running)
            self.web.stop()
            return
        self._presence.end()
        self.web.stop()
        self.house.close()


def desk_of(house: House) -> StoreDesk:
    """What care teams tell and ask beside the incident."""
    return StoreDesk(house.store, house.source, house.settings, house.clock, house.pseudonymiser)


def service_of(house: House, listening: socket | None = None, watch: Watch = unwatched) -> Service:
    """Daemon and web server over one house, not yet started. `listening`: where to serve, if that is taken already."""
    jobs, known = jobs_of(house, watch=watch), Known(house.source, house.clock)
    questions = questions_of(house, jobs.problems, known)
    reference = known()
    app = create_app(
        questions, desk_of(house), token=house.keys.token, timezone=reference.operator.timezone,
        privacy_floor=house.settings.impact.privacy_floor,
    )  # fmt: skip
    web = house.settings.web
    return Service(house, jobs, Daemon(jobs), WebServer(app, web.host, web.port, listening))
