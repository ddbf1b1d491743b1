"""PM files in small: both list forms, histograms, NIL, and what is refused by row, by block or whole."""

import gzip

import numpy as np
import pytest

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources import pm_block, pm_stream
from detector.sources.pm_row import ReadCounts
from detector.sources.pm_xml import read_pm_xml

T0 = 1774339200  # 2026-03-24T08:00:00Z
TYPES = '<measType p="1">A</measType><measType p="2">B</measType><measType p="3">C</measType>'


def info(types, rows, gran='duration="PT900S" endTime="2026-03-24T08:15:00Z"'):
    values = "".join(f'<measValue measObjLdn="Cell={i}">{row}</measValue>' for i, row in enumerate(rows, 1))
    return f'<measInfo measInfoId="g"><job jobId="1"/><granPeriod {gran}/>{types}{values}</measInfo>'


def file(*infos, root="measCollecFile", header="2026-03-24T08:00:00Z", prefix="", managed="ManagedElement=1"):
    measured = "measEntity" if root == "measDataFile" else "managedElement"
    inner = "measData" if root == "measDataFile" else "measCollec"
    return (
        f'<?xml version="1.0"?>\n<{root} xmlns="urn:x"><fileHeader dnPrefix="{prefix}">'
        f'<{inner} beginTime="{header}"/></fileHeader>\n'
        f'<measData><{measured} localDn="{managed}"/>\n' + "\n".join(infos) + "</measData>\n"
        f'<fileFooter><{inner} endTime="2026-03-24T08:15:00Z"/></fileFooter></{root}>'
    )


def r(*pairs):
    return "".join(f'<r p="{p}">{text}</r>' for p, text in pairs)


@pytest.fixture
def read(tmp_path):
    def go(content, **options):
        path = tmp_path / "pm.xml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        findings = Findings()
        return list(read_pm_xml(path, findings, **options)), findings

    return go


def table(batches):
    """{object: {counter: value}}, NULL as None."""
    return {
        name: {c: None if np.isnan(v) else float(v) for c, v in zip(b.counters, row, strict=True)}
        for b in batches
        for name, row in zip(b.objects, b.values, strict=True)
    }


@pytest.mark.parametrize(
    ("types", "row", "expected"),
    [
        (TYPES, r((1, 5), (2, 6), (3, 7)), {"A": 5, "B": 6, "C": 7}),
        (TYPES, r((3, 7), (1, 5), (2, 6)), {"A": 5, "B": 6, "C": 7}),
        (TYPES, r((1, 5), (3, 7)), {"A": 5, "B": None, "C": 7}),
        (TYPES, r((1, "NIL"), (2, ""), (3, " 7 ")), {"A": None, "B": None, "C": 7}),
        (TYPES, "", {"A": None, "B": None, "C": None}),
        (TYPES, r((1, 5), (2, "1,2,3"), (3, 7)), {"A": 5, "B.0": 1, "B.1": 2, "B.2": 3, "C": 7}),
        (TYPES, r((1, 5), (2, " , , "), (3, 7)), {"A": 5, "B.0": None, "B.1": None, "B.2": None, "C": 7}),
        (TYPES, r((1, "1.5e3"), (2, -4), (3, "0.000")), {"A": 1500, "B": -4, "C": 0}),
        (TYPES, r((1, 5), (2, "abc"), (3, 7)), {"A": 5, "B": None, "C": 7}),
        (TYPES, r((1, "5<!-- c -->9"), (2, "<?x y?>6"), (3, "<![CDATA[7]]>")), {"A": 59, "B": 6, "C": 7}),
        (TYPES, r((1, "1_000"), (2, 6), (3, "\u0667")), {"A": None, "B": 6, "C": None}),
        ("<measTypes>A B\n C</measTypes>", "<measResults>5 NIL 7</measResults>", {"A": 5, "B": None, "C": 7}),
        ("<measTypes/>" + TYPES, r((1, 5), (2, 6), (3, 7)), {"A": 5, "B": 6, "C": 7}),
        (
            "<measTypes>X Y</measTypes>" + TYPES,
            "<measResults>1 2</measResults>" + r((2, 6)),
            {"X": 1, "Y": 2, "A": None, "B": 6, "C": None},
        ),
    ],
)
@pytest.mark.parametrize("root", ["measCollecFile", "measDataFile"])
def test_forms(read, types, row, expected, root):
    batches, _ = read(file(info(types, [row]), root=root))
    assert table(batches) == {"ManagedElement=1,Cell=1": expected}
    assert [(b.start, b.duration_s) for b in batches] == [(T0, 900)]


@pytest.mark.parametrize(
    ("types", "row", "why"),
    [
        (TYPES, r((1, 5), (88, 6)), "p '88' is not among its types"),
        (TYPES, r((1, 5), (1, 6)), "p '1' stands twice"),
        (TYPES, "<measResults>1 2</measResults>", "3 names, 2 values"),
        ("<measTypes>A B C</measTypes>", "<measResults>1 2 3 4</measResults>", "3 names, 4 values"),
        ("<measTypes>A B C</measTypes>", "<measResults>1 ... 3</measResults>", "'...' in its list is no number"),
    ],
)
def test_a_row_that_does_not_fit_is_rejected_whole_and_its_neighbours_are_kept(read, types, row, why):
    good = "<measResults>1 2 3</measResults>" if "measTypes" in types else r((1, 1), (2, 2), (3, 3))
    batches, findings = read(file(info(types, [good, row, good])))
    assert set(table(batches)) == {"ManagedElement=1,Cell=1", "ManagedElement=1,Cell=3"}
    (finding,) = findings
    assert (finding.code, finding.count) == ("row_rejected", 1)
    assert why in finding.example


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (info(TYPES, [r((1, 1))], 'duration="some duration" endTime="2026-03-24T08:15:00Z"'), "no duration"),
        (info(TYPES, [r((1, 1))], 'duration="PT900S" endTime="soon"'), "no time"),
        (info("", [r((1, 1))]), "names no measurement types"),
        (info('<measType p="1">A</measType><measType p="1">B</measType>', [r((1, 1))]), "the same p"),
    ],
)
def test_a_block_that_cannot_be_right_is_rejected_and_the_next_is_read(read, block, why):
    batches, findings = read(file(block, info(TYPES, [r((1, 5))])))
    assert [b.values[0, 0] for b in batches] == [5.0]
    (finding,) = findings
    assert finding.code == "block_rejected"
    assert finding.example.startswith("line 4: measInfo 'g': ")
    assert why in finding.example


def test_suspect_rows_are_kept_and_marked(read):
    row = r((1, 1), (2, 2), (3, 3))
    (batch,), _ = read(file(info(TYPES, [row, row + "<suspect>true</suspect>", row + "<suspect>false</suspect>"])))
    assert batch.suspect.tolist() == [False, True, False]


def test_each_block_has_its_own_period_and_a_window_picks(read):
    hour = info(TYPES, [r((1, 9))], 'duration="PT1H" endTime="2026-03-24T09:00:00+0000"')
    late = info(TYPES, [r((1, 8))], 'duration="PT15M" endTime="2026-03-24T15:30:00+07:00"')
    content = file(info(TYPES, [r((1, 7))]), hour, late)
    assert [(b.start, b.duration_s, b.values[0, 0]) for b in read(content)[0]] == [
        (T0, 900, 7),
        (T0, 3600, 9),
        (T0 + 900, 900, 8),
    ]
    assert [b.values[0, 0] for b in read(content, window=Window(T0 + 900, T0 + 1800))[0]] == [8]


@pytest.mark.parametrize(
    ("prefix", "managed", "whole"),
    [
        ("", "", "Cell=1"),
        ("", "ManagedElement=1", "ManagedElement=1,Cell=1"),
        ("DC=x,SubNetwork=2", "ManagedElement=1", "DC=x,SubNetwork=2,ManagedElement=1,Cell=1"),
        ("", "ManagedElement=1,Cell=1", "ManagedElement=1,Cell=1"),
    ],
)
def test_whose_row_it_is(read, prefix, managed, whole):
    batches, _ = read(file(info(TYPES, [r((1, 1))]), prefix=prefix, managed=managed))
    assert batches[0].objects == (whole,)


def test_a_header_that_disagrees_and_a_time_without_offset_are_findings(read):
    _, findings = read(file(info(TYPES, [r((1, 1))]), header="2026-03-24T08:05:00"))
    assert [f.code for f in findings] == ["time_without_offset", "header_disagrees"]


def test_batches_are_bounded_and_lose_nothing(read, monkeypatch):
    monkeypatch.setattr(pm_block, "MAX_ROWS", 10)
    batches, _ = read(file(info(TYPES, [r((1, i), (2, "NIL" if i == 7 else i)) for i in range(95)])))
    assert [len(b.objects) for b in batches] == [10] * 9 + [5]
    assert np.concatenate([b.values[:, 0] for b in batches]).tolist() == list(range(95))


def test_packed_by_its_bytes_not_by_its_name(read):
    batches, _ = read(gzip.compress(file(info(TYPES, [r((1, 5))])).encode()))
    assert len(batches) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: malformed XML"),
        (file(info(TYPES, [r((1, 5))])).replace("</measData>", ""), "line 5: malformed XML"),
        ("<!DOCTYPE x [<!ENTITY e 'e'>]>" + file().partition("?>")[2].strip(), "line 1: it declares a doctype"),
        (file(header="BEGINTIME"), "line 2: beginTime: 'BEGINTIME' is no time"),
        ("<x/>", "line 1: root element is x; only measCollecFile and measDataFile are read"),
        (gzip.compress(file(info(TYPES, [r((1, 5))] * 500)).encode(), mtime=0)[:-300], "gzip data are cut off"),
        (file(info(TYPES, [r((1, "1" * 11_000_000))])), "one element is larger than 4 MB"),
    ],
)
def test_refused_whole_in_one_line(read, content, said):
    with pytest.raises(Permanent) as refusal:
        read(content)
    assert str(refusal.value).startswith("pm.xml, line ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_endless_element_and_a_bomb_meet_their_bounds(read, monkeypatch):
    monkeypatch.setattr(pm_stream, "MAX_SILENCE", 1 << 17)
    with pytest.raises(Permanent, match="one element is larger"):
        read(file(info(TYPES, [r((1, 5)) * 60_000])))
    monkeypatch.setattr(pm_stream, "MAX_BYTES", 1 << 17)
    with pytest.raises(Permanent, match="it holds more than"):
        read(gzip.compress(file(info(TYPES, [r((1, 5))] * 20_000)).encode()))


def test_what_was_read_is_counted_before_it_is_judged(read):
    counts = ReadCounts()
    rows = [r((1, 1), (2, "1,2")), r((1, "NIL"), (99, "3,4")) + "<suspect>true</suspect>"]
    read(file(info(TYPES, rows), info("<measTypes>A</measTypes>", ["<measResults>1 2</measResults>"])), counts=counts)
    assert (counts.meas_info, counts.meas_type, counts.meas_types, counts.meas_value) == (2, 3, 1, 3)
    assert (counts.r, counts.meas_results, counts.suspect, counts.suspect_true) == (4, 1, 1, 1)
    assert (counts.nil_or_empty_r, counts.multi_value_r, counts.granularities) == (1, 2, {"PT900S"})
