"""Poison for every folder of the inbox: each row says what is put there, how, and what is to be said of it."""

import gzip
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.acceptance.small_operator import COLUMNS, LIVE, QUARTER, iso

Put = Callable[[Path], None]
HEADER = ",".join(COLUMNS)
ATTACHED = "subscriber_id,cell_id,start,duration_s,seconds"


@dataclass(frozen=True)
class Poison:
    """`put` makes it at a path below the inbox; `where` is that path; `says` stands in a finding of this `code`."""

    where: str
    put: Put
    code: str = "file_set_aside"
    says: str = ""


def counters(cell: str = "c11", start: int | str = LIVE, length: object = QUARTER, values: str = "600,590,80000") -> str:
    when = iso(start) if isinstance(start, int) else start
    return f"{HEADER}\n{cell},{when},{length},{values}\n"


def pm_xml(start: str, duration: str = "PT900S", inside: str = "") -> str:
    value = '<measValue measObjLdn="EUtranCellFDD=c11"><r p="1">600</r></measValue>'
    types = '<measType p="1">RRC.ConnEstabAtt</measType>'
    return (
        f'<measCollecFile><fileHeader/><measData><managedElement/><measInfo><granPeriod duration="{duration}" '
        f'endTime="{start}"/>{types}{value}{inside}</measInfo></measData></measCollecFile>'
    )


def content(data: bytes | str) -> Put:
    raw = data.encode() if isinstance(data, str) else data
    return lambda path: path.write_bytes(raw) and None  # type: ignore[func-returns-value]


def packed(data: str) -> bytes:
    return gzip.compress(data.encode())


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    """A socket; its path may have 108 bytes, so it is bound from its own folder."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def link(target: str) -> Put:
    return lambda path: path.symlink_to(target)


def parquet(query: str, keep: float = 1.0) -> Put:
    def put(path: Path) -> None:
        whole = path.with_name("whole.part")
        duckdb.connect().execute(f"COPY ({query}) TO '{whole}' (FORMAT parquet)")
        raw = whole.read_bytes()
        whole.unlink()
        path.write_bytes(raw[: int(keep * len(raw))])

    return put


def deep_xml() -> str:
    return "<measCollecFile>" + "<a>" * 100_000 + "</a>" * 100_000 + "</measCollecFile>"


LAUGHS = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><measCollecFile>&b;</measCollecFile>'
STEALS = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><measCollecFile>&x;</measCollecFile>'
ROW = f"SELECT 'c11' AS object_id, '{iso(LIVE)}' AS start, 900 AS duration_s"

COUNTERS = {
    "a Latin-1 name": Poison(os.fsdecode(b"counters/caf\xe9.xml"), content("<html/>"), says="root element is html"),
    "a name of 255 bytes": Poison("counters/" + "n" * 251 + ".xml", content("<html/>"), says="root element is html"),
    "a name of 252 bytes": Poison("counters/" + "ü" * 124 + ".xml", content("<html/>"), says="root element is html"),
    "a line break in its name": Poison("counters/a\nb\t\x1b[31m.xml", content("<html/>"), says="root element is html"),
    "quotes and marks in its name": Poison("counters/'\"; DROP--\u202e%s.xml", content("<html/>"), says="root element"),
    "a path of many folders": Poison("counters/" + "d/" * 900 + "a.xml", content("<html/>"), says="root element"),
    "a folder named like a table": Poison("counters/x.csv", folder, code=""),
    "a pipe": Poison("counters/pipe.csv", pipe, "file_passed_over", "a pipe"),
    "a socket": Poison("counters/socket.csv", listening, "file_passed_over", "a socket"),
    "a device": Poison("counters/zero.csv", link("/dev/zero"), "file_passed_over", "a device"),
    "a link to itself": Poison("counters/loop.csv", link("loop.csv"), "file_passed_over", "a link to nothing"),
    "a link to nothing": Poison("counters/gone.csv", link("nowhere.csv"), "file_passed_over", "a link to nothing"),
    "a link out of the inbox": Poison("counters/out.csv", link("/etc/passwd"), says="outside"),
    "a link to a folder above": Poison("counters/up", link(".."), "file_passed_over", "a link to a folder"),
    "an empty file": Poison("counters/empty.csv", content(""), "file_incomplete", "it is empty"),
    "only a byte order mark": Poison("counters/mark.csv", content(b"\xef\xbb\xbf"), "file_incomplete", "it is empty"),
    "gzip cut off": Poison("counters/cut.csv.gz", content(packed(counters() * 999)[:-9]), "file_incomplete", "cut off"),
    "gzip with garbage behind it": Poison("counters/tail.csv.gz", content(packed(counters()) + b"garbage"), says="damaged"),
    "gzip's first bytes alone": Poison("counters/magic.csv.gz", content(b"\x1f\x8b" + b"no gzip" * 99), says="damaged"),
    "billion laughs": Poison("counters/laughs.xml", content(LAUGHS), says="doctype"),
    "an external entity": Poison("counters/steals.xml", content(STEALS), says="doctype"),
    "XML 100,000 deep": Poison("counters/deep.xml", content(deep_xml()), says="malformed XML"),
    "one line of 40 MB": Poison("counters/line.csv", content(b"x" * (40 << 20) + b"\n"), says="is missing"),
    "100,000 columns": Poison(
        "counters/wide.csv",
        content("object_id,start,duration_s," + ",".join(f"K{i}" for i in range(100_000)) + "\n"),
        says="columns, and more than 5,000",
    ),
    "20,000 columns": Poison(
        "counters/wide2.csv",
        content("object_id,start,duration_s," + ",".join(f"K{i}" for i in range(20_000)) + "\n"),
        says="20,003 columns",
    ),
    "NUL bytes": Poison("counters/nul.csv", content(counters().replace("c11", "c1\x001")), "row_rejected", "NUL"),
    "Parquet cut off": Poison("counters/cut.parquet", parquet(ROW, 0.8), "file_incomplete", ""),
    "Parquet of other columns": Poison("counters/other.parquet", parquet("SELECT 1 AS a"), says="'object_id' is missing"),
    "Parquet of nested types": Poison(
        "counters/nested.parquet", parquet(f"{ROW}, [1, 2] AS A, {{'a': 1}} AS B, map([1], [2]) AS C"), "not_a_number"
    ),
    "Parquet with a NUL and a huge text": Poison(
        "counters/huge.parquet",
        parquet("SELECT 'a' || chr(0) || repeat('x', 5000000) AS object_id, 'x' AS start, 900 AS duration_s, 1 AS A"),
        "not_a_time",
    ),
    "UTF-32": Poison("counters/wide.txt", content(counters().encode("utf-32")), "row_rejected", "NUL"),
    "the year 9999": Poison("counters/9999.csv", content(counters(start="9999-12-31T23:59:59Z")), "clock_in_future"),
    "the year 0": Poison("counters/year0.csv", content(counters(start="0000-01-01T00:00:00Z")), "not_a_time"),
    "the year 1": Poison("counters/year1.csv", content(counters(start="0001-01-01T00:00:00+14:00")), "row_rejected"),
    "the year 275760": Poison("counters/275760.csv", content(counters(start="+275760-09-13T00:00:00Z")), "not_a_time"),
    "a duration of 10^18": Poison("counters/long.csv", content(counters(length=10**18)), "row_rejected"),
    "a duration of 0": Poison("counters/zero2.csv", content(counters(length=0)), "row_rejected"),
    "a negative duration": Poison("counters/minus.csv", content(counters(length=-900)), "row_rejected"),
    "a duration of a million digits": Poison("counters/digits.csv", content(counters(length="9" * 10**6)), "not_a_number"),
    "values that are no numbers": Poison("counters/nan.csv", content(counters(values="NaN,inf,-inf")), "not_a_number"),
    "a period of 10,000 years in XML": Poison(
        "counters/long.xml", content(pm_xml(iso(LIVE), "P3650000D")), "block_rejected", "no period of counters"
    ),
    "a period before the calendar in XML": Poison(
        "counters/early.xml", content(pm_xml("0001-01-01T00:00:00Z")), "block_rejected", "no period of counters"
    ),
    "a zip archive": Poison("counters/a.zip", content(b"PK\x03\x04" + os.urandom(400) + b"\n"), says="is missing"),
}
"""What must cost itself alone, in counters/."""

PEOPLE_FOLDER = {
    "a Latin-1 name": Poison(os.fsdecode(b"attachments/caf\xe9.csv"), content("a,b\n1,2\n"), "file_rejected", "is missing"),
    "a pipe": Poison("attachments/pipe.csv", pipe, "file_passed_over", "a pipe"),
    "a link out of the inbox": Poison("attachments/out.csv", link("/etc/passwd"), "file_passed_over", "outside"),
    "a link to itself": Poison("attachments/loop.csv", link("loop.csv"), "file_passed_over", "a link to nothing"),
    "an empty file": Poison("attachments/empty.csv", content(""), "file_incomplete", "it is empty"),
    "gzip cut off": Poison("attachments/cut.csv.gz", content(packed(f"{ATTACHED}\n" * 999)[:-9]), "file_incomplete"),
    "Parquet of other columns": Poison("attachments/x.parquet", parquet("SELECT 1 AS a"), "file_rejected", "is missing"),
    "the year 9999": Poison(
        "attachments/9999.csv", content(f"{ATTACHED}\n491710000100,c11,9999-12-31T23:00:00Z,3600,60\n"), "clock_in_future"
    ),
    "values that are no numbers": Poison(
        "attachments/nan.csv", content(f"{ATTACHED}\n491710000100,c11,{iso(LIVE)},inf,NaN\n"), "not_a_number"
    ),
}
TABLES = (
    "neighbours",
    "topology_edges",
    "network_functions",
    "alarms",
    "tickets",
    "maintenance",
    "calendar",
    "accounts",
    "account_members",
    "surveys",
    "subscriber_events",
    "arrivals",
)
"""Tables of which a small operator has none; and of each of the rest a good one was read before."""
