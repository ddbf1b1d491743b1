"""Sites, cells, hubs and core functions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.grid import Floats, Ints
from benchmarks.foreign.scenario import Scenario

SHAPES = ("residential", "commuter", "office", "highway", "factory", "stadium")
SHAPE_WEIGHTS = (0.36, 0.22, 0.2, 0.12, 0.07, 0.03)
VENDORS = ("alder", "birch", "cedar")


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """One row a cell unless said otherwise. `capacity`: a second carrier that only carries what the first cannot.
    `hub_of`, `shape_of`, `x`, `y`: of each site, km. `near`: [cell, 4] cells of other sites."""

    cells: tuple[str, ...]
    site: Ints
    sites: tuple[str, ...]
    lte: NDArray[np.bool_]
    capacity: NDArray[np.bool_]
    band: tuple[str, ...]
    vendor: tuple[str, ...]
    tac: tuple[str, ...]
    region: tuple[str, ...]
    hub_of: Ints
    shape_of: tuple[str, ...]
    x: Floats
    y: Floats
    near: Ints

    @cached_property
    def hub(self) -> Ints:
        return self.hub_of[self.site]

    @property
    def shape(self) -> list[str]:
        return [self.shape_of[s] for s in self.site]

    @cached_property
    def functions(self) -> tuple[tuple[str, str, str], ...]:
        """(id, kind, TACs served): an AMF and an MME a TAC, one SMF and one UPF for all."""
        tacs = sorted(set(self.tac))
        own = [(f"{kind.lower()}{n}", kind, tac) for n, tac in enumerate(tacs, 1) for kind in ("AMF", "MME")]
        return (*own, ("smf1", "SMF", "*"), ("upf1", "UPF", "*"))

    def served(self, nf_id: str) -> NDArray[np.bool_]:
        """Which cells a core function serves: an MME those of LTE, the others those of NR, a UPF and an SMF of any TAC."""
        kind, tac = next((k, t) for n, k, t in self.functions if n == nf_id)
        own = np.array([tac in ("*", t) for t in self.tac])
        return own & (self.lte if kind == "MME" else ~self.lte if kind in {"AMF", "SMF"} else True)

    def of_site(self, site: int) -> Ints:
        return np.flatnonzero(self.site == site)


def built(scenario: Scenario) -> Network:
    """Three to six cells a site; the widest hub carries more than half of the sites, the others a few each."""
    rng = scenario.rng("network")
    sites = tuple(f"M{n:03d}" for n in range(1, scenario.sites + 1))
    x, y = rng.uniform(0, 30, len(sites)), rng.uniform(0, 20, len(sites))
    west = np.argsort(x, kind="stable")
    hub_of = np.zeros(len(sites), np.int64)
    rest = west[int(len(sites) * rng.uniform(0.52, 0.62)) :]
    hub_of[rest] = 1 + np.arange(len(rest)) // 3
    shape_of = rng.choice(SHAPES, len(sites), p=SHAPE_WEIGHTS)
    shape_of[:3] = ("office", "stadium", "residential")  # each operator has one of these
    rows = [row for s in range(len(sites)) for row in _cells(rng, s)]
    site = np.array([r[0] for r in rows])
    regions = np.where(y > np.median(y), "north", "south")
    tacs = np.where(x > np.median(x), "702", "701")
    return Network(
        cells=tuple(f"{sites[s]}{suffix}" for s, suffix, *_ in rows),
        site=site,
        sites=sites,
        lte=np.array([r[2] == "LTE" for r in rows]),
        capacity=np.array([r[4] for r in rows]),
        band=tuple(r[3] for r in rows),
        vendor=tuple(VENDORS[int(s) % len(VENDORS)] for s in site),
        tac=tuple(str(tacs[s]) for s in site),
        region=tuple(str(regions[s]) for s in site),
        hub_of=hub_of,
        shape_of=tuple(map(str, shape_of)),
        x=x,
        y=y,
        near=_near(x, y, site),
    )


def _cells(rng: np.random.Generator, site: int) -> list[tuple[int, str, str, str, bool]]:
    """(site, suffix, technology, band, capacity)"""
    sectors = int(rng.integers(2, 4))
    rows = [(site, f"-L{k}", "LTE", "B28", False) for k in range(1, sectors + 1)]
    if rng.random() < 0.5:
        rows.append((site, "-C1", "LTE", "B7", True))
    if rng.random() < 0.55:
        rows += [(site, f"-N{k}", "NR", "n78", False) for k in range(1, sectors + 1)]
    return rows


def _near(x: Floats, y: Floats, site: Ints) -> Ints:
    """[cell, 4]: of each of the four nearest other sites the first cell."""
    away = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :4]
    first = np.array([np.flatnonzero(site == s)[0] for s in range(len(x))])
    return np.asarray(first[nearest[site]], np.int64)
