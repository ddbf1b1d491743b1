"""Verdicts of many operators as figures with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.quality.verdict import Found, Verdict
from detector.backtest.intervals import Figure, mean, quantile, rate, share

FELT = 0.05
"""Extra failures from which on a fault has to be found at once."""


Trait = Callable[[Found], bool]


def anything(_: Found) -> bool:
    return True


@dataclass(frozen=True)
class Pool:
    """Everything that one way, at one threshold, did in one scenario."""

    verdicts: tuple[Verdict, ...]

    @cached_property
    def faults(self) -> tuple[Found, ...]:
        return tuple(f for v in self.verdicts for f in v.faults)

    @property
    def exposure(self) -> float:
        return sum(v.exposure for v in self.verdicts)

    @property
    def false(self) -> Figure:
        return rate(sum(v.false for v in self.verdicts), self.exposure)

    @property
    def in_works(self) -> int:
        return sum(v.in_works for v in self.verdicts)

    @property
    def series_per_second(self) -> float | None:
        """Of one core: a series is learned and then scored over all the replayed periods."""
        seconds = sum(v.seconds for v in self.verdicts)
        return sum(v.series for v in self.verdicts) / seconds if seconds else None

    @property
    def incidents(self) -> Figure:
        return mean([f.incidents for f in self.faults if f.delay is not None])

    def recall(self, which: Trait = anything) -> Figure:
        own = [f for f in self.faults if which(f)]
        return share(sum(f.delay is not None for f in own), len(own))

    def delay(self, q: float, which: Trait = anything) -> Figure:
        """Minutes."""
        return quantile([f.delay / 60 for f in self.faults if f.delay is not None and which(f)], q)

    def kinds(self) -> list[str]:
        return sorted({f.kind for f in self.faults})


def sharp(found: Found) -> bool:
    """It is to be found at once: service is gone, or 5 % and more fail on top; a drift grows for days."""
    return found.kind != "drift" and (found.extra is None or found.extra >= FELT)


def milder(found: Found) -> bool:
    return found.kind != "drift" and not sharp(found)


def of_kind(kind: str) -> Trait:
    return lambda found: found.kind == kind


def of_size(least: float, most: float) -> Trait:
    """By extra share of failures."""
    return lambda found: found.extra is not None and least <= found.extra <= most


def pooled(verdicts: Sequence[Verdict]) -> dict[tuple[str, str, str], Pool]:
    """(way, line, scenario) -> its pool."""
    rows: dict[tuple[str, str, str], list[Verdict]] = {}
    for one in verdicts:
        rows.setdefault((one.way, one.line, one.scenario), []).append(one)
    return {key: Pool(tuple(own)) for key, own in rows.items()}
