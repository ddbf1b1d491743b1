"""What receivers over HTTP have in common: the keys of their address, what their status codes mean, Retry-After."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

from pydantic import Field

from detector.delivery.kind import ReceiverKind, ReceiverSettings, Verdict
from detector.domain.transport import Answer, Route
from detector.domain.window import epoch

TRANSIENT = frozenset({408, 425, 429})
"""Refusals that pass with time (RFC 9110, RFC 8470, RFC 6585); so do all of 500 to 599."""
GONE = 410
"""Status "gone" (RFC 9110, 15.5.11)."""
MOST_RETRY_AFTER_DIGITS = 9
"""Digits of Retry-After that are read. Chosen: thirty years of seconds; `delivery.backoff` waits for a day at most."""


class HttpSettings(ReceiverSettings):
    """The keys of a receiver that is posted to over HTTP."""

    url: str
    private: bool = False
    """It may be in a private network: 10.0.0.0/8 and the like."""
    ca_file: str = ""
    """PEM file of the authority that signs its certificate; empty: the public ones."""
    proxy: str = Field(default="", repr=False)
    """http://host:port or https://host:port, through which it is reached; may hold a name and a password."""


S = TypeVar("S", bound=HttpSettings)


class HttpKind(ReceiverKind, Generic[S]):
    """A kind over HTTP, whose answers mean what their status codes state unless it overrides them."""

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @property
    def url(self) -> str:
        return self.settings.url

    @property
    def route(self) -> Route:
        return Route(self.settings.ca_file, self.settings.proxy, self.settings.private)

    def verdict(self, answer: Answer, *, wall_now: float) -> Verdict:
        return meaning_of_status(answer, wall_now=wall_now)

    def check(self) -> None:
        from detector.delivery.address import check_proxy, check_url  # slow to import, and settings import this module
        from detector.delivery.transport import authorities_of

        check_url(self.url, private=self.route.private)
        if self.route.proxy:
            check_proxy(self.route.proxy)
        authorities_of(self.route.ca_file)


def meaning_of_status(answer: Answer, *, wall_now: float) -> Verdict:
    """What a status code means by RFC 9110 and Standard Webhooks 1.0: 2xx is delivered, 410 gone, 408, 425, 429 and 5xx are
    sent again, all else never. `wall_now` (s): the wall time that a Retry-After with a date is compared with.

    >>> [meaning_of_status(Answer(status), wall_now=0).result for status in (204, 503, 404, 410)]
    ['delivered', 'retry', 'permanent', 'gone']
    """
    status = answer.status
    if 200 <= status < 300:
        return Verdict("delivered")
    reason = f"answered {status}" + (f" ({answer.excerpt})" if answer.excerpt else "")
    if status in TRANSIENT or status >= 500:
        wait_s = retry_after_s(answer.headers.get("retry-after", ""), now=wall_now)
        return Verdict("retry", reason, retry_after_s=wait_s)
    if status == GONE:
        return Verdict("gone", reason, "the receiver wants no more alerts: it is switched off")
    if 300 <= status < 400:
        return Verdict("permanent", f"answered {status}", "redirects are not followed: name the final address")
    return Verdict("permanent", reason)


def retry_after_s(value: str, *, now: float) -> float | None:
    """Seconds to wait, from RFC 9110's Retry-After: seconds or an HTTP date; None if it is neither.

    >>> retry_after_s("120", now=0), retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now=10), retry_after_s("soon", now=0)
    (120.0, 50.0, None)
    """
    if value.isascii() and value.isdigit():
        return float(value[:MOST_RETRY_AFTER_DIGITS])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):  # a year of twenty digits is one of them
        return None
    return max(0.0, float(epoch(at if at.tzinfo else at.replace(tzinfo=UTC))) - now)
