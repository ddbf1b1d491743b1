"""`make run` without a network of one's own: a simulated operator, three weeks of history, then an accelerated clock."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from detector.app import House, load_keys, open_house
from detector.clock import MovingClock
from detector.delivery import DemoReceiver, Receiver
from detector.domain.incident import Incident
from detector.settings import Settings
from detector.simulator import LiveOperator
from jobs.daemon import Daemon
from jobs.service import Service, service_of

LIVE_FROM = int(datetime(2026, 3, 24, 6, 0, tzinfo=UTC).timestamp())
"""A Tuesday morning: the day in which the demonstration plays."""
_DAY = 86_400
_STEP_S = 300
"""Simulated seconds by which the clock moves on, once everything so far is worked through."""


@dataclass
class Pace:
    """The operator's day goes on only as fast as the service keeps up, so that a slow machine makes nothing late."""

    operator: LiveOperator
    clock: MovingClock
    daemon: Daemon
    worked: int = -1

    def step(self) -> None:
        """Move the clock and drop what has arrived by then, unless the last step is still being worked on."""
        if self.daemon.rounds > self.worked:
            self.clock.at += _STEP_S
            self.operator.advance(int(self.clock.at))
            self.worked = self.daemon.rounds


@dataclass
class Demo:
    """The simulated operator, its care desk, and the service between them. Everything lies under `storage.path`/demo."""

    settings: Settings
    console: Console

    def run(self, wait: Callable[[], object]) -> None:
        """Prepare, run until `wait` returns, stop cleanly, and sum up."""
        root = self.settings.storage.path / "demo"
        shutil.rmtree(root, ignore_errors=True)
        settings = self._settings(root)
        operator = self._operator(settings)
        keys, clock = load_keys(settings), MovingClock(LIVE_FROM)
        pages: list[str] = []
        receiver = DemoReceiver([keys.webhook], console=self.console, page=lambda name: f"{pages[0]}/incidents/{name}")
        with receiver:
            desk = Receiver("demo-care", receiver.start(), (keys.webhook,))
            service = self._service(open_house(settings, clock=clock, receivers=[desk]))
            pace = Pace(operator, clock, service.daemon)
            with service:
                pages.append(service.url)
                self._welcome(service)
                service.daemon.also("operator", _STEP_S / settings.demo.speed, pace.step)
                wait()
                self.console.print("\n[dim]stopping ...[/dim]")
            self._sum_up(service, receiver)

    def _settings(self, root: Path) -> Settings:
        """The same settings, but everything under `root`, woken faster, with files that appear whole."""
        wake = _STEP_S / self.settings.demo.speed / 2
        return self.settings.model_copy(
            update={
                "storage": self.settings.storage.model_copy(update={"path": root, "database": ""}),
                "sources": self.settings.sources.model_copy(
                    update={"kind": "file_drop", "path": root / "inbox", "settle_s": 0.0}
                ),
                "schedule": self.settings.schedule.model_copy(update={"pull_s": wake, "push_s": wake}),
            }
        )

    def _operator(self, settings: Settings) -> LiveOperator:
        demo = settings.demo
        self.console.print(f"[dim]simulating {demo.cells} cells, with {demo.history_days} days of history ...[/dim]")
        start = LIVE_FROM - demo.history_days * _DAY
        operator = LiveOperator(
            settings.sources.path, cells=demo.cells, seed=demo.seed, start=start, history_days=demo.history_days
        )
        operator.write_history()
        return operator

    def _service(self, house: House) -> Service:
        service = service_of(house)
        self.console.print("[dim]reading the history and learning what is normal ...[/dim]")
        service.jobs.run("pull")
        service.jobs.run("learn")
        return service

    def _welcome(self, service: Service) -> None:
        quarter, token = 900 / service.house.settings.demo.speed, service.house.keys.token
        self.console.print(
            f"[bold]precall is watching.[/bold] A quarter of an hour passes every {quarter:.0f} s or a little more; "
            f"Ctrl-C stops.\nOpen this first, then the links below work: {service.url}/?token={token}\n"
        )

    def _sum_up(self, service: Service, receiver: DemoReceiver) -> None:
        book, counts = service.house.store.book, receiver.summary
        incidents = book.incidents()
        told = [i for i in incidents if not i.silent]
        resolved = sum(i.state == "resolved" for i in told)
        affected = sum(_affected(service, i) for i in told)
        self.console.print(
            f"{len(told)} incidents, {resolved} resolved, {len(incidents) - len(told)} kept silent (works or merged), "
            f"about {affected:,.0f} people affected.\n"
            f"{counts['opened']} alerts opened, {counts['updated']} updated, {counts['resolved']} resolved; "
            f"{counts['rejected']} rejected, {counts['repeated']} repeated."
        )


def _affected(service: Service, incident: Incident) -> float:
    impact = service.house.store.book.impact(incident.incident_id)
    return impact.affected if impact else 0.0
