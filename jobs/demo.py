"""`make run` without a network of one's own: a simulated operator, three weeks of history, then an accelerated clock."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from detector.app import House, load_keys, open_house
from detector.clock import AcceleratedClock
from detector.delivery import DemoReceiver, Receiver
from detector.domain.incident import Incident
from detector.settings import Settings
from detector.simulator import LiveOperator
from jobs.service import Service, service_of

LIVE_FROM = int(datetime(2026, 3, 24, 6, 0, tzinfo=UTC).timestamp())
"""A Tuesday morning: the day in which the demonstration plays."""
_DAY = 86_400


@dataclass
class Demo:
    """The simulated operator, its care desk, and the service between them. Everything lies under `storage.path`/demo."""

    settings: Settings
    console: Console

    def settings_of(self, root: Path) -> Settings:
        storage = self.settings.storage.model_copy(update={"path": root, "database": ""})
        sources = self.settings.sources.model_copy(update={"kind": "file_drop", "path": root / "inbox"})
        schedule = self.settings.schedule.model_copy(update={"pull_s": 1.0, "push_s": 1.0})
        return self.settings.model_copy(update={"storage": storage, "sources": sources, "schedule": schedule})

    def run(self, wait: Callable[[], object]) -> None:
        """Prepare, run until `wait` returns, stop cleanly, and sum up."""
        root = self.settings.storage.path / "demo"
        shutil.rmtree(root, ignore_errors=True)
        settings = self.settings_of(root)
        operator = self._operator(settings)
        keys = load_keys(settings)
        clock = AcceleratedClock(LIVE_FROM, settings.demo.speed)
        receiver = DemoReceiver(
            [keys.webhook], console=self.console, page=lambda name: f"{page}/incidents/{name}?token={keys.token}"
        )
        with receiver:
            desk = Receiver("demo-care", receiver.start(), (keys.webhook,))
            service = self._service(open_house(settings, clock=clock, receivers=[desk]))
            with service:
                page = service.url
                service.daemon.also("operator", 1.0, lambda: operator.advance(clock.now()))
                self._welcome(service, settings.demo.speed)
                clock.begin()
                wait()
                self.console.print("\n[dim]stopping ...[/dim]")
            self._sum_up(service, receiver)

    def _operator(self, settings: Settings) -> LiveOperator:
        demo = settings.demo
        self.console.print(
            f"[dim]simulating an operator of {demo.cells} cells, with {demo.history_days} days of history ...[/dim]"
        )
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

    def _welcome(self, service: Service, speed: float) -> None:
        token = service.house.keys.token
        self.console.print(
            f"[bold]precall is watching.[/bold] A simulated quarter of an hour passes every {900 / speed:.0f} s; "
            f"Ctrl-C stops.\nAll incidents: {service.url}/?token={token}\n"
        )

    def _sum_up(self, service: Service, receiver: DemoReceiver) -> None:
        counts = receiver.summary
        incidents = service.house.store.book.incidents()
        told = [i for i in incidents if not i.silent]
        resolved = sum(i.state == "resolved" for i in told)
        affected = sum(_affected(service, i) for i in told)
        self.console.print(
            f"{len(told)} incidents, {resolved} resolved, {len(incidents) - len(told)} kept silent "
            f"(works or merged), about {affected:,.0f} people affected.\n"
            f"{counts['opened']} alerts opened, {counts['updated']} updated, {counts['resolved']} resolved; "
            f"{counts['rejected']} rejected, {counts['repeated']} repeated."
        )


def _affected(service: Service, incident: Incident) -> float:
    impact = service.house.store.book.impact(incident.incident_id)
    return impact.affected if impact else 0.0
