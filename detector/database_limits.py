"""How long a database may take: limits of the connections, and the deadline of the caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from time import monotonic

_answer_by: ContextVar[float] = ContextVar("answer_by", default=inf)


@dataclass(frozen=True, kw_only=True)
class DatabaseLimits:
    """Keys of [storage], all in s. The server keeps the first four, as long as it runs; `connect_timeout_s` and
    `answer_s`, which also hold where it is frozen, are kept here. Source of the names: PostgreSQL, libpq-connect and
    runtime-config-client."""

    connect_timeout_s: float = 5.0
    statement_timeout_s: float = 30.0
    lock_timeout_s: float = 20.0
    idle_in_transaction_timeout_s: float = 300.0

    @property
    def answer_s(self) -> float:
        """So long one statement is waited for: the server has had its own limit, and the network a few seconds."""
        return self.statement_timeout_s + self.connect_timeout_s


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Every database operation in this block, by this thread or task, fails with Transient after `seconds` in all.
    A block inside another one ends no later than that."""
    token = _answer_by.set(min(_answer_by.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _answer_by.reset(token)


@contextmanager
def no_limit() -> Iterator[None]:
    """What may take its time: a migration, a file written anew."""
    token = _answer_by.set(-inf)
    try:
        yield
    finally:
        _answer_by.reset(token)


def left_s(limit_s: float) -> float:
    """Seconds that one call of the database may still take, of `limit_s` at most; inf in a block without limit."""
    by = _answer_by.get()
    return inf if by == -inf else min(limit_s, max(0.0, by - monotonic()))
