"""The services of pages, API and command line of a wired app."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from detector.app import App
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.web.store_service import StoreService

if TYPE_CHECKING:
    from detector.reports import Report
    from detector.web.store_care_service import StoreCareService


def web_service_of(
    app: App,
    problems: Callable[[], Sequence[str]] = list,
    reference: Callable[[], Reference] | None = None,
    metrics: Callable[[], str] | None = None,
) -> StoreService:
    """The services of pages, API and command line. `metrics`: the daemon's, where another process has them."""
    return StoreService(
        store=app.store,
        source=lambda: app.feeds,
        catalogue=lambda: app.catalogue,
        settings=app.settings,
        clock=app.clock,
        pseudonymiser=app.pseudonymiser,
        metrics_text=metrics or (lambda: app.telemetry.text()),
        problems=problems,
        reference=reference,
    )


def care_service_of(app: App) -> "StoreCareService":
    """The requests of care teams beside the incident."""
    from detector.web.store_care_service import StoreCareService  # with the reports, which a lookup does not need
    from jobs.reporting import report

    def make_report(name: str, /, *, now: int, window: Window, step: str) -> "Report":
        return report(name, app.feeds, app.store, app.settings, now=now, window=window, step=step)

    return StoreCareService(app.store, app.feeds, app.clock, app.pseudonymiser, make_report)
