"""What the web server counts of itself, beside the daemon's metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Meters:
    """One registry an application."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.answers = Counter("precall_web_answers", "Answers of the web server", ["status"], registry=registry)
        self.answers.labels("200")
        self.cut = Counter("precall_web_cut", "Connections ended for what they did", ["reason"], registry=registry)
        self._connections = Gauge("precall_web_connections", "Connections open now", registry=registry)
        self._age = Gauge("precall_web_snapshot_age_seconds", "Age of what the daemon last reported", registry=registry)
        self._age.set(0.0)

    def measure(self, connections: Callable[[], float] | None = None, age_s: Callable[[], float] | None = None) -> None:
        """The source of the gauges, read at each scrape."""
        if connections is not None:
            self._connections.set_function(connections)
        if age_s is not None:
            self._age.set_function(age_s)

    def text(self) -> str:
        """Prometheus text exposition."""
        return generate_latest(self._registry).decode()
