"""One HTTP exchange with a receiver of alerts: what is sent, by which way, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """One HTTP POST as it goes out. `reads_answer`: the first words of a 2xx count as well; of a refusal they always do."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    reads_answer: bool = False


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: `headers` with names in lower case, `excerpt` the first words of its body on one line, `origin` the
    scheme, host and port that answered, fit to be shown."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    excerpt: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Route:
    """How a receiver is reached. `ca_file`: the authority that signs its certificate, empty = the public ones. `proxy`: an
    address, http or https, through which the connection goes. `private`: it may be in a private network."""

    ca_file: str = ""
    proxy: str = field(default="", repr=False)
    private: bool = False


DIRECT = Route()


class Transport(Protocol):
    """Carries one request. Several threads may send at once."""

    def send(self, request: Request, route: Route) -> Answer:
        """Returns whatever was answered. Raises Transient if nothing was, Misconfigured if nothing may be posted there."""
        ...

    def cancel(self) -> None:
        """Ends what is under way and sends no more: the service stops. Returns at once."""
        ...
