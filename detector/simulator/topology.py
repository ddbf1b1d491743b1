"""The simulated network: region > TAC > transport hub > site > node > cell, neighbours, releases and core functions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from detector.domain.cell import Cell, NetworkFunction, TopologyEdge
from detector.simulator.scenario import Scenario

LAND_USES = ("business", "residential", "transport", "rural")
LAND_SHARES = (0.3, 0.42, 0.14, 0.14)
NEIGHBOURS = 8
"""Neighbours of a cell. Chosen: the nearest of a hexagonal layout and some."""
PLMN = "26299"
RELEASES = {"LTE": ("L22.3", "L22.4"), "NR": ("N23.1", "N23.2")}
VENDORS = ("northbridge", "kestrel")
BANDS = {"coverage": "B20", "capacity": "B7", "nr": "n78"}


@dataclass(frozen=True, kw_only=True)
class SitePlan:
    """One site: which layers it carries and who runs it."""

    site_id: str
    tac: int
    region: int
    hub: str
    latitude: float
    longitude: float
    land_use: int
    vendor: str
    releases: tuple[str, str]
    layers: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """The cells in a fixed order and, beside them, arrays over that order: [C] unless stated otherwise.

    neighbours: [C, 8], -1 where there are fewer. sites: `site[c]` indexes them.
    """

    cells: tuple[Cell, ...]
    sites: tuple[SitePlan, ...]
    functions: tuple[NetworkFunction, ...]
    edges: tuple[TopologyEdge, ...]
    site: NDArray[np.int64]
    sector: NDArray[np.int64]
    layer: NDArray[np.str_]
    neighbours: NDArray[np.int64]

    @cached_property
    def nr(self) -> NDArray[np.bool_]:
        return np.asarray(self.layer == "nr")

    @cached_property
    def capacity(self) -> NDArray[np.bool_]:
        return np.asarray(self.layer == "capacity")

    @cached_property
    def land_use(self) -> NDArray[np.int64]:
        return np.array([s.land_use for s in self.sites])[self.site]

    @cached_property
    def tac(self) -> NDArray[np.int64]:
        return np.array([s.tac for s in self.sites])[self.site]

    @cached_property
    def region(self) -> NDArray[np.int64]:
        return np.array([s.region for s in self.sites])[self.site]

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        return np.array([c.cell_id for c in self.cells], dtype=object)

    @cached_property
    def refuge(self) -> csr_matrix:
        """[C, C] where a lost cell's users go: rows sum to 1 over its neighbours."""
        rows, slots = np.nonzero(self.neighbours >= 0)
        weight = 1.0 / np.maximum((self.neighbours >= 0).sum(axis=1), 1)[rows]
        return csr_matrix((weight, (rows, self.neighbours[rows, slots])), shape=(len(self.cells), len(self.cells)))

    def served_by(self, function: int) -> NDArray[np.bool_]:
        """Cells whose users depend on this core function: MME for LTE, AMF and SMF for NR."""
        nf = self.functions[function]
        tacs = np.isin([c.tac for c in self.cells], nf.serves)
        return np.asarray(tacs & (self.nr != (nf.kind == "MME")))


def build_network(scenario: Scenario) -> Network:
    """Sites until there are enough cells; the last site keeps as many as are needed."""
    rng = scenario.rng("topology")
    sites = _sites(rng, scenario.cells)
    cells: list[Cell] = []
    site, sector, layer = [], [], []
    for index, plan in enumerate(sites):
        for name in plan.layers:
            for number in range(3):
                cells.append(_cell(plan, index, name, number))
                site.append(index)
                sector.append(number)
                layer.append(name)
    keep = scenario.cells
    sites = sites[: site[keep - 1] + 1]
    where, facing, layers = np.array(site[:keep]), np.array(sector[:keep]), np.array(layer[:keep])
    tacs = sorted({f"{100 + s.tac}" for s in sites})
    return Network(
        cells=tuple(cells[:keep]),
        sites=tuple(sites),
        functions=_functions(tacs),
        edges=_edges(sites),
        site=where,
        sector=facing,
        layer=layers,
        neighbours=_neighbours(sites, where, facing, layers),
    )


def _sites(rng: np.random.Generator, cells: int) -> list[SitePlan]:
    layers: list[tuple[str, ...]] = []
    while sum(3 * len(own) for own in layers) < cells:
        draw = rng.random(2)
        layers.append(
            ("coverage", *(["capacity"] if draw[0] < 0.45 else []), *(["nr"] if draw[1] < 0.65 or not layers else []))
        )
    count = len(layers)
    tacs = max(2, round(count / 8))
    plans = []
    for i, own in enumerate(layers):
        tac = i * tacs // count
        land = int(rng.choice(len(LAND_USES), p=LAND_SHARES))
        distance, angle = (0.2, 0.7, 1.0, 1.6)[land] * rng.uniform(0.5, 1.5), rng.uniform(0, 2 * np.pi)
        vendor = VENDORS[int(rng.random() < 0.4)]
        releases = tuple(RELEASES[t][int(rng.random() < 0.35)] for t in ("LTE", "NR"))
        plans.append(
            SitePlan(
                site_id=f"s{i + 1:03d}",
                tac=tac,
                region=tac // 2,
                hub=f"hub-{100 + tac}-{(i % 64) // 4 % 4 + 1}",
                latitude=round(50.0 + 0.12 * (tac // 4) + 0.02 * distance * np.sin(angle), 5),
                longitude=round(8.5 + 0.15 * (tac % 4) + 0.03 * distance * np.cos(angle), 5),
                land_use=land,
                vendor=vendor,
                releases=(releases[0], releases[1]),
                layers=own,
            )
        )
    return plans


def _cell(plan: SitePlan, index: int, layer: str, sector: int) -> Cell:
    technology = "NR" if layer == "nr" else "LTE"
    cell_id = f"c{index + 1:03d}{'CHN'[('coverage', 'capacity', 'nr').index(layer)]}{sector + 1}"
    node = f"{'gnb' if technology == 'NR' else 'enb'}-{index + 1:03d}"
    element = f"ManagedElement={node}"
    ldn = (
        (f"{element},GNBCUCPFunction=1,NRCellCU={cell_id}", f"{element},GNBDUFunction=1,NRCellDU={cell_id}")
        if technology == "NR"
        else (f"{element},ENBFunction=1,EUtranCellFDD={cell_id}",)
    )
    saving = layer == "capacity" and index % 2 == 0
    return Cell(
        cell_id=cell_id,
        technology=technology,
        site_id=plan.site_id,
        node_id=node,
        tac=f"{100 + plan.tac}",
        region=f"r{plan.region + 1}",
        band=BANDS[layer],
        layer=layer,
        vendor=plan.vendor,
        software=plan.releases[technology == "NR"],
        state="energy_saving" if saving else "in_service",
        latitude=plan.latitude,
        longitude=plan.longitude,
        ldn=ldn,
    )


def _neighbours(
    sites: list[SitePlan], site: NDArray[np.int64], sector: NDArray[np.int64], layer: NDArray[np.str_]
) -> NDArray[np.int64]:
    """Same site first (same layer, then same sector), then the facing sector of the nearest sites with this technology."""
    place = np.array([(s.latitude, s.longitude * 0.65) for s in sites])
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    table = np.full((len(site), NEIGHBOURS), -1)
    for c in range(len(site)):
        home = np.flatnonzero(site == site[c])
        own = [int(i) for i in home if i != c and (layer[i] == layer[c] or sector[i] == sector[c])]
        for other in np.argsort(apart[site[c]], kind="stable")[1:]:
            there = np.flatnonzero((site == other) & ((layer == "nr") == (layer[c] == "nr")) & (layer != "capacity"))
            if len(own) >= NEIGHBOURS:
                break
            if there.size:
                own.append(int(there[(sector[c] + 1) % len(there)]))
        table[c, : len(own[:NEIGHBOURS])] = own[:NEIGHBOURS]
    return table


def _functions(tacs: list[str]) -> tuple[NetworkFunction, ...]:
    halves = (tuple(tacs[::2]), tuple(tacs[1::2]) or tuple(tacs[::2]))
    return tuple(
        NetworkFunction(f"{kind.lower()}-{half + 1}", kind, halves[half])
        for kind in ("AMF", "SMF", "MME")
        for half in (0, 1)
    )


def _edges(sites: list[SitePlan]) -> tuple[TopologyEdge, ...]:
    return tuple(TopologyEdge("site", s.site_id, "edge", s.hub, "transport") for s in sites)
