"""API and pages for care: who is affected, since when, how sure, and what to say."""

from detector.web.application import create_app
from detector.web.service import CareView, Listed, ListedPage, Update, WebService

__all__ = ["CareView", "Listed", "ListedPage", "Update", "WebService", "create_app"]
