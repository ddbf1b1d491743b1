"""The inbox: only finished files are given, and what cannot be read goes aside with its reason."""

import os

import pytest

from detector.domain.errors import Misconfigured
from detector.domain.finding import Findings
from detector.settings import Sources
from tests.folder_feeds import watched_folder
from tests.unit.sources.operator_directory import NAMES, T0, write

ROW = "object_id,start,duration_s,A\nc1,2026-03-24T08:00:00Z,900,1\n"


def drop(root, name, text=ROW, mtime=T0):
    write(root, {name: text})
    os.utime(root / name, (mtime, mtime))


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "in").mkdir()
    return watched_folder(tmp_path / "in", tmp_path / "quarantine", NAMES), tmp_path / "in"


def names(source, now):
    return [p.name for p in source.files(0, now)]


def test_a_file_is_given_once_it_has_settled(inbox):
    source, root = inbox
    drop(root, "counters/a.csv", mtime=T0)
    assert names(source, T0 + 1) == [], "it may still grow"
    drop(root, "counters/a.csv", ROW + "c2,2026-03-24T08:00:00Z,900,2\n", mtime=T0 + 1)
    assert names(source, T0 + 2) == [], "and so it did"
    assert names(source, T0 + 2) == ["counters/a.csv"], "unchanged since the look before"
    drop(root, "counters/b.csv", mtime=T0)
    assert names(source, T0 + 5) == ["counters/b.csv", "counters/a.csv"], "older than two seconds"


@pytest.mark.parametrize("name", ["counters/.a.csv", "counters/a.csv.part", "counters/a.csv.tmp", "a.csv"])
def test_names_that_are_not_looked_at(inbox, name):
    source, root = inbox
    drop(root, name)
    assert names(source, T0 + 100) == []


def test_new_bytes_under_an_old_name_are_another_identity_and_arrival_is_never_later_than_now(inbox):
    source, root = inbox
    drop(root, "counters/a.csv", mtime=T0)
    (old,) = source.files(0, T0 + 10)
    drop(root, "counters/a.csv", ROW.replace(",1", ",2"), mtime=T0 + 20)
    (new,) = source.files(0, T0 + 30)
    assert (old.name, old.arrived_at, new.arrived_at) == (new.name, T0, T0 + 20)
    assert old.sha256 != new.sha256
    drop(root, "counters/c.csv", mtime=T0 + 500)
    source.files(0, T0 + 30)
    assert max(p.arrived_at for p in source.files(0, T0 + 40)) == T0 + 40


def test_what_cannot_be_read_goes_aside_with_its_reason(inbox, tmp_path):
    source, root = inbox
    for content in ("<x/>", "<y/>"):
        drop(root, "counters/x/bad.xml", content)
        (source_file,) = source.files(0, T0 + 10)
        source.set_aside(source_file, "bad.xml, line 1: malformed XML")
    aside = sorted(p.name for p in (tmp_path / "quarantine/counters/x").iterdir())
    assert len(aside) == 4
    assert aside[0] == "bad.xml"
    assert (tmp_path / "quarantine/counters/x/bad.xml.reason.txt").read_text() == "bad.xml, line 1: malformed XML\n"
    assert names(source, T0 + 20) == []


def test_attachments_arrive_with_their_file(inbox):
    source, root = inbox
    text = "subscriber_id,cell_id,start,duration_s,seconds\n001,c1,2026-03-24T08:00:00Z,3600,60\n"
    drop(root, "attachments/a.csv", text, mtime=T0 + 7000)
    assert len(source.presence(T0, T0 + 7000, Findings())) == 0
    assert len(source.presence(T0 + 6000, T0 + 7010, Findings())) == 1
    assert len(source.presence(T0 + 7010, T0 + 7020, Findings())) == 0


def test_a_kind_that_is_not_there_is_reported():
    with pytest.raises(Misconfigured, match="unknown kind 'ftp'; known are dataset, file_drop"):
        _ = Sources(kind="ftp").feed
