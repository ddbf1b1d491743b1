"""A timeline of cells as a table in, what the two stages say of it as lines out.

One row per tick, one column per object; cells that are not named are well. Words:

    ok       healthy                            dead     unavailable, no traffic
    asleep   available, no traffic              asleep+  the same, neighbours carry more
    sharp    accessibility 60 % at once         mild     97 %, seen only over 45 minutes
    drift    96 %, seen only over 18 hours
    weak     97.5 %, not enough to raise it     crowd    much traffic, accessibility 60 %; crowd- 95 %
    gone     sends nothing                      gone+    the same, neighbours carry more
    idle     no traffic, and none expected      -        reported, but too little to test
    down     unavailable for most of the time   core-ok  core-bad, core-idle, core-busy: the same of a core function
"""

from dataclasses import dataclass, field, replace

import numpy as np

from detector.degradations import track
from detector.domain.cell import Cell, NetworkFunction, Topology, TopologyEdge
from detector.domain.degradation import Degradation
from detector.domain.evidence import Evidence
from detector.domain.incident import Incident
from detector.domain.operations import Operations
from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick, utc
from detector.incidents import correlate, end_with_incident
from tests.tables import at, kpi

AVAILABILITY = kpi("avail", title="Availability", family="availability", floor=0.05)
ACCESS = kpi("acc", title="RRC setup success", family="accessibility", floor=0.01)
TRAFFIC = kpi("vol", title="Traffic", unit="GB", kind="volume", family="volume", floor=0.5)
REGISTRATION = kpi("reg", title="Registration success", technology="core", family="core", floor=0.01)
KPIS = (AVAILABILITY, ACCESS, TRAFFIC, REGISTRATION)
COLUMN = {k.id: i for i, k in enumerate(KPIS)}
Reading = tuple[str, float, float, int, float, float, float]
"""(KPI, strength, recent, periods, observed, expected, denominator)."""
WELL: tuple[Reading, ...] = (
    ("avail", 0.1, 0.1, 1, 1.0, 1.0, 900),
    ("acc", 0.3, 0.3, 1, 0.99, 0.99, 400),
    ("vol", 0.2, 0.2, 1, 9.5, 10.0, 1),
)
WORDS: dict[str, tuple[Reading, ...]] = {
    "ok": WELL,
    "dead": (("avail", 40, 40, 1, 0.0, 1.0, 900), ("vol", 12, 12, 1, 0.0, 10.0, 1)),
    "asleep": (WELL[0], ("vol", 12, 12, 1, 0.0, 10.0, 1)),
    "sharp": (WELL[0], ("acc", 30, 30, 1, 0.6, 0.99, 400), WELL[2]),
    "mild": (WELL[0], ("acc", 9, 1.4, 3, 0.97, 0.99, 1200), WELL[2]),
    "drift": (WELL[0], ("acc", 9, 0.2, 72, 0.96, 0.99, 9000), WELL[2]),
    "weak": (WELL[0], ("acc", 2.8, 1.0, 3, 0.975, 0.99, 1200), WELL[2]),
    "crowd": (WELL[0], ("acc", 30, 30, 1, 0.6, 0.99, 600), ("vol", 0.0, 0.0, 1, 16.0, 10.0, 1)),
    "crowd-": (WELL[0], ("acc", 12, 12, 1, 0.95, 0.99, 600), ("vol", 0.0, 0.0, 1, 16.0, 10.0, 1)),
    "idle": (WELL[0], ("vol", 0.0, 0.0, 1, 0.0, 0.01, 1)),
    "-": (),
    "gone": (),
    "core-bad": (("reg", 25, 25, 1, 0.8, 0.995, 5000),),
    "core-idle": (("vol", 12, 12, 1, 0.0, 10.0, 1),),
    "core-busy": (("reg", 0.1, 0.1, 1, 0.995, 0.995, 5000), ("vol", 0.1, 0.1, 1, 10.0, 10.0, 1)),
    "down": (("avail", 40, 40, 1, 0.4, 1.0, 900), WELL[1], WELL[2]),
    "core-ok": (("reg", 0.1, 0.1, 1, 0.995, 0.995, 5000),),
}


def network(sites: int = 20, *, site_known: bool = True, hub: int = 0) -> Topology:
    """Cells c1.1 ... c20.3 on sites s1 ... s20, TACs of five sites, core function amf1; `hub` sites lie behind h1."""
    cells = {
        f"c{s}.{n}": Cell(
            cell_id=f"c{s}.{n}",
            technology="LTE",
            site_id=f"s{s}" if site_known else "",
            tac=f"t{(s - 1) // 5}" if site_known else "",
        )
        for s in range(1, sites + 1)
        for n in range(1, 4)
    }
    edges = tuple(TopologyEdge("site", f"s{s}", "hub", "h1", "transport") for s in range(1, hub + 1))
    return Topology(cells, {"amf1": NetworkFunction("amf1", "AMF")}, edges=edges)


def evidence(tick: Tick, words: dict[str, str], objects: tuple[str, ...]) -> Evidence:
    """The evidence of one tick that shows each object as its word says."""
    shape = (len(objects), len(KPIS))
    nan = {name: np.full(shape, np.nan) for name in ("neg_log10_p", "recent", "observed", "expected", "denominator")}
    periods = np.ones(shape, np.int64)
    missing, load = np.zeros(len(objects), bool), np.full(len(objects), np.nan)
    for i, name in enumerate(objects):
        word = words.get(name, "core-ok" if name == "amf1" else "ok")
        load[i] = 1.4 if word.endswith("+") else 1.0
        missing[i] = word.startswith("gone")
        for kpi_id, neg_log10_p, recent, horizon, observed, expected, denominator in WORDS[word.rstrip("+")]:
            values = {"neg_log10_p": neg_log10_p, "recent": recent, "observed": observed, "expected": expected}
            for key, value in (values | {"denominator": denominator}).items():
                nan[key][i, COLUMN[kpi_id]] = value
            periods[i, COLUMN[kpi_id]] = horizon
    numerator = nan["observed"] * nan["denominator"]
    excess = (nan["expected"] - nan["observed"]) * nan["denominator"]
    return Evidence(
        tick=tick,
        objects=objects,
        kpis=KPIS,
        neg_log10_p=nan["neg_log10_p"],
        recent=nan["recent"],
        periods=periods,
        observed=nan["observed"],
        expected=nan["expected"],
        low=nan["expected"],
        high=nan["expected"],
        numerator=numerator,
        denominator=nan["denominator"],
        excess=excess,
        matters=nan["neg_log10_p"] > 3,
        missing=missing,
        neighbour_load=load,
        testable_share=1.0 - float(missing.mean()),
    )


@dataclass(kw_only=True)
class Story:
    """The two stages, tick after tick, with all that they ever said."""

    topology: Topology = field(default_factory=network)
    operations: Operations = field(default_factory=Operations)
    duration_s: int = 900
    detection: DetectionPolicy = field(default_factory=DetectionPolicy)
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    degradations: dict[str, Degradation] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def objects(self) -> tuple[str, ...]:
        return (*self.topology.cells, *self.topology.functions)

    def tell(self, table: str) -> "Story":
        header, *rows = [[c.strip() for c in line.split("|")] for line in table.strip().splitlines()]
        for start, *words in rows:
            self.step(at(start), dict(zip(header[1:], words, strict=True)))
        return self

    def step(self, start: int, words: dict[str, str], order: int = 1) -> None:
        """One tick, scored five minutes after its end; `order=-1` hands everything over backwards."""
        tick = Tick(start, self.duration_s)
        now = tick.end + 300
        raised = list(self.degradations.values())[::order]
        seen = evidence(tick, words, self.objects[::order])
        reference = Reference(topology=self.topology, operations=self.operations)
        tracked = track(seen, raised, self.missing, reference, self.detection, now=now)
        known = [i for i in self.incidents.values() if i.state == "open"][::order]
        handed = replace(tracked, degradations=tracked.degradations[::order])
        correlated = correlate(known, handed, seen, reference, {k.id: k for k in KPIS}, self.policy, now=now)
        self._note(start, end_with_incident(tracked, correlated).degradations, correlated)
        self.missing = dict(tracked.missing)

    def _note(self, start: int, degradations: tuple[Degradation, ...], incidents: tuple[Incident, ...]) -> None:
        clock = f"{utc(start):%H:%M}"
        for d in sorted(degradations, key=lambda d: (d.object_id, d.family)):
            old = self.degradations.get(d.degradation_id)
            verb = "clears" if not d.open else "raises" if old is None else "now" if old.kind != d.kind else ""
            if verb:
                self.lines.append(f"{clock} {verb} {d.object_id} {d.kind}")
            self.degradations[d.degradation_id] = d
        for i in incidents:
            before = self.incidents.get(i.incident_id)
            if before is None or before.version != i.version:
                silent = f" ({i.suppression or 'merged'})" if i.silent else ""
                verb = "OPENS" if before is None else "UPDATES" if i.state == "open" else i.state.upper()
                self.lines.append(f"{clock} {verb} {i.root_kind} {i.root_id} {i.kind}{silent}")
            self.incidents[i.incident_id] = i

    @property
    def headlines(self) -> list[str]:
        """Only what became of incidents."""
        return [line for line in self.lines if line.split()[1].isupper()]
