"""What goes wrong: a fault, and the interface of its kind, which each module of `detector.simulator.faults` implements."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from detector.simulator.topology import Network

if TYPE_CHECKING:
    from detector.simulator.effects import Effects, Span

ScopeKind = Literal["cell", "site", "hub", "software", "nf"]
Topic = Literal["dead", "refused", "cut", "slow"]


@dataclass(frozen=True)
class AlarmPattern:
    """How equipment reports a fault of a kind, as an ITU-T X.733 alarm: with this `chance`, severity and text."""

    chance: float
    severity: str = "minor"
    text: str = "Performance degraded"


class FaultKind(ABC):
    """One kind of fault: where and how long it strikes, what it does to counters and people, who reports it.

    To add a kind, write one module with one subclass and one line of `detector.simulator.faults.FAULT_KINDS`; counters,
    alarms, tickets, suffering and complaints follow from it. `tests/contracts/test_faults.py` holds it to its promises.
    """

    name: ClassVar[str]
    """`kind` in truth.csv."""
    weight: ClassVar[float] = 1.0
    """How often it is drawn beside the other kinds."""
    scopes: ClassVar[tuple[ScopeKind, ...]] = ("cell",)
    """What it strikes as a whole; one is drawn, so one that stands twice is twice as likely."""
    hours: ClassVar[tuple[float, float]] = (1, 12)
    """Shortest and longest, drawn evenly over the logarithm."""
    network_wide: ClassVar[bool] = False
    """It touches most of the network, and is kept apart in time from its like alone."""
    customer_affecting: ClassVar[bool] = True
    can_hide: ClassVar[bool] = False
    """In half of the cases its rows do not arrive at all, and no alarm does."""
    alarm: ClassVar[AlarmPattern | None] = None
    """None: equipment never reports it, and the operations centre opens no ticket."""
    fails: ClassVar[bool] = True
    """People behind its cells meet the failures that it adds."""
    slows: ClassVar[bool] = False
    """People behind its cells are degraded while data crawls."""
    topic: ClassVar[Topic] = "dead"
    """What it is to a customer who complains: a topic of `detector.simulator.complaint_texts`."""

    @abstractmethod
    def apply(self, effects: "Effects", fault: "Fault", span: "Span", network: Network) -> None:
        """Adds the fault's effect to the arrays of effects, over the periods of `span` and the cells of the fault."""

    def start(self, start: int, length_s: int, rng: np.random.Generator) -> int:
        """Where a fault drawn to begin at `start` (s) begins; draws from `rng` only if it moves it."""
        return start


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One cause over [start, end) s. cells: indices of those touched; nf: index of the core function, -1 if none.

    severity: extra share of failures (or its like). hidden: its rows do not arrive at all. works: it is declared
    maintenance, `promised_end` being what was declared.
    """

    fault_id: str
    kind: FaultKind
    scope_kind: str
    scope_id: str
    cells: tuple[int, ...]
    start: int
    end: int
    severity: float
    nf: int = -1
    hidden: bool = False
    works: bool = False
    promised_end: int = 0

    @property
    def customer_affecting(self) -> bool:
        return self.kind.customer_affecting and not self.works
