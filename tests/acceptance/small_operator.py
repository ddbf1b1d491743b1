"""A real operator in miniature: two sites of two cells, five days of past, one site that fails for a while."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from detector.domain.window import utc

QUARTER, HOUR, DAY = 900, 3600, 86_400
LIVE = 1_774_353_600  # 2026-03-24T12:00:00Z, a Tuesday
HISTORY_DAYS = 5
DELAY_S = 300
CELLS = {"c11": "s1", "c12": "s1", "c21": "s2", "c22": "s2"}
FAULT = (LIVE + QUARTER, LIVE + 4 * QUARTER)
UNTIL = LIVE + 8 * QUARTER
WRONG, RIGHTED_AT = LIVE, LIVE + 2 * QUARTER + DELAY_S
COLUMNS = ("object_id", "start", "duration_s", "RRC.ConnEstabAtt", "RRC.ConnEstabSucc", "DRB.IPVolDl")
CATALOGUE = """
[counters]
"RRC.ConnEstabAtt" = {}
"RRC.ConnEstabSucc" = {}
"DRB.IPVolDl" = { unit = "kbit" }

[kpis.lte_rrc_sr]
title = "RRC connection setup success"
unit = "%"
kind = "ratio"
direction = "up"
family = "accessibility"
technology = "LTE"
clause = "TS 32.425 4.1.1.1-2"
numerator = "RRC.ConnEstabSucc"
denominator = "RRC.ConnEstabAtt"
weight = 1.0
floor = 0.01

[kpis.lte_traffic]
title = "Data volume downlink"
unit = "kbit"
kind = "volume"
direction = "up"
family = "volume"
technology = "LTE"
clause = "TS 32.425 4.4.6.3"
numerator = "DRB.IPVolDl"
weight = 1.0
floor = 0.5
"""
"""Two KPIs are enough for a story, and keep it short."""


@dataclass(frozen=True)
class Person:
    """`msisdn` is a raw identity: it must not be found anywhere but here and in the inbox."""

    msisdn: str
    cell: str
    consents: tuple[str, ...] = ("network_care_analysis", "proactive_contact")


PEOPLE = (
    *(Person(f"4917100001{n:02d}", "c11") for n in range(8)),
    *(Person(f"4917100002{n:02d}", "c21") for n in range(8)),
    Person("491710000190", "c11", ("network_care_analysis",)),
    Person("491710000191", "c11", ()),
)
AFFECTED, UNAFFECTED, SILENT, UNASKED = (PEOPLE[i].msisdn for i in (0, 8, 16, 17))
"""At the failing site; elsewhere; at the failing site without consent to contact; and without any consent."""


def iso(at: int) -> str:
    return f"{utc(at):%Y-%m-%dT%H:%M:%SZ}"


def write_operator(root: Path, since: int = LIVE - HISTORY_DAYS * DAY, until: int = UNTIL) -> Path:
    """The whole dataset: history, the hours of the fault, people and their consents."""
    write_reference(root)
    rows = list(counter_rows(range(since, until, QUARTER)))
    for day, mine in groupby(rows, lambda row: str(row[1])[:10]):
        table(root / "counters" / f"{day}.csv", COLUMNS, mine)
    for day, hours in groupby(range(since, until, HOUR), lambda hour: iso(hour)[:10]):
        write_attachments(root / "attachments" / f"{day}.csv", hours)
    return root


def write_wrong_and_right(root: Path) -> None:
    """One quarter of a healthy cell is reported as a failure at first; the true row comes late."""
    rows = [row for row in counter_rows([WRONG]) if row[0] == "c21"]
    wrong = [(*row[:4], int(row[3]) // 2, row[5]) for row in rows]
    table(root / "counters" / "x-wrong.csv", COLUMNS, wrong)
    table(root / "counters" / "y-right.csv", COLUMNS, rows)
    table(root / "arrivals.csv", ("file", "arrived_at"), [("counters/y-right.csv", iso(RIGHTED_AT))])


def write_reference(root: Path) -> None:
    """Everything that is not measured, and the catalogue beside it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "kpis.toml").write_text(CATALOGUE)
    (root / "operator.toml").write_text(f'timezone = "UTC"\narrival_delay = {DELAY_S}\n')
    cells = [(cell, "LTE", site, f"n{site}", "100", "B3") for cell, site in CELLS.items()]
    table(root / "cells.csv", ("cell_id", "technology", "site_id", "node_id", "tac", "band"), cells)
    people = [(p.msisdn, "", "consumer", "sms", "en") for p in PEOPLE]
    table(root / "subscribers.csv", ("subscriber_id", "account_id", "segment", "preferred_channel", "language"), people)
    since = iso(LIVE - 30 * DAY)
    consents = [("subscriber", p.msisdn, purpose, "any", "granted", since) for p in PEOPLE for purpose in p.consents]
    write_consents(root, consents)
    table(
        root / "contacts.csv",
        ("contact_id", "subscriber_id", "at", "channel", "category", "cell_id"),
        [("k1", AFFECTED, iso(LIVE + 4 * QUARTER), "call", "network", "c11")],
    )


def write_consents(root: Path, rows: Iterable[tuple[str, ...]]) -> None:
    table(root / "consents.csv", ("holder_kind", "holder_id", "purpose", "channel", "state", "since"), rows)


def withdrawn(root: Path, msisdn: str, at: int) -> None:
    """From `at` on this person may not be contacted any more."""
    row = ",".join(("subscriber", msisdn, "proactive_contact", "any", "withdrawn", iso(at)))
    path = root / "consents.csv"
    path.write_text(path.read_text() + row + "\n")


def counter_rows(starts: Iterable[int]) -> Iterable[tuple[object, ...]]:
    """One row per cell and quarter; the cells of site s1 lose most connections during the fault."""
    for start in starts:
        rng = np.random.default_rng(start)
        load = 1.0 + 0.4 * np.sin(2 * np.pi * (start % DAY) / DAY)
        for cell, site in CELLS.items():
            attempts = int(rng.poisson(600 * load))
            good = 0.45 if site == "s1" and FAULT[0] <= start < FAULT[1] else 0.99
            succeeded = int(rng.binomial(attempts, good))
            yield cell, iso(start), QUARTER, attempts, succeeded, int(rng.normal(80_000, 3000) * load)


def write_attachments(path: Path, hours: Iterable[int]) -> None:
    """Everyone is where they always are, the whole hour."""
    rows = [(p.msisdn, p.cell, iso(hour), HOUR, HOUR, 30) for hour in hours for p in PEOPLE]
    table(path, ("subscriber_id", "cell_id", "start", "duration_s", "seconds", "attempts"), rows)


def table(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
