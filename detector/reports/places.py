"""Where an incident was, for summing up: its cells' sites, tracking areas, regions and releases, each with its share."""

from collections.abc import Callable, Mapping

from detector.domain.cell import Cell, Topology
from detector.domain.incident import Incident

NOT_KNOWN = "not known"
PLACES: Mapping[str, Callable[[Cell], str]] = {
    "site": lambda c: c.site_id,
    "tac": lambda c: c.tac,
    "region": lambda c: c.region,
    "release": lambda c: f"{c.vendor} {c.software}".strip(),
}


def place_shares(
    incident: Incident, topology: Topology, expected_presence: Mapping[str, float], of: Callable[[Cell], str]
) -> dict[str, float]:
    """Place -> its share of the incident, summing to 1: by the people who are usually behind its cells
    (`expected_presence`), by the number of cells where nobody is known to be.

    >>> from detector.domain.cell import Cell
    >>> cells = {f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id="s1" if n < 2 else "s2") for n in range(3)}
    >>> one = Incident(incident_id="inc_1", root_kind="site", root_id="s1", kind="outage", started_at=0, opened_at=0,
    ...     severity="major", degradation_ids=(), cells=("c0", "c1", "c2"), reason="")
    >>> place_shares(one, Topology(cells), {"c0": 10, "c1": 20, "c2": 10}, PLACES["site"])
    {'s1': 0.75, 's2': 0.25}
    """
    weights = {cell: expected_presence.get(cell, 0.0) for cell in incident.cells}
    total = sum(weights.values())
    if total <= 0:
        weights, total = dict.fromkeys(incident.cells, 1.0), float(len(incident.cells))
    shares: dict[str, float] = {}
    for cell, weight in weights.items():
        known = topology.cells.get(cell)
        place = (of(known) if known else "") or NOT_KNOWN
        shares[place] = shares.get(place, 0.0) + weight / total
    return {place: share for place, share in shares.items() if share > 0} or {NOT_KNOWN: 1.0}
