"""A small operator with several faults: what arrives at each moment, as files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.acceptance.small_operator import CATALOGUE, COLUMNS, DAY, DELAY_S, HISTORY_DAYS, HOUR, LIVE, QUARTER, iso, table

SITES: Mapping[str, tuple[str, ...]] = {f"s{n}": tuple(f"c{n}{k}" for k in (1, 2, 3)) for n in (1, 2, 3, 4)}
PARTS: Mapping[str, tuple[str, ...]] = {"north": ("s1", "s2"), "south": ("s3", "s4")}
"""A counter file of each quarter covers these sites."""
FAULTS: Mapping[str, tuple[int, int]] = {"s1": (1, 4), "s3": (2, 6), "c42": (3, 7), "c23": (8, 11)}
"""Object -> quarters (from, to) after LIVE in which most connections fail."""
PEOPLE_PER_CELL = 6
SINCE = iso(LIVE - 30 * DAY)


@dataclass(frozen=True)
class Drop:
    """A file that arrives: its name below the inbox, and what is in it."""

    name: str
    data: bytes


def arrival_time(quarter: int) -> int:
    """When (s) the counters of a quarter after LIVE arrive."""
    return LIVE + (quarter + 1) * QUARTER + DELAY_S


def people() -> Iterator[tuple[str, str]]:
    """(subscriber, cell) of everybody."""
    for cell in (cell for cells in SITES.values() for cell in cells):
        for n in range(PEOPLE_PER_CELL):
            yield f"4917{cell[1:]}0000{n:02d}", cell


def write_past(inbox: Path) -> None:
    """The reference tables, and days of counters and attachments before LIVE."""
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox.parent / "kpis.toml").write_text(CATALOGUE)
    (inbox / "operator.toml").write_text(f'timezone = "UTC"\narrival_delay = {DELAY_S}\n')
    cells = [(cell, "LTE", site, f"n{site}", "100", "B3") for site, own in SITES.items() for cell in own]
    table(inbox / "cells.csv", ("cell_id", "technology", "site_id", "node_id", "tac", "band"), cells)
    persons = [(who, "consumer", "sms", "en") for who, _ in people()]
    table(inbox / "subscribers.csv", ("subscriber_id", "segment", "preferred_channel", "language"), persons)
    purposes = ("network_care_analysis", "proactive_contact")
    consents = [("subscriber", who, purpose, "any", "granted", SINCE) for who, _ in people() for purpose in purposes]
    table(inbox / "consents.csv", ("holder_kind", "holder_id", "purpose", "channel", "state", "since"), consents)
    for day in range(LIVE - HISTORY_DAYS * DAY, LIVE, DAY):
        for part in PARTS:
            rows = [row for start in range(day, min(day + DAY, LIVE), QUARTER) for row in _rows(start, part)]
            table(inbox / f"counters/{iso(day)[:10]}-{part}.csv", COLUMNS, rows)
        rows = [row for hour in range(day, min(day + DAY, LIVE), HOUR) for row in _stays(hour)]
        table(inbox / f"attachments/{iso(day)[:10]}.csv", _STAYS, rows)


def drops(quarter: int, scratch: Path) -> list[Drop]:
    """The files that arrive at `moment(quarter)`; they are written in the folder `scratch` first."""
    start = LIVE + quarter * QUARTER
    names = {}
    for part in PARTS:
        name = f"counters/{iso(start).replace(':', '')}-{part}.csv"
        table(scratch / name, COLUMNS, _rows(start, part))
        names[name] = scratch / name
    if (start + QUARTER) % HOUR == 0:
        hour = start + QUARTER - HOUR
        name = f"attachments/{iso(hour).replace(':', '')}.csv"
        table(scratch / name, _STAYS, _stays(hour))
        names[name] = scratch / name
    return [Drop(name, path.read_bytes()) for name, path in names.items()]


_STAYS = ("subscriber_id", "cell_id", "start", "duration_s", "seconds", "attempts")


def _rows(start: int, part: str) -> Iterator[tuple[object, ...]]:
    quarter = (start - LIVE) // QUARTER
    for site in PARTS[part]:
        rng = np.random.default_rng([start, int(site[1:])])
        load = 1.0 + 0.4 * np.sin(2 * np.pi * (start % DAY) / DAY)
        for cell in SITES[site]:
            bad = any(first <= quarter < last for name, (first, last) in FAULTS.items() if name in (site, cell))
            attempts = int(rng.poisson(600 * load))
            succeeded = int(rng.binomial(attempts, 0.45 if bad else 0.99))
            yield cell, iso(start), QUARTER, attempts, succeeded, int(rng.normal(80_000, 3000) * load)


def _stays(hour: int) -> Iterator[tuple[object, ...]]:
    for who, cell in people():
        yield who, cell, iso(hour), HOUR, HOUR, 30
