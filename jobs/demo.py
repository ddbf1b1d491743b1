"""`make run` without a network of one's own: a simulated operator, two weeks of history, then an accelerated clock."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console

from detector.clock import MovingClock
from detector.domain.errors import Misconfigured
from detector.domain.window import DAY_S
from detector.listening import listen
from detector.settings import Settings
from jobs.daemon_lease import daemon_url
from jobs.progress import on

if TYPE_CHECKING:
    from detector.app import App
    from detector.delivery import DemoReceiver
    from detector.domain.incident import Incident
    from detector.simulator import StreamingOperator
    from jobs.daemon import Daemon
    from jobs.service import Service

LIVE_FROM = int(datetime(2026, 3, 24, 6, 0, tzinfo=UTC).timestamp())
"""A Tuesday morning: the day in which the demonstration plays."""
_STEP_S = 300
"""Simulated seconds by which the clock moves on, once everything so far is processed. Chosen: three steps a period."""
_QUARTER_S = 900
"""One period, in s (`simulator.scenario.PERIOD_S`, TS 28.550)."""
_WAKE_S = 0.05
"""Time between two checks whether the next step is due (s, wall). Chosen: nobody notices it."""
_LATE_STEPS = 2
"""Steps that may follow one another at once after a long one; what is later stays late. Chosen: two."""
_SLOW, _JUDGED_STEPS = 1.25, 12
"""A pace this much slower than the requested one is reported, once, after an hour of event time."""


@dataclass(kw_only=True)
class Pace:
    """The operator's day goes on as fast as `speed` sets, but never faster than the service keeps up, so that a slow
    machine makes nothing late. `said`: called if this machine cannot keep the pace."""

    operator: "StreamingOperator"
    clock: MovingClock
    daemon: "Daemon"
    speed: float
    said: Callable[[str], object]
    worked: int = -1
    steps: int = 0
    _due: float = field(default_factory=monotonic)
    _began: float = field(default_factory=monotonic)

    def step(self) -> None:
        """Move the clock and drop what has arrived by then, if it is time and the last step is worked through."""
        now, length_s = monotonic(), _STEP_S / self.speed
        if now < self._due or self.daemon.rounds <= self.worked:
            return
        self._due = max(self._due + length_s, now - _LATE_STEPS * length_s)
        self.clock.at += _STEP_S
        self.operator.advance(int(self.clock.at))
        self.worked = self.daemon.rounds
        self.steps += 1
        if self.steps == _JUDGED_STEPS:
            self._judge((now - self._began) / self.steps)

    def _judge(self, step_s: float) -> None:
        if step_s > _SLOW * _STEP_S / self.speed:
            quarter = step_s * _QUARTER_S / _STEP_S
            self.said(f"[dim]This machine is busy: a quarter of an hour takes it {quarter:.1f} s.[/dim]")


@dataclass
class Demo:
    """The simulated operator, its care team, and the service between them. Everything lies under `storage.path`/demo."""

    settings: Settings
    console: Console

    def run(self, wait: Callable[[], object]) -> None:
        """Prepare, run until `wait` returns, stop cleanly, and sum up.

        What can fail is tried first: the folder, and the port (another one is taken if it is in use). Raises Misconfigured.
        """
        root = self._folder()
        with self._listening() as listening:
            self.console.print("[dim]starting ...[/dim]")
            self._play(self._settings(root), listening, wait)

    def _folder(self) -> Path:
        """Empty, and writable."""
        root = self.settings.storage.path / "demo"
        if daemon_url(root) is not None:
            mend = "stop it first, or set PRECALL_STORAGE__PATH to another folder"
            raise Misconfigured("a demonstration is running here already", where=str(root), mend=mend)
        try:
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
        except OSError as error:
            mend = "set PRECALL_STORAGE__PATH to a folder that can be written"
            raise Misconfigured(error.strerror or str(error), where=str(root), mend=mend) from error
        return root

    def _listening(self) -> socket:
        web = self.settings.web
        listening = listen(web.host, web.port, or_any=True)
        port = listening.getsockname()[1]
        if web.port and port != web.port:
            self.console.print(f"[dim]port {web.port} is taken: pages will be at {port}[/dim]")
        return listening

    def _play(self, settings: Settings, listening: socket, wait: Callable[[], object]) -> None:
        from detector.app import build_app, load_keys
        from detector.delivery import DemoReceiver, receiver_of
        from detector.delivery.receivers.cloudevents import CloudEventsSettings
        from jobs.service import service_of

        keys, clock = load_keys(settings), MovingClock(LIVE_FROM)
        pages: list[str] = []
        receiver = DemoReceiver([keys.webhook], console=self.console, page=lambda name: f"{pages[0]}/incidents/{name}")
        with receiver:
            team = CloudEventsSettings(name="demo-care", url=receiver.start(), secrets=(keys.webhook,))
            app = build_app(settings, clock=clock, receivers=[receiver_of(team)])
            operator = self._lived(app)
            service = service_of(app, listening, on(self.console))
            service.jobs.run("learn")
            pace = Pace(
                operator=operator, clock=clock, daemon=service.daemon, speed=settings.demo.speed, said=self.console.print
            )
            with service:
                pages.append(service.url)
                self._welcome(service)
                service.daemon.also("operator", _WAKE_S, pace.step)
                wait()
                self.console.print("\n[dim]stopping ...[/dim]")
            self._sum_up(service, receiver)

    def _settings(self, root: Path) -> Settings:
        """The same settings, but everything under `root`, started faster, with files that appear whole."""
        wake = _STEP_S / self.settings.demo.speed / 4
        return self.settings.model_copy(
            update={
                "storage": self.settings.storage.model_copy(update={"path": root, "database": ""}),
                "feeds": (),
                "sources": self.settings.sources.model_copy(
                    update={"kind": "file_drop", "path": root / "inbox", "settle_s": 0.0}
                ),
                "schedule": self.settings.schedule.model_copy(update={"pull_s": wake, "push_s": wake}),
            }
        )

    def _lived(self, app: "App") -> "StreamingOperator":
        """The operator after its history, which `pull` has read as columns: the days of it would be thousands of files."""
        from detector.simulator import PreparedDay, StreamingOperator
        from jobs.context import JobContext
        from jobs.pull import pull

        demo = app.settings.demo
        people = demo.cells * demo.subscribers_per_cell
        who = f"{demo.cells} cells and {people:,} subscribers"
        self.console.print(f"[dim]an operator of {who}, {demo.history_days} days of history ...[/dim]")
        with on(self.console)("simulating the history, and reading it") as progress:
            operator = StreamingOperator(
                app.settings.sources.path,
                cells=demo.cells,
                seed=demo.seed,
                start=LIVE_FROM - demo.history_days * DAY_S,
                history_days=demo.history_days,
                subscribers_per_cell=demo.subscribers_per_cell,
            )
            (folder,) = app.feeds
            for day in operator.days():
                given = PreparedDay(operator.world, operator.people, day, folder, app.pseudonymiser.subscriber)
                context = JobContext(given.feeds, app.store, app.catalogue, app.settings)
                pull(context, now=day.end, decide_from=LIVE_FROM)
                progress((day.number + 1) / demo.history_days)
        return operator

    def _welcome(self, service: "Service") -> None:
        quarter, token = _QUARTER_S / service.app.settings.demo.speed, service.app.keys.token
        self.console.print(
            f"[bold]precall is watching.[/bold] A quarter of an hour passes every {quarter:.3g} s; Ctrl-C stops.\n"
            f"Open this first, then the links below work: {service.url}/?token={token}\n",
            soft_wrap=True,
        )

    def _sum_up(self, service: "Service", receiver: "DemoReceiver") -> None:
        store, counts = service.app.store, receiver.summary
        incidents = store.incidents.all()
        notified = [i for i in incidents if not i.silent]
        resolved = sum(i.state == "resolved" for i in notified)
        affected = sum(_affected(service, i) for i in notified)
        self.console.print(
            f"{len(notified)} incidents, {resolved} resolved, "
            f"{len(incidents) - len(notified)} kept silent (works or merged), "
            f"about {affected:,.0f} people affected.\n"
            f"{counts['opened']} alerts opened, {counts['updated']} updated, {counts['resolved']} resolved; "
            f"{counts['rejected']} rejected, {counts['repeated']} repeated."
        )


def _affected(service: "Service", incident: "Incident") -> float:
    impact = service.app.store.impacts.latest(incident.incident_id)
    return impact.affected if impact else 0.0
