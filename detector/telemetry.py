"""Names of the service's own metrics and log events, and how logs are written."""

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from detector.domain.feed import FeedStop
from detector.domain.finding import Finding
from detector.domain.receiver_state import Backlog, ReceiverState


class Telemetry:
    """One registry a process part, so that tests and backtests do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ticks = Counter("precall_ticks", "Ticks decided", registry=self.registry)
        self.files = Counter("precall_files", "Files read or set aside", ["outcome"], registry=self.registry)
        self.findings = Counter("precall_findings", "Input findings", ["code"], registry=self.registry)
        self.deliveries = Counter("precall_deliveries", "Delivery attempts", ["outcome"], registry=self.registry)
        self.incidents = Gauge("precall_open_incidents", "Incidents open now", registry=self.registry)
        self.behind = Gauge("precall_behind_seconds", "Age of the oldest tick still pending", registry=self.registry)
        self.job_seconds = Histogram("precall_job_seconds", "Time a job took", ["job"], registry=self.registry)
        self.feed_last_seen = Gauge(
            "precall_feed_last_seen_timestamp_seconds", "When the newest file or row came", ["feed"], registry=self.registry
        )
        self.feed_rows = Counter("precall_feed_rows", "Rows read", ["feed"], registry=self.registry)
        self.feed_findings = Counter("precall_feed_findings", "Findings in what was read", ["feed"], registry=self.registry)
        self.feed_silent = Gauge(
            "precall_feed_silent_parts", "Parts of the feed that are silent now", ["feed"], registry=self.registry
        )
        self.feed_silent_objects = Gauge(
            "precall_feed_silent_objects", "Measured objects without data now", ["feed"], registry=self.registry
        )
        self.clock_jump = Gauge(
            "precall_clock_jump_seconds", "By how much the clock is ahead of the time believed", registry=self.registry
        )
        self.clock_jumps = Counter("precall_clock_jumps", "Jumps of the clock", registry=self.registry)
        self.receiver_up = Gauge(
            "precall_receiver_up", "1 if the receiver answered last time it was asked", ["receiver"], registry=self.registry
        )
        self.receiver_failures = Gauge(
            "precall_receiver_failures", "Failed attempts in a row", ["receiver"], registry=self.registry
        )
        self.waiting = Gauge(
            "precall_deliveries_waiting", "Alerts that wait for the receiver", ["receiver"], registry=self.registry
        )
        self.oldest_waiting = Gauge(
            "precall_deliveries_oldest_waiting_seconds",
            "Age of the oldest alert that waits",
            ["receiver"],
            registry=self.registry,
        )
        self.dead = Gauge(
            "precall_deliveries_dead", "Alerts that could not be delivered", ["receiver"], registry=self.registry
        )
        self.audit_rows = Gauge("precall_audit_rows", "Newest row of the audit log", registry=self.registry)
        self.web_restarts = Counter(
            "precall_web_restarts", "The process of the pages was started again", registry=self.registry
        )
        self.job_failures = Counter("precall_job_failures", "Jobs that ended with an error", ["job"], registry=self.registry)
        self.job_overdue = Counter("precall_job_overdue", "Runs over their deadline", ["job"], registry=self.registry)

    def clock(self, *, jumped_s: float) -> None:
        """By how much the clock is ahead of the accepted time (s); 0 = it is accepted."""
        self.clock_jump.set(jumped_s)

    def fed(self, feed: str, *, seen_at: float | None, rows: int, findings: Iterable[Finding]) -> None:
        """What one pull of a feed read, and when its newest file came (s)."""
        if seen_at is not None:
            self.feed_last_seen.labels(feed).set(seen_at)
        self.feed_rows.labels(feed).inc(rows)
        self.feed_findings.labels(feed).inc(sum(finding.count for finding in findings))

    def silent(self, feed: str, silent: Sequence[FeedStop]) -> None:
        """What of a feed is silent now."""
        self.feed_silent.labels(feed).set(len(silent))
        self.feed_silent_objects.labels(feed).set(max((stop.objects for stop in silent), default=0))

    def received(self, configured: Iterable[str], states: Mapping[str, ReceiverState], event_now: float) -> None:
        """The state of each receiver, those that are not configured any more as long as alerts for them are dead."""
        known = set(configured)
        for name in known | set(states):
            one = states.get(name)
            if name in known:
                self.receiver_up.labels(name).set(one is None or not one.down)
                self.receiver_failures.labels(name).set(one.outage.failures if one else 0)
            backlog = one.backlog if one else Backlog()
            self.waiting.labels(name).set(backlog.waiting)
            oldest = backlog.oldest_at
            self.oldest_waiting.labels(name).set(max(0.0, event_now - oldest) if oldest is not None else 0.0)
            self.dead.labels(name).set(backlog.dead)

    def text(self) -> str:
        """Prometheus text exposition."""
        return generate_latest(self.registry).decode()


def configure_logs(*, level: str = "INFO", stream: TextIO = sys.stderr, as_json: bool = False) -> None:
    """Structured logs on `stream`: lines for people, JSON for machines; libraries below WARNING stay silent."""
    render = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(level=logging.WARNING, stream=stream)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # the daemon reports failures itself, in one line
