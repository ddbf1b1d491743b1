"""What pages, API and command line ask of a wired house."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from detector.app import House
from detector.domain.ports import Reference
from detector.web.store_service import StoreService

if TYPE_CHECKING:
    from detector.web.store_desk import StoreDesk


def questions_of(
    house: House,
    problems: Callable[[], Sequence[str]] = list,
    reference: Callable[[], Reference] | None = None,
    metrics: Callable[[], str] | None = None,
) -> StoreService:
    """What pages, API and command line ask of the house. `metrics`: the daemon's, where another process has them."""
    return StoreService(
        store=house.store,
        source=lambda: house.source,
        catalogue=lambda: house.catalogue,
        settings=house.settings,
        clock=house.clock,
        pseudonymiser=house.pseudonymiser,
        metrics_text=metrics or (lambda: house.telemetry.text()),
        problems=problems,
        reference=reference,
    )


def desk_of(house: House) -> "StoreDesk":
    """What care teams tell and ask beside the incident."""
    from detector.web.store_desk import StoreDesk  # with the reports, which a lookup does not need

    return StoreDesk(house.store, house.source, house.settings, house.clock, house.pseudonymiser)
