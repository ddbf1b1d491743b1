"""Values that change at known instants, so that a second request is cheap and gives the same object."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Timeline(Generic[Value]):
    """`build(now)` may change its answer only at `changes` (s); between two of them it is called once.

    >>> state = Timeline([10, 20], lambda now: f"as of {now}")
    >>> state.at(12) is state.at(19), state.at(20)
    (True, 'as of 20')
    """

    def __init__(self, changes: Iterable[int | None], build: Callable[[float], Value]) -> None:
        self._changes = sorted({c for c in changes if c is not None})
        self._build = build
        self._held: tuple[int, Value] | None = None

    def at(self, now: float) -> Value:
        index = bisect_right(self._changes, now)
        if self._held is None or self._held[0] != index:
            self._held = index, self._build(now)
        return self._held[1]


def holds(since: int | None, until: int | None, now: float) -> bool:
    """Whether `[since, until)` has begun and not ended; None = open."""
    return (since is None or since <= now) and (until is None or now < until)
