"""What a source yields: counters as the file states them, not interpreted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CommaList:
    """A counter whose texts had commas: an example, and which rows. Whether it is a histogram follows from the catalogue."""

    example: str
    rows: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class CounterBatch:
    """Rows of one block of one file that share a period and their counter names.

    `values[row, counter]`, NaN = NULL. `objects` are raw: an LDN as in the file (`managed_element` in front where the
    file has one apart), or an id; a dimension follows after `#`. Counter names are the file's own; one of `lists` stands as
    `NAME.0`, `NAME.1` and so on.
    """

    file: str
    start: int
    duration_s: int
    objects: tuple[str, ...]
    counters: tuple[str, ...]
    values: NDArray[np.float64]
    suspect: NDArray[np.bool_]
    managed_element: str = ""
    lists: Mapping[str, CommaList] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.objects), len(self.counters)) or self.suspect.shape != (len(self.objects),):
            raise ValueError(f"{self.file}: {self.values.shape} values for {len(self.objects)} x {len(self.counters)}")
