"""Tables that are read by themselves: one that has become unusable costs itself alone, and what was read of it before
counts."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import tzinfo
from pathlib import Path
from typing import Any, Protocol, TypeVar

from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.sources.budget import FileBudget, spending
from detector.sources.read_errors import is_environmental, unexpected
from detector.sources.records import Record, of_people, table

Noun = TypeVar("Noun")
NEEDED = ("cells", "contacts", "surveys", "subscriber_events")
"""Of these nothing must be taken for none: counters that are measured without cells are lost, and so are rows by which a
pointer has passed. Callers wait until the table is corrected."""
KEPT = "what was read before still counts"
NOT_KNOWN = "nothing of it is known until it is mended"


class ReadTable(Protocol):
    """The rows of one table of a dataset, as `records.table` reads them."""

    def __call__(
        self,
        root: Path,
        stem: str,
        required: Sequence[str],
        make: Callable[[Record], Noun],
        zone: tzinfo,
        findings: Findings,
    ) -> list[Noun]: ...


class LastGood:
    """Reads tables, and keeps the rows of each until it has read better ones.

    `refused(error, what is known instead)` is called for each that cannot be read. Raises Misconfigured for a table of
    NEEDED of which nothing was ever read. `hindered`: a table could not be read for a reason outside it, since this was set
    to False.
    """

    def __init__(self, refused: Callable[[Misconfigured, str], None], budget: FileBudget | None = None) -> None:
        self._refused, self._budget = refused, budget
        self._good: dict[str, list[Any]] = {}
        self.hindered = False

    def table(
        self,
        root: Path,
        stem: str,
        required: Sequence[str],
        make: Callable[[Record], Noun],
        zone: tzinfo,
        findings: Findings,
    ) -> list[Noun]:
        found = Findings()
        try:
            with spending(stem, self._budget) if self._budget is not None else nullcontext():
                rows = table(root, stem, required, make, zone, found)
        except Exception as error:  # noqa: BLE001  a reader's own mistake costs this table, never the others
            return self._instead(stem, _refusal(stem, error))
        findings.extend(found)
        self._good[stem] = rows
        return rows

    def _instead(self, stem: str, error: Misconfigured) -> list[Any]:
        self.hindered |= is_environmental(error)
        if stem not in self._good and stem in NEEDED:
            raise error
        self._refused(error, KEPT if stem in self._good else NOT_KNOWN)
        return self._good.get(stem, [])


def _refusal(stem: str, error: Exception) -> Misconfigured:
    """The error as the operator has to mend it."""
    if isinstance(error, Misconfigured):
        return error
    found = unexpected(error, f"{stem}.csv", private=of_people(stem))
    refusal = Misconfigured(found.what, where=found.where, mend=found.mend)
    refusal.__cause__ = error
    return refusal
