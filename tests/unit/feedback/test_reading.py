"""What words say: about what, and in what mood; in several languages, and none of ours."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.feedback.reading import MOST_READ, Reading, words


def texts() -> Iterator[dict[str, str]]:
    with (Path(__file__).parent / "texts.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


LANGUAGES = sorted({row["language"] for row in texts()})


def mood(sentiment: float | None) -> str:
    return "0" if sentiment is None or abs(sentiment) <= 0.05 else "+" if sentiment > 0 else "-"


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_texts_of_a_language_are_sorted_right(language: str) -> None:
    rows = [row for row in texts() if row["language"] == language]
    right = sum(words().read(row["text"]).category == row["category"] for row in rows)
    assert right >= 0.9 * len(rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mood_is_mostly_right_and_rarely_its_opposite(language: str) -> None:
    rows = [row for row in texts() if row["language"] == language]
    found = [(mood(words().read(row["text"]).sentiment), row["mood"]) for row in rows]
    assert sum(said == meant for said, meant in found) >= 0.7 * len(rows)
    assert sum({said, meant} == {"+", "-"} for said, meant in found) <= 1


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\x00\ud800\ufffe", "没有信号,太差了", "لا توجد إشارة", "👻" * 9000, "x" * 1_000_000],
    ids=["empty", "blank", "broken", "chinese", "arabic", "emoji", "1 MB"],
)
def test_no_script_breaks_it_and_what_it_cannot_read_it_does_not_guess(text: str) -> None:
    assert words().read(text) == Reading()


def test_a_long_text_is_read_in_its_beginning() -> None:
    assert words().read("Kein Netz. " + "Rechnung " * 200_000) == words().read(
        ("Kein Netz. " + "Rechnung " * 200_000)[:MOST_READ]
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("Ich bin zufrieden", "+"), ("Ich bin nicht zufrieden", "-"), ("Es ging nicht, danke", "+")]
)
def test_a_negation_turns_a_word_round_but_not_across_a_pause(text: str, expected: str) -> None:
    assert mood(words().read(text).sentiment) == expected


def test_german_is_not_read_as_english() -> None:
    """In English `die` and `war` are sad words."""
    assert mood(words().read("Die Verbindung war die ganze Woche da").sentiment) == "0"
