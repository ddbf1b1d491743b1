"""A daemon that works on the store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DaemonLease:
    """Process `pid` on `host` answers at `url`; `at`: its last renewal (s, wall). `name`: its own, unique."""

    name: str
    host: str
    pid: int
    url: str
    at: float

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, {self.url}"
