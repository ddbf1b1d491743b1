"""Names of the service's own metrics and log events, and how logs are written."""

import logging
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from detector.domain.feed import FeedStop
from detector.domain.finding import Finding


class Telemetry:
    """One registry a process part, so that tests and backtests do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ticks = Counter("precall_ticks", "Ticks decided", registry=self.registry)
        self.files = Counter("precall_files", "Files read or set aside", ["outcome"], registry=self.registry)
        self.findings = Counter("precall_findings", "Input findings", ["code"], registry=self.registry)
        self.deliveries = Counter("precall_deliveries", "Delivery attempts", ["outcome"], registry=self.registry)
        self.incidents = Gauge("precall_open_incidents", "Incidents open now", registry=self.registry)
        self.behind = Gauge("precall_behind_seconds", "Age of the oldest tick still owed", registry=self.registry)
        self.job_seconds = Histogram("precall_job_seconds", "Time a job took", ["job"], registry=self.registry)
        self.feed_last_seen = Gauge(
            "precall_feed_last_seen_timestamp_seconds", "When the newest file came", ["feed"], registry=self.registry
        )
        self.feed_rows = Counter("precall_feed_rows", "Rows of counters read", ["feed"], registry=self.registry)
        self.feed_findings = Counter("precall_feed_findings", "Findings in what was read", ["feed"], registry=self.registry)
        self.feed_silent = Gauge(
            "precall_feed_silent_parts", "Parts of the feed that are silent now", ["feed"], registry=self.registry
        )
        self.feed_silent_objects = Gauge(
            "precall_feed_silent_objects", "Measured objects without data now", ["feed"], registry=self.registry
        )
        self.job_failures = Counter("precall_job_failures", "Jobs that ended with an error", ["job"], registry=self.registry)
        self.job_overdue = Counter("precall_job_overdue", "Runs over their deadline", ["job"], registry=self.registry)

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
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # the daemon tells of failures itself, in one line
