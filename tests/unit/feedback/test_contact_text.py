"""What words say: about what, and in what mood; in several languages, and none of ours."""

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.config_files import config_file
from detector.feedback.contact_text import MOST_READ, Reading, words


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


NOTES = {
    "Red light on the roof, crew is on the way": "",
    "RED HOOK": "",
    "red alarm cleared": "",
    "the red cable was cut": "",
    "Campo Street depot": "",
    "paragraph two": "",
    "Linea B": "",
    "la rete": "network",
    "No hay red en casa": "network",
    "The base plate was replaced": "",
    "Red de fibra cortada en el centro": "network",
    "no signal since the red light": "network",
    "Der Ramen-Laden ruft an": "other",
    "LTE": "network",
    "5G": "network",
    "no bars": "network",
    "kein Netz": "network",
}


@pytest.mark.parametrize("text", NOTES)
def test_stems_belong_to_their_language(text: str) -> None:
    """`red` is Spanish for network, `campo` Italian for signal, `para` Turkish for money, `rame` French for slow."""
    assert words().read(text).category == NOTES[text]


@pytest.mark.parametrize(
    ("text", "language", "category"),
    [
        ("Red muy mala", "es", "network"),
        ("red", "es", "network"),
        ("red", "en", ""),
        ("red", "", ""),
        ("red", "es-MX", "network"),
        ("red", "ES_mx", "network"),
        ("red", "xx", ""),
        ("The red light is on and nobody comes to see to it", "es", ""),
        ("Ich habe kein Netz und keine Verbindung", "en", "network"),
        ("rete assente", "it", "network"),
    ],
)
def test_the_customers_own_language_decides_where_the_words_do_not(text: str, language: str, category: str) -> None:
    assert words().read(text, language).category == category


def test_a_note_of_one_language_is_sorted_by_none_of_the_others() -> None:
    """Every stem of every other language, alone in an English sentence, sorts nothing that English itself does not."""
    found = tomllib.loads((config_file("words.toml")).read_text(encoding="utf-8"))
    stems = {
        s.strip("*")
        for own in found["category"].values()
        for code, part in own.items()
        if code not in ("en", "any")
        for s in part
    }
    plain = words().read("the crew is on the way to the").category
    sorted_wrong = [
        stem
        for stem in stems
        if stem.isascii() and words().read(f"the crew was at {stem} and is on the way to the depot").language != "en"
    ]
    assert (plain, sorted_wrong) == ("", [])
