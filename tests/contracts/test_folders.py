"""What a folder promises to the jobs, replayed and watched alike."""

import gzip
import os
from itertools import pairwise

import numpy as np
import pytest

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.dataset import OperatorDataset
from tests.folder_feeds import NAMES, watched_folder

T0 = 1774339200  # 2026-03-24T08:00:00Z
NEVER = 10**10

XML = """<?xml version="1.0"?>
<measCollecFile xmlns="urn:any"><fileHeader dnPrefix=""><measCollec beginTime="2026-03-24T08:00:00Z"/></fileHeader>
<measData><managedElement localDn="ManagedElement=1"/>
<measInfo><granPeriod duration="PT900S" endTime="2026-03-24T08:{end}:00Z"/><measType p="1">RRC.ConnEstabAtt.sum</measType>
<measValue measObjLdn="NRCellDU=1"><r p="1">{value}</r></measValue></measInfo></measData></measCollecFile>
"""
TABLE = """object_id,start,duration_s,suspect,dimension,RRC.ConnEstabAtt.sum,RRC.ConnEstabSucc.sum
c2,2026-03-24T08:15:00Z,900,,,7,7
c1,2026-03-24T08:00:00Z,900,1,,10,
c1,2026-03-24T08:00:00Z,900,,5qi=1,3,2
"""
PRESENCE = "subscriber_id,cell_id,start,duration_s,seconds\n001,c1,2026-03-24T08:00:00Z,3600,120\n"


@pytest.fixture(params=["dataset", "folder"])
def source(request, tmp_path):
    """A source over a directory with two XML files, a table of two periods, presence, a contact and a cell."""
    root = tmp_path / "operator"
    for folder in ("counters/xml", "attachments"):
        (root / folder).mkdir(parents=True)
    (root / "counters/xml/a.xml").write_text(XML.format(end=15, value=5))
    (root / "counters/xml/b.dat").write_bytes(gzip.compress(XML.format(end=30, value=6).encode()))
    (root / "counters/table.csv").write_text(TABLE)
    (root / "counters/.hidden").write_text("x")
    (root / "counters/half.xml.part").write_text("<meas")
    (root / "attachments/a.csv").write_text(PRESENCE)
    (root / "contacts.csv").write_text("contact_id,subscriber_id,at,channel\nk1,001,2026-03-24T08:20:00Z,call\n")
    (root / "cells.csv").write_text("cell_id,technology\nc1,LTE\nc2,LTE\n")
    for file in root.rglob("*.*"):
        os.utime(file, (T0 + 1000, T0 + 1000))
    return OperatorDataset(root, NAMES) if request.param == "dataset" else watched_folder(root, tmp_path / "quarantine")


def everything(source, window=None):
    """(object, period) -> values of all that the source ever gives."""
    found = {}
    for source_file in source.files(0, NEVER):
        for batch in source.read(source_file, Findings(), window):
            for name, values in zip(batch.objects, batch.values, strict=True):
                found[name, batch.start] = dict(zip(batch.counters, values, strict=True))
    return found


def test_every_row_of_every_form_is_given(source):
    found = everything(source)
    assert set(found) == {
        ("ManagedElement=1,NRCellDU=1", T0),
        ("ManagedElement=1,NRCellDU=1", T0 + 900),
        ("c1", T0),
        ("c1#5qi=1", T0),
        ("c2", T0 + 900),
    }
    assert found["c1#5qi=1", T0] == {"RRC.ConnEstabAtt.sum": 3.0, "RRC.ConnEstabSucc.sum": 2.0}
    assert np.isnan(found["c1", T0]["RRC.ConnEstabSucc.sum"])


@pytest.mark.parametrize("now", [T0, T0 + 1500, T0 + 4000])
def test_nothing_is_later_than_now(source, now):
    assert all(source_file.arrived_at <= now for source_file in source.files(0, now))
    assert all(contact.at <= now for contact in source.contacts(0, now, Findings()))
    assert (source.presence(0, now, Findings()).start + 3600 <= max(now, T0 + 4600)).all()


def test_files_come_in_order_and_each_has_one_identity(source):
    source_files = source.files(0, NEVER)
    assert all((a.arrived_at, a.name) <= (b.arrived_at, b.name) for a, b in pairwise(source_files))
    assert len({(p.feed, p.name, p.sha256) for p in source_files}) == len(source_files)
    assert {p.feed for p in source_files} == {source.name}
    assert list(source.files(0, NEVER)) == list(source_files)


def test_reading_twice_gives_the_same(source):
    def plain():
        return [(key, sorted((k, str(v)) for k, v in values.items())) for key, values in everything(source).items()]

    assert plain() == plain()


def test_a_window_restricts_what_is_read(source):
    assert {start for _, start in everything(source, Window(T0, T0 + 900))} == {T0}
    assert everything(source, Window(T0 + 1800, T0 + 2700)) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(XML.format(end=15, value=5).encode(), mtime=0)[:-40], "gzip data are cut off"),
        (XML.format(end=15, value=5).encode()[:-30], "malformed XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + XML.format(end=15, value=5).encode().partition(b"?>")[2].strip(), "doctype"),
        (b"<OMeS/>", "root element is OMeS"),
        (b"object_id,start\nc1,2026-03-24T08:00:00Z\n", "column 'duration_s' is missing"),
        (b'{"event": {}}', "JSON"),
        (b"", "it is empty"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_and_the_rest_goes_on(source, content, reason):
    bad = source._root / "counters/xml/bad"
    bad.write_bytes(content)
    os.utime(bad, (T0 + 1000, T0 + 1000))
    source_files = source.files(0, NEVER)
    source_file = next(p for p in source_files if p.name.startswith("counters/xml/bad"))
    with pytest.raises(Permanent, match=reason) as refusal:
        list(source.read(source_file, Findings()))
    assert "counters/xml/bad" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert sum(len(list(source.read(p, Findings()))) for p in source_files if p is not source_file) == 4


def test_no_raw_identity_leaves_the_source(source):
    presence = source.presence(0, NEVER, Findings())
    (contact,) = source.contacts(0, NEVER, Findings())
    assert presence.subscribers == (contact.subscriber,)
    assert contact.subscriber.startswith("sub_1_")
    assert len(contact.subscriber) == len("sub_1_") + 24


def test_reference_is_the_same_object_while_nothing_changes(source):
    first = source.reference(T0, Findings())
    assert set(first.topology.cells) == {"c1", "c2"}
    assert source.reference(T0 + 5, Findings()) is first
    cells = source._root / "cells.csv"
    cells.write_text("cell_id,technology\nc1,LTE\n")
    assert set(source.reference(T0 + 6, Findings()).topology.cells) == {"c1"}
