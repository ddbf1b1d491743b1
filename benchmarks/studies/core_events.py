"""The labelled events of the core of five nodes, alarms beside them, a three-sigma peer, and which events leave a trace."""

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.backtest.intervals import Figure, share

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "core_minute_5_nodes"
KINDS = {1: "route hijack", 2: "route injection", 3: "node down", 4: "port down", 5: "packet loss", 6: "packet delay"}
GATEWAYS = frozenset({"IntGW-01", "IntGW-02"})
IDLE = {("RR-01", 2), ("RR-01", 3), ("TR-01", 4), ("TR-01", 5), ("TR-02", 4), ("TR-02", 5)}
"""Ports that carry no traffic in the quiet minutes of `train`: less than one packet a second."""
SERIES = ("cpu_util", "rx-pps", "tx-pps", "admin-status", "prefix-activity-received-current-prefixes")
MINUTE_S = 60
EARLY_S = 180
PLACES = ("own", "early", "elsewhere", "never")
CEILING = 0.05
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """A run of minutes with one label, [start, end) in s; `nodes` it is booked on; port 0 = the whole node."""

    start: int
    end: int
    status: int
    nodes: frozenset[str]
    port: int

    @property
    def kind(self) -> str:
        silent = self.status in (5, 6) and {(n, self.port) for n in self.nodes} <= IDLE
        return KINDS[self.status] + (", idle port" if silent else "")

    def holds(self, at: int, slack_s: int) -> bool:
        return self.start <= at <= self.end + slack_s

    def begins(self, at: int) -> bool:
        """Just before the first labelled minute: the tables leave out two there, and the fault may be older than told."""
        return self.start - EARLY_S <= at < self.start


@dataclass(frozen=True)
class Alarm:
    """Something raised: when, and on which node and port (0 = the node)."""

    at: int
    node: str
    port: int
    incident: str = ""


def table(split: str, name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / f"{split}_{name}.tsv.gz", "rt", encoding="utf-8") as text:
        return list(csv.DictReader(text, delimiter="\t"))


def epoch_of(minute: str) -> int:
    """
    >>> epoch_of("20200707102100")
    1594117260
    """
    return int(datetime.strptime(minute, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())


def events(split: str) -> list[Event]:
    """What the labels say, in order of time."""
    found = []
    for key, run in groupby(
        table(split, "failure"), lambda r: [r[k] for k in ("status", "node", "interface", "original_sp", "sp")]
    ):
        minutes = [epoch_of(row["timestamp"]) for row in run]
        if float(key[0]):
            nodes, port = frozenset({key[1]}) if key[1] else GATEWAYS, int(key[2][-1]) if key[2] else 0
            found.append(Event(minutes[0], minutes[-1] + MINUTE_S, int(float(key[0])), nodes, port))
    return found


def alarms_of(backtest: Path) -> list[Alarm]:
    """The degradations of a backtest; silence alone is none of service."""
    with (backtest / "degradations.csv").open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if row["kind"] != "no_data"]
    return [
        Alarm(
            int(datetime.fromisoformat(row["detected_at"]).timestamp()),
            row["object_id"],
            int(row["dimension"].removeprefix("if=Gi") or 0),
            row["incident_id"],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Verdict:
    """Alarms side by side with events, with so much slack after an event's end. `days`: the minutes measured, added up."""

    events: Sequence[Event]
    alarms: Sequence[Alarm]
    slack_s: int
    days: float

    def hits(self, event: Event) -> list[Alarm]:
        """Alarms on the event's own node and in its time."""
        return [a for a in self.alarms if event.holds(a.at, self.slack_s) and a.node in event.nodes]

    def recall(self, chosen: Sequence[Event]) -> Figure:
        return share(sum(bool(self.hits(e)) for e in chosen), len(chosen))

    def on_port(self, chosen: Sequence[Event]) -> Figure:
        """Of the events that name a port: the port itself was raised."""
        named = [e for e in chosen if e.port]
        return share(sum(any(a.port == e.port for a in self.hits(e)) for e in named), len(named))

    @property
    def delays(self) -> list[float]:
        """From the event's first minute to the alarm."""
        return [float(min(a.at for a in self.hits(e)) - e.start) for e in self.events if self.hits(e)]

    def place(self, alarm: Alarm) -> str:
        """own: on the node of an event; early: there, just before its label; elsewhere: in an event's time, on another node;
        never: no event."""
        going = [e for e in self.events if e.holds(alarm.at, self.slack_s)]
        if any(alarm.node in e.nodes for e in going):
            return "own"
        early = any(alarm.node in e.nodes and e.begins(alarm.at) for e in self.events)
        return "early" if early else "elsewhere" if going else "never"

    def counted(self) -> Mapping[str, int]:
        places = [self.place(a) for a in self.alarms]
        return {name: places.count(name) for name in PLACES}

    def incidents(self) -> Mapping[str, int]:
        """The same of incidents: by the best of their alarms."""
        best: dict[str, int] = {}
        for alarm in self.alarms:
            if alarm.incident:
                best[alarm.incident] = min(best.get(alarm.incident, 9), PLACES.index(self.place(alarm)))
        return {name: list(best.values()).count(i) for i, name in enumerate(PLACES)}

    def opened(self) -> Mapping[str, int]:
        """The same of incidents: by their first alarm, whatever joined them later."""
        first: dict[str, str] = {}
        for alarm in sorted(self.alarms, key=lambda a: a.at):
            if alarm.incident and alarm.incident not in first:
                first[alarm.incident] = self.place(alarm)
        return {name: list(first.values()).count(name) for name in PLACES}


# --- the peer and the ceiling -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Minutes:
    """The raw tables of a split: value[minute, series], the node of each series, and what the label says."""

    at: NDArray[np.int64]
    value: Floats
    nodes: tuple[str, ...]
    quiet: NDArray[np.bool_]
    """Labelled normal, and not within four minutes after an event: rates still recover then."""


def minutes(split: str) -> Minutes:
    sides, nodes = [], []
    for name in SERIES:
        rows = table(split, name)
        places = [c for c in rows[0] if "-0" in c]
        nodes += [re.split(r"[+_]", c)[0] for c in places]
        sides.append(np.array([[float(row[c] or "nan") for c in places] for row in rows]))
    at = np.array([epoch_of(row["timestamp"]) for row in rows])
    quiet = np.ones(len(at), bool)
    for event in events(split):
        quiet &= ~((at >= event.start) & (at < event.end + 240))
    return Minutes(at, np.hstack(sides), tuple(nodes), quiet)


def three_sigma(train: Minutes, test: Minutes, sigmas: float = 3.0) -> list[Alarm]:
    """An alarm per node when one of its raw series leaves mean +- 3 sd of the quiet minutes of `train`, until two minutes
    without."""
    mean, sd = np.nanmean(train.value[train.quiet], axis=0), np.nanstd(train.value[train.quiet], axis=0)
    out = np.abs(test.value - mean) > sigmas * np.maximum(sd, 1e-9)
    found = []
    for node in sorted(set(test.nodes)):
        bad = out[:, [n == node for n in test.nodes]].any(axis=1)
        since = 2
        for at, now in zip(test.at.tolist(), bad.tolist(), strict=True):
            if now and since >= 2:
                found.append(Alarm(at + MINUTE_S, node, 0))
            since = 0 if now else since + 1
    return found


def traced(train: Minutes, test: Minutes, chosen: Sequence[Event]) -> list[bool]:
    """For each event: somebody who is told its node and its minutes, and takes the most unusual of the node's series, sees
    more than in 19 of 20 quiet stretches of the same length. What fails this leaves no trace that could be found."""
    middle = np.nanmedian(train.value[train.quiet], axis=0)
    low, high = np.nanpercentile(train.value[train.quiet], [1, 99], axis=0)
    z = np.abs(test.value - middle) / np.where(high > low, high - low, 1e-9 + 1e-3 * np.abs(middle))
    seen = []
    for event in chosen:
        own = [n in event.nodes for n in test.nodes]
        worst = np.nan_to_num(np.nanmax(np.where(np.isnan(z[:, own]), 0.0, z[:, own]), axis=1))
        here = (test.at >= event.start) & (test.at < event.end)
        length = int(here.sum())
        calm = [worst[i : i + length].max() for i in range(len(worst) - length) if test.quiet[i : i + length].all()]
        seen.append(bool(np.mean(np.array(calm) >= worst[here].max()) < CEILING))
    return seen
