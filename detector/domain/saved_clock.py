"""The accepted clock, as it is kept over a restart of the service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedClock:
    """Time `at` (s, event time) belongs to `steady` (s, monotonic) of the start of the machine that `boot` names.
    `borne_out`: data have agreed with it, last at `sure_at` (s). A jump that is not accepted yet began at `jump_since` (s,
    steady) with the reading `jump_to` where `jump_at` was expected; `jump_newest`: end of the newest data then; None =
    there is none."""

    boot: str
    at: float
    steady: float
    borne_out: bool = False
    sure_at: float = 0.0
    jump_since: float | None = None
    jump_at: float | None = None
    jump_to: float | None = None
    jump_newest: float | None = None
    jump_reported: bool = False
