"""What really happened: faults, who suffered, who complained. Only the scorer of a backtest sees it, never a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from detector.domain.window import Window

SUFFERED_DEGRADED_S = 300.0
"""CONTRACTS section 4: a person suffered with one own failure, or with this many degraded seconds."""


@dataclass(frozen=True)
class Fault:
    """`scopes` are the objects that it hit, each in its own window. `severity` is empty where truth is silent."""

    fault_id: str
    kind: str
    scopes: tuple[tuple[str, Window], ...]
    customer_affecting: bool = True
    severity: str = ""

    @cached_property
    def window(self) -> Window:
        """From its first start to its last end, over all objects."""
        return Window(min(w.start for _, w in self.scopes), max(w.end for _, w in self.scopes))


@dataclass(frozen=True)
class Complaint:
    """A contact of category network or empty. `cell_id` is the contact's own; else `attachments` say where the sender was
    in the two hours before: (cell, window). `subscriber` is a pseudonym, empty for a social post without one."""

    contact_id: str
    at: int
    subscriber: str = ""
    cell_id: str = ""
    attachments: tuple[tuple[str, Window], ...] = ()


@dataclass(frozen=True)
class Truth:
    """None = the dataset does not say, so that figures which need it are unknown, never zero.

    `sufferers`: fault id -> pseudonyms of those with an own failure or SUFFERED_DEGRADED_S degraded seconds in it.
    """

    faults: tuple[Fault, ...] | None = None
    sufferers: Mapping[str, frozenset[str]] | None = None
    complaints: tuple[Complaint, ...] | None = None

    @cached_property
    def fault(self) -> Mapping[str, Fault]:
        return {f.fault_id: f for f in self.faults or ()}
