"""API and pages for care: who is affected, since when, how sure, and the sentences."""

from typing import TYPE_CHECKING

from detector.exports import on_demand

if TYPE_CHECKING:
    from detector.web.application import create_app
    from detector.web.service import AffectedPage, AffectedPerson, CareView, Update, WebService

__all__ = ["AffectedPage", "AffectedPerson", "CareView", "Update", "WebService", "create_app"]
__getattr__ = on_demand(
    __name__,
    {"application": ["create_app"], "service": ["AffectedPage", "AffectedPerson", "CareView", "Update", "WebService"]},
)
