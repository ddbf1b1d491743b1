"""Tables on terminals of any width: nothing is cut, ids can be pasted whole, lines fit."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.commands.tables import table

ID = "inc_0123456789abcdef"
INCIDENT = {
    "incident": ID,
    "opened": "2026-03-24T09:45Z",
    "resolved": None,
    "severity": "critical",
    "root": "site s010",
    "cells": 3,
    "affected": 610,
    "silent": "merged:inc_fedcba9876543210",
    "reason": "RRC setup success is 91.4 % where 99.2 % is expected, on 3 cells of site s010.",
}
FINDING = {
    "finding": "success_exceeds_attempts",
    "where": "counters/A20260319.0415+0100-0430+0100_gNB-17.xml.gz",
    "count": 4,
}


def lines(rows: list[dict[str, Any]], width: int | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.delenv("COLUMNS", raising=False) if width is None else monkeypatch.setenv("COLUMNS", str(width))
    return table(rows, False, "nothing").splitlines()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("row", [INCIDENT, FINDING], ids=["incident", "finding"])
def test_lines_fit_and_every_word_is_whole(row: dict[str, Any], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    output = lines([row, row], width, monkeypatch)
    words = [word for value in row.values() if value is not None for word in str(value).split()]
    assert [word for word in words if not any(word in line.split() for line in output)] == []
    longest = max(map(len, words))
    assert [line for line in output if len(line) > max(width, longest + 2)] == []
    assert "…" not in "".join(output)


def test_a_pipe_gets_one_line_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    header, *rows = lines([INCIDENT] * 3, None, monkeypatch)
    assert header.split() == list(INCIDENT)
    assert all(ID in row and row.endswith("on 3 cells of site s010.") for row in rows)
    assert len(rows) == 3


def test_a_narrow_terminal_gets_a_block_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    output = lines([INCIDENT, INCIDENT], 40, monkeypatch)
    assert output[0].split() == ["incident", ID]
    assert output.count("") == 1
    assert not [line for line in output if line.startswith("resolved")], "what is not known needs no line"


def test_a_wide_terminal_wraps_the_text_beside_whole_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    output = lines([INCIDENT], 140, monkeypatch)
    assert output[0].split() == list(INCIDENT)
    assert output[1].startswith(ID)
    assert len(output) > 2


def test_markup_in_the_data_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[bold]x[/bold] [link=y]" in "\n".join(lines([{"where": "[bold]x[/bold] [link=y]"}], 80, monkeypatch))


def test_machines_get_json_and_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert json.loads(table([INCIDENT], True, "")) == [INCIDENT]
    assert table([], False, "no incidents") == "no incidents"


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=60), min_size=3, max_size=3
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(10, 160),
)
@settings(max_examples=60, deadline=None)
def test_no_word_is_ever_lost(values: list[list[str]], width: int) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("COLUMNS", str(width))
    try:
        output = set(table([dict(zip(("one", "two", "three"), row, strict=True)) for row in values], False, "").split())
    finally:
        patch.undo()
    assert [word for row in values for value in row for word in value.split() if word not in output] == []
