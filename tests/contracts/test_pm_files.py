"""Every PM file that others made: each count exact, or a clear refusal (../shared/data/pm_files/manifest.csv)."""

import csv
from pathlib import Path

import pytest

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.sources.pm_row import ReadCounts
from detector.sources.pm_xml import read_pm_xml

FOLDER = Path(__file__).parents[2].parent / "shared/data/pm_files"
MANIFEST = FOLDER / "manifest.csv"

if not MANIFEST.exists():
    pytest.skip("the shared PM files are not on this machine", allow_module_level=True)
with MANIFEST.open(newline="", encoding="utf-8") as lines:
    ENTRIES = {row["file"]: row for row in csv.DictReader(lines)}

REFUSED = {  # part of the name -> (line, reason)
    "bodastage_nokia/": (2, "OMeS"),
    "performance-management/template.xml": (6, "'@start-time@'"),
    "performance-management/template_5G_NR.xml": (6, "'@start-time@'"),
    "pm-template.xml": (11, "'BEGINTIME'"),
    "Keysight": (2, "XML declaration allowed only at the start"),
}
REJECTED = {  # part of the name -> (finding, reason, measValues kept)
    "A_no_managed_element": ("block_rejected", "'some duration'", 0),
    "lte/no_managed_element": ("block_rejected", "'some duration'", 0),
    "nr/no_measured_entity": ("block_rejected", "'some duration'", 0),
    "pm-bulk-a3": ("row_rejected", "5 names, 4 values", 2),
    "meas_type_and_r_many_measvalue/test.xml": ("row_rejected", "p '88'", 2),
    "bodastage_meas/src/test/resources/pm.xml": ("row_rejected", "'...'", 0),
}
COUNTS = {  # manifest column -> field
    "measInfo": "meas_info",
    "measType_elems": "meas_type",
    "measTypes_lists": "meas_types",
    "measValue": "meas_value",
    "r": "r",
    "measResults": "meas_results",
    "suspect_true": "suspect_true",
    "suspect_all": "suspect",
    "nil_or_empty_r": "nil_or_empty_r",
    "multi_val_r": "multi_value_r",
}


def of(table, file):
    return next((row for part, row in table.items() if part in file), None)


def test_the_manifest_is_whole_and_every_exception_is_met():
    assert len(ENTRIES) == 86
    assert sum(of(REFUSED, file) is not None for file in ENTRIES) == 7
    assert sum(of(REJECTED, file) is not None for file in ENTRIES) == 8


@pytest.mark.parametrize("file", [f for f in ENTRIES if of(REFUSED, f)])
def test_refused_whole_naming_file_line_and_reason(file):
    line, reason = of(REFUSED, file)
    with pytest.raises(Permanent) as refusal:
        list(read_pm_xml(FOLDER / file, Findings()))
    said = str(refusal.value)
    assert said.startswith(f"{Path(file).name}, line {line}: ")
    assert reason in said
    assert "\n" not in said


@pytest.mark.parametrize("file", [f for f in ENTRIES if not of(REFUSED, f)])
def test_every_count_is_exact_and_nothing_is_lost_without_a_word(file):
    counts, findings = ReadCounts(), Findings()
    batches = list(read_pm_xml(FOLDER / file, findings, counts=counts))
    entry = ENTRIES[file]
    assert {column: getattr(counts, field) for column, field in COUNTS.items()} == {c: int(entry[c]) for c in COUNTS}
    assert counts.granularities == set(filter(None, entry["gran"].split(";")))
    rejected = [f for f in findings if f.code in ("block_rejected", "row_rejected")]
    kept = sum(len(batch.objects) for batch in batches)
    if expected := of(REJECTED, file):
        code, reason, rows = expected
        assert [(f.code, f.count) for f in rejected] == [(code, 1)]
        assert reason in rejected[0].example
        assert kept == rows
    else:
        assert rejected == []
        assert kept == counts.meas_value
        assert sum(b.suspect.sum() for b in batches) == counts.suspect_true
