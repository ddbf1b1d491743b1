"""One table written in many ways: the same rows come back, or what became of the others is counted; and nothing else."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.domain.errors import PrecallError
from detector.domain.finding import Findings
from detector.sources.counter_tables import load_counter_table
from detector.sources.customer_tables import CustomerRows
from detector.sources.identity import Pseudonymiser
from detector.sources.records import nouns

T0 = datetime(2026, 3, 24, 8, tzinfo=UTC)
COLUMNS = ("object_id", "start", "duration_s", "RRC.ConnEstabAtt", "DRB.UEThpDl")
NAMES = st.one_of(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True), st.sampled_from(["#1", "Zelle Süd", 'a"b', "x,y", "0042"])
)
ROWS = st.lists(
    st.tuples(NAMES, st.integers(0, 95), st.integers(0, 5_000_000), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
    unique_by=lambda r: r[:2],
)
HEADERS = st.sampled_from(["{}", "{}\u00a0", "\u200b{}", " {} "])
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "above": st.sampled_from(["", "# export 7\n", "NMS\n\nunit: 1\n", "sep"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "tail": st.booleans(),
        "header": HEADERS,
        "capitals": st.booleans(),
        "decimal": st.sampled_from([".", ","]),
        "time": st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M"]),
        "bad": st.sampled_from(["", '"open', "one", "nul\0"]),
    }
)


def written(rows, how) -> bytes:
    """The rows in this dialect, with one line that is none of them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=how["delimiter"], quoting=how["quoting"], lineterminator=how["end"])
    header = [name.upper() if how["capitals"] and "." not in name else name for name in COLUMNS]
    tail = [""] if how["tail"] else []
    writer.writerow([how["header"].format(name) for name in header] + tail)
    for at, (name, quarter, attempts, mbit) in enumerate(rows):
        start = (T0 + timedelta(minutes=15 * quarter)).strftime(how["time"])
        number = f"{mbit / 100:.2f}".replace(".", how["decimal"])
        writer.writerow([name, start, 900, attempts, number, *tail])
        if at == 0 and how["bad"]:
            text.write(how["bad"] + how["end"])
    above = f"sep={how['delimiter']}\n" if how["above"] == "sep" else how["above"]
    return (above.replace("\n", how["end"]) + text.getvalue()).encode(how["encoding"])


def loaded(content: bytes, suffix: str = ".csv") -> tuple[dict, Findings]:
    findings = Findings()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(content)
        table = load_counter_table(path, path.name, UTC, findings)
    rows = {
        (table.names[o], int(start)): tuple(None if np.isnan(c[i]) else float(c[i]) for c in table.columns)
        for i, (o, start) in enumerate(zip(table.object, table.start, strict=True))
    }
    return rows, findings


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, DIALECTS)
def test_every_dialect_gives_the_same_rows_and_each_line_that_is_none_is_counted(rows, how):
    found, findings = loaded(written(rows, how))
    want = {
        (name, int((T0 + timedelta(minutes=15 * quarter)).timestamp())): (float(attempts), mbit / 100)
        for name, quarter, attempts, mbit in rows
    }
    if how["time"].startswith("%d/"):  # the 24th: there is no such month
        assert any("day first" in f.example for f in findings if f.code == "dialect")
    assert found == want
    assert findings.count("row_rejected") == bool(how["bad"])
    codes = {f.code for f in findings}
    assert codes <= {"row_rejected", "dialect", "time_without_offset", "not_utf8"}
    plain = how["delimiter"] == "," and how["above"] in ("", "sep") and how["encoding"].startswith("utf-8")
    assert plain or "dialect" in codes


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"object_id,start,duration_s,A\n", b"object_id;start;duration_s;A\r\n"])
)
def test_any_bytes_are_a_table_or_one_line_with_the_reason(noise, head):
    said = ""
    try:
        loaded(head + noise)
    except PrecallError as error:
        said = str(error)
    assert "\n" not in said


@settings(deadline=None, max_examples=20)
@given(ROWS)
def test_parquet_is_equal_to_csv(rows):
    how = {
        "delimiter": ",",
        "above": "",
        "encoding": "utf-8",
        "end": "\n",
        "quoting": csv.QUOTE_MINIMAL,
        "tail": False,
        "header": "{}",
        "capitals": False,
        "decimal": ".",
        "time": "%Y-%m-%dT%H:%M:%SZ",
        "bad": "",
    }
    content = written(rows, how)
    with TemporaryDirectory() as folder:
        text, packed = Path(folder) / "a.csv", Path(folder) / "a.parquet"
        text.write_bytes(content)
        columns = dict.fromkeys(COLUMNS, "VARCHAR")
        form = f"header=true, auto_detect=false, delim=',', quote='\"', columns={columns}"
        duckdb.connect().execute(
            f"COPY (SELECT * FROM read_csv('{text}', {form})) TO '{packed}' (FORMAT parquet)"
        ).fetchall()
        assert loaded(packed.read_bytes(), ".parquet")[0] == loaded(content)[0]


CONSENT = ("holder_kind", "holder_id", "purpose", "channel", "state", "since")
GIVEN = st.lists(
    st.tuples(st.integers(491_700_000_000, 491_700_000_009), st.sampled_from(["granted", "withdrawn"]), st.integers(1, 28)),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(GIVEN, st.sampled_from([",", ";", "\t"]), st.sampled_from(["{}", "{}.0"]), st.booleans(), st.booleans())
def test_a_consent_is_read_as_it_was_given_or_as_withdrawn(given_, delimiter, number, twice, differing):
    """A second column `state` is either the same in a row, or that row is a withdrawal; the other rows stay."""
    header = [*CONSENT, *(["state"] if twice else [])]
    lines = [delimiter.join(header)]
    for i, (person, state, day) in enumerate(given_):
        other = {"granted": "withdrawn", "withdrawn": "granted"}[state] if differing and i % 2 == 0 else state
        fields = ["subscriber", number.format(person), "survey", "any", state, f"2026-01-{day:02d}T00:00:00Z"]
        lines.append(delimiter.join([*fields, *([other] if twice else [])]))
    findings, names = Findings(), Pseudonymiser(b"k" * 32)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "consents.csv"
        path.write_text("\n".join(lines))
        found = nouns(path, CONSENT, CustomerRows(names).consent, ZoneInfo("UTC"), findings)
    contradicts = twice and differing
    want = [("withdrawn" if contradicts and i % 2 == 0 else state) for i, (_, state, _) in enumerate(given_)]
    holders = [names.subscriber(str(person)) for person, _, _ in given_]
    assert [(c.holder, c.state) for c in found] == list(zip(holders, want, strict=True))
    assert {f.code for f in findings} <= {"dialect", "duplicate_column", "id_as_number"}
