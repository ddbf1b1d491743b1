"""What a kind of receiver is: the interface that each module of `detector.delivery.receivers` implements."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict

from detector.domain.alert import Alert
from detector.domain.transport import Answer, Request, Route

MAX_BYTES = 20_000
"""Every body is smaller (CONTRACTS.md section 5)."""
TEST_TEXT = "This is a test message of precall. Nobody is affected, and nothing is to be done."

Result = Literal["delivered", "retry", "permanent", "gone"]


@dataclass(frozen=True)
class Verdict:
    """What an answer means for the alert: it was `delivered`; it is sent again (`retry`, not before `retry_after_s`, None =
    the schedule's own wait); it is never taken (`permanent`); no alert ever is (`gone`). `reason` and `mend` are one line,
    empty when delivered."""

    result: Result
    reason: str = ""
    mend: str = ""
    retry_after_s: float | None = None


class ReceiverSettings(BaseModel):
    """The keys of one [[receivers]] entry that every kind has; a kind adds its own in a subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str = "cloudevents"
    """Which module of `detector.delivery.receivers` serves it."""
    format: str = ""
    """The older name of `kind`."""
    min_severity: Literal["warning", "minor", "major", "critical"] = "warning"
    teams: tuple[str, ...] = ()
    audience: Literal["care", "operations"] = "care"
    """care: alerts about incidents; operations: alerts about feeds that fall silent."""

    def with_secrets(self, where: str) -> Self:
        """The same with the secrets that it names by file, read. Raises Misconfigured, which begins with `where`."""
        return self


class ReceiverKind(ABC):
    """A configured receiver of one kind: what its alerts look like, how a request is authenticated, what answers mean.

    To add a kind, write one module with one subclass and one line of `detector.delivery.receivers.RECEIVERS`; the relay,
    the lanes, the transport, the back-off and the breaker serve it as they are. `tests/contracts/test_receivers.py` holds it
    to its promises: the same alert gives the same bytes, fewer than `MAX_BYTES`, without a subscriber's identity; the
    request carries the alert's key over all attempts.
    """

    settings_model: ClassVar[type[ReceiverSettings]]
    documentation: ClassVar[str]
    """What it is sent and how the receiver recognises the sender, in one line of docs/reference/configuration.md."""
    example: ClassVar[Mapping[str, Any]]
    """The kind's own required keys, as somebody would write them."""

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """`settings`: an instance of the kind's `settings_model`, with its secrets read."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens: a receiver that is gone is gone at this address."""

    @property
    @abstractmethod
    def route(self) -> Route: ...

    @abstractmethod
    def body(self, alert: Alert, source: str) -> bytes:
        """The bytes that the alert's key means from its first attempt on. `source`: URI reference of this installation.
        Raises Permanent if they do not fit."""

    @abstractmethod
    def test_body(self, key: str, receiver: str, source: str, at: float) -> bytes:
        """A message at `at` (s) that only tests the connection to the receiver of this name, as its text states
        (`TEST_TEXT`)."""

    @abstractmethod
    def request(self, key: str, body: bytes, *, wall_now: float) -> Request:
        """One attempt, authenticated at `wall_now` (s, wall time). `key` is the receiver's idempotency key. Raises
        Misconfigured for a secret that cannot be used."""

    @abstractmethod
    def verdict(self, answer: Answer, *, wall_now: float) -> Verdict:
        """What the receiver's answer to a request means."""

    @abstractmethod
    def check(self) -> None:
        """Raises Misconfigured for an address or a secret that could never work. Sends nothing and looks nothing up."""
