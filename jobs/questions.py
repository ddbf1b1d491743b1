"""What pages, API and command line ask of a wired house."""

from collections.abc import Callable, Sequence

from detector.app import House
from detector.domain.ports import Reference
from detector.web.store_service import StoreService


def questions_of(
    house: House, problems: Callable[[], Sequence[str]] = list, reference: Callable[[], Reference] | None = None
) -> StoreService:
    """What pages, API and command line ask of the house."""
    return StoreService(
        house.store, lambda: house.source, lambda: house.catalogue, house.settings, house.clock, house.pseudonymiser,
        lambda: house.telemetry.text(), problems, reference,
    )  # fmt: skip
