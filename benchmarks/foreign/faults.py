"""What is wrong, where and when: the truth of an operator."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.foreign.events import Event
from benchmarks.foreign.grid import HOUR_S, Floats, Grid, Ints
from benchmarks.foreign.network import Network
from benchmarks.foreign.scenario import DAY_S

APART_S = 5 * HOUR_S
"""Between two faults of one cell. Chosen: longer than a degradation takes to clear."""
LEAST_ATTEMPTS = 40.0
"""Mean attempts a quarter of an hour of a cell, for faults that fail a share of them. Chosen: people feel it there."""
MILD = 0.05
"""Extra share of failures under which a fault is called mild. Chosen: as in the bench's other family."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`process`: what fails, of `events.PROCESSES`; `extra`: share of it that fails on top, or of the throughput that is
    lost; None where service is taken away. `silent`: "" reports zeros and unavailability, "idle" reports zeros as if all
    were well, "gone" reports nothing. `nf`: the core function at fault. `ramp`: grows from nothing to `extra`."""

    fault_id: str
    kind: str
    cells: Ints
    start: int
    end: int
    process: str = ""
    extra: float | None = None
    silent: str = ""
    nf: str = ""
    ramp: bool = False
    affects: bool = True
    works: bool = False

    @property
    def severity(self) -> str:
        if self.extra is not None and self.process != "speed" and self.extra < MILD:
            return "mild"
        return "sharp"

    @property
    def takes_service(self) -> bool:
        return self.kind in {"outage", "sleeping"}


Draw = Callable[[np.random.Generator, "Places"], Fault | None]


@dataclass(frozen=True, eq=False)
class Places:
    """Where faults may be put. `load`: [step, cell] attempts a quarter of an hour."""

    grid: Grid
    network: Network
    load: Floats
    since: int
    until: int

    def time(self, rng: np.random.Generator, hours: tuple[float, float]) -> tuple[int, int]:
        """A start by day and an end, the length drawn evenly on a logarithmic scale."""
        length = int(np.exp(rng.uniform(*np.log(hours))) * HOUR_S * self.grid.scenario.longer)
        for _ in range(60):
            start = int(rng.uniform(self.since + HOUR_S, max(self.until - length, self.since + HOUR_S + 1)))
            span, _ = self.grid.share(start, start + 1)
            if self.grid.second[span.start] >= 6.5 * HOUR_S:
                break
        return start, min(start + length, self.until)

    def attempts(self, start: int, end: int) -> Floats:
        """[cell] mean attempts a quarter of an hour in [start, end)."""
        span, _ = self.grid.share(start, end)
        return np.asarray(self.load[span].mean(axis=0) * 900 / self.grid.step_s, np.float64)

    def loaded(self, rng: np.random.Generator, start: int, end: int, least: float = LEAST_ATTEMPTS) -> Ints:
        """A cell with enough to do then, as an array; empty if there is none."""
        own = np.flatnonzero((self.attempts(start, end) >= least) & ~self.network.capacity)
        return np.array([rng.choice(own)]) if len(own) else own


def drawn(grid: Grid, network: Network, load: Floats, events: Sequence[Event]) -> tuple[Fault, ...]:
    """Faults of the replay at the scenario's rate, half as many in history, and the works among `events`, which no customer
    is to be told of."""
    scenario = grid.scenario
    found = [
        Fault(fault_id=f"w{n:03d}", kind="outage", cells=e.cells, start=e.start, end=e.end, affects=False, works=True)
        for n, e in enumerate(events)
        if e.kind == "works"
    ]
    if not scenario.fault_rate:
        return tuple(found)
    parts = ((scenario.start, scenario.replay_from, 0.5), (scenario.replay_from, scenario.end, 1.0))
    avoided = [e for e in events if e.kind in {"gap", "match"}]
    for first, last, share in parts:
        rng = scenario.rng(f"faults from {first}")
        places = Places(grid, network, load, first, last)
        wanted = round(scenario.fault_rate / 1000 * len(network.cells) * (last - first) / (7 * DAY_S) * share)
        found += _some(rng, places, wanted, found, avoided)
        found += list(_stops(scenario.rng(f"stops from {first}"), places))
    if (
        scenario.period_s == DAY_S
    ):  # what ended early in a day is known too late to match: CONTRACTS section 4 allows an hour
        found = [f if f.works else replace(f, end=-(-f.end // DAY_S) * DAY_S) for f in found]
    ordered = sorted(found, key=lambda f: (f.start, f.works, int(f.cells[0])))
    return tuple(_named(f, n) for n, f in enumerate(ordered, 1))


def _named(fault: Fault, number: int) -> Fault:
    return replace(fault, fault_id=f"{'w' if fault.works else 'f'}{number:04d}")


def _some(
    rng: np.random.Generator, places: Places, wanted: int, others: Sequence[Fault], avoided: Sequence[Event]
) -> list[Fault]:
    """First the wide ones, one of each, then single cells by weight."""
    wide = [_core, _half, _gone_site, _idle_site, _software, _hub]
    kinds = list(SINGLE)
    weights = np.array([SINGLE[k] for k in kinds])
    draws: list[Draw] = [*(w for w in wide if rng.random() < 0.8), *kinds]
    draws += [kinds[i] for i in rng.choice(len(kinds), max(wanted - len(draws), 0), p=weights / weights.sum())]
    found: list[Fault] = []
    near: list[Fault | Event] = [*others, *avoided]
    for draw in draws[: max(wanted, 3)]:
        for _ in range(40):
            fault = draw(rng, places)
            if fault is not None and not any(_near(fault, f) for f in near):
                found.append(fault)
                near.append(fault)
                break
    return found


def _near(one: Fault, other: Fault | Event) -> bool:
    close = one.start < other.end + APART_S and other.start < one.end + APART_S
    return close and bool(np.isin(one.cells, other.cells).any())


def _fails(kind: str, process: str, sizes: tuple[float, float], hours: tuple[float, float]) -> Draw:
    """A draw of a fault of one cell in which a share of `process` fails."""

    def draw(rng: np.random.Generator, places: Places) -> Fault | None:
        start, end = places.time(rng, hours)
        extra = float(np.exp(rng.uniform(*np.log(sizes))))
        cells = places.loaded(rng, start, end, LEAST_ATTEMPTS * (1 if extra >= MILD else 2.5))
        if not len(cells):
            return None
        own = str(rng.choice(process.split()))
        return Fault(
            fault_id="", kind=kind, cells=cells, start=start, end=end, process=own, extra=extra, ramp=kind == "drift"
        )

    return draw


def _outage(rng: np.random.Generator, places: Places) -> Fault | None:
    start, end = places.time(rng, (0.5, 5))
    cells = places.loaded(rng, start, end, 20)
    silent = str(rng.choice(["", "", "idle", "gone"]))
    return Fault(fault_id="", kind="outage", cells=cells, start=start, end=end, silent=silent) if len(cells) else None


def _sleeping(rng: np.random.Generator, places: Places) -> Fault | None:
    start, end = places.time(rng, (1.5, 6))
    cells = places.loaded(rng, start, end)
    return Fault(fault_id="", kind="sleeping", cells=cells, start=start, end=end, silent="idle") if len(cells) else None


def _glitch(rng: np.random.Generator, places: Places) -> Fault | None:
    """Over within one period, and nobody minds."""
    start, _ = places.time(rng, (1, 2))
    start -= start % 900
    cells = places.loaded(rng, start, start + 600)
    if not len(cells):
        return None
    return Fault(
        fault_id="", kind="glitch", cells=cells, start=start, end=start + 600, process="rrc", extra=0.3, affects=False
    )


def _site(rng: np.random.Generator, places: Places, silent: str) -> Fault | None:
    start, end = places.time(rng, (0.75, 4))
    cells = places.network.of_site(int(rng.integers(len(places.network.sites))))
    if places.attempts(start, end)[cells].sum() < 3 * LEAST_ATTEMPTS:
        return None
    return Fault(fault_id="", kind="outage", cells=cells, start=start, end=end, silent=silent)


def _gone_site(rng: np.random.Generator, places: Places) -> Fault | None:
    return _site(rng, places, "gone")


def _idle_site(rng: np.random.Generator, places: Places) -> Fault | None:
    return _site(rng, places, "idle")


def _hub(rng: np.random.Generator, places: Places) -> Fault | None:
    """A small hub is cut off: its sites report nothing, or zeros."""
    start, end = places.time(rng, (0.75, 3))
    cells = np.flatnonzero(places.network.hub == rng.integers(1, places.network.hub_of.max() + 1))
    return Fault(fault_id="", kind="outage", cells=cells, start=start, end=end, silent=str(rng.choice(["idle", "gone"])))


def _half(rng: np.random.Generator, places: Places) -> Fault | None:
    """Throughput behind the widest hub is cut."""
    start, end = places.time(rng, (1, 4))
    cells, extra = np.flatnonzero(places.network.hub == 0), float(rng.uniform(0.4, 0.65))
    return Fault(fault_id="", kind="throughput", cells=cells, start=start, end=end, process="speed", extra=extra)


def _core(rng: np.random.Generator, places: Places) -> Fault | None:
    """A core function refuses a part of everything for about an hour."""
    start, end = places.time(rng, (0.6, 1.8))
    own = [n for n, kind, _ in places.network.functions if kind in {"AMF", "MME", "SMF"}]
    nf, extra = str(rng.choice(own)), float(rng.uniform(0.12, 0.6))
    cells = np.flatnonzero(places.network.served(nf))
    if not len(cells):
        return None
    return Fault(fault_id="", kind="core", cells=cells, start=start, end=end, process="context", extra=extra, nf=nf)


def _software(rng: np.random.Generator, places: Places) -> Fault | None:
    """A release loaded at night onto some sites of one vendor loses connections until it is taken back."""
    nights = places.grid.midnights(places.since, places.until - DAY_S)
    vendor = str(rng.choice(places.network.vendor))
    sites = np.unique(places.network.site[np.array(places.network.vendor) == vendor])
    own = rng.choice(sites, min(4, len(sites)), replace=False)
    if not nights:
        return None
    start = int(rng.choice(nights)) + int(rng.uniform(1.5, 3) * HOUR_S)
    end = min(start + int(rng.uniform(12, 26) * HOUR_S), places.until)
    cells, extra = np.flatnonzero(np.isin(places.network.site, own)), float(rng.uniform(0.03, 0.12))
    process = str(rng.choice(["drop", "bearer"]))
    return Fault(fault_id="", kind="software", cells=cells, start=start, end=end, process=process, extra=extra)


def _stops(rng: np.random.Generator, places: Places) -> Iterator[Fault]:
    """Short stops of flaky cells, twice a week each; of LTE, for no counter of NR gives seconds out of service."""
    share, lte = places.grid.scenario.flaky, places.network.lte
    flaky = lte & (places.grid.scenario.rng("flaky").random(len(lte)) < share / max(float(lte.mean()), share))
    for cell in np.flatnonzero(flaky):
        for _ in range(rng.poisson(2 * (places.until - places.since) / (7 * DAY_S))):
            start = int(rng.uniform(places.since, places.until - HOUR_S))
            end = start + int(rng.uniform(20, 60) * 60)
            yield Fault(fault_id="", kind="outage", cells=np.array([cell]), start=start, end=end)


SINGLE: dict[Draw, float] = {
    _outage: 0.16,
    _sleeping: 0.12,
    _fails("access", "rrc context", (0.04, 0.5), (0.75, 5)): 0.16,
    _fails("setup", "bearer", (0.04, 0.4), (0.75, 5)): 0.12,
    _fails("drop", "drop", (0.03, 0.3), (1, 6)): 0.12,
    _fails("handover", "handover", (0.08, 0.5), (1, 6)): 0.08,
    _fails("throughput", "speed", (0.4, 0.8), (1, 5)): 0.1,
    _fails("drift", "rrc context bearer drop", (0.04, 0.12), (10, 30)): 0.06,
    _glitch: 0.04,
}
"""Faults of one cell and how often each is drawn. Chosen: the shares of the issue's held-out operators, as far as known."""
