"""What a contact is about and how angry it is, from its words: stems of several languages as data, VADER for English."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import config
from detector.domain.interaction import CATEGORIES
from detector.toml_file import read_toml

if TYPE_CHECKING:
    from vader import SentimentIntensityAnalyzer

MOST_READ = 4000
"""Characters of a text that are read: a complaint says what it is about in the beginning, and a long text stalls nothing."""
ENGLISH = "en"
_WORDS_FILE = Path(config.__file__).parent / "words.toml"
_WORD = re.compile(r"\w+|[.,;:!?]+")
_BEFORE = 2
"""How far in front of a word of mood a negation turns it round."""


@dataclass(frozen=True)
class Reading:
    """category: one of CATEGORIES, empty = the words do not say. sentiment: -1 (angry) to 1 (pleased), None = not known.
    language: guessed, empty = none of ours."""

    category: str = ""
    sentiment: float | None = None
    language: str = ""


@dataclass(frozen=True)
class Words:
    """`config/words.toml`, ready to match. usual: language -> its frequent short words."""

    categories: Mapping[str, re.Pattern[str]]
    angry: re.Pattern[str]
    pleased: re.Pattern[str]
    negation: frozenset[str]
    usual: Mapping[str, frozenset[str]]

    def read(self, text: str) -> Reading:
        """Of the first MOST_READ characters.

        >>> words().read("Seit heute kein Netz, eine Frechheit!")
        Reading(category='network', sentiment=-0.71, language='de')
        """
        begin = text[:MOST_READ]
        plain = _plain(begin)
        language = self._language(plain.split())
        return Reading(self._category(plain), self._sentiment(begin, plain, language), language)

    def _category(self, plain: str) -> str:
        weights = {name: _weight(pattern, plain) for name, pattern in self.categories.items()}
        best = max(weights, key=lambda name: weights[name])
        return best if weights[best] else ""

    def _language(self, tokens: Iterable[str]) -> str:
        tokens = list(tokens)
        known = {language: sum(token in usual for token in tokens) for language, usual in self.usual.items()}
        best = max(known, key=lambda language: known[language])
        return best if known[best] else ""

    def _sentiment(self, text: str, plain: str, language: str) -> float | None:
        if language == ENGLISH:
            return round(_english(text), 2)
        mood = self._balance(self.pleased, plain) - self._balance(self.angry, plain)
        if not mood and not language:
            return None
        return round(mood / sqrt(mood * mood + 1), 2)

    def _balance(self, pattern: re.Pattern[str], plain: str) -> int:
        """How many words of this mood, those with a negation in front taken away."""
        count = 0
        for match in pattern.finditer(plain):
            before = re.split("[.,;:!?]", plain[max(0, match.start() - 40) : match.start()])[-1].split()[-_BEFORE:]
            count += -1 if self.negation.intersection(before) else 1
        return count


@cache
def words(path: Path = _WORDS_FILE) -> Words:
    """The packaged words, read once."""
    found = read_toml(path, mend="restore it from the package")
    stems = {name: _stems(found["category"][name]) for name in CATEGORIES}
    return Words(
        {name: _pattern(own) for name, own in stems.items()}, _pattern(_stems(found["angry"])),
        _pattern(_stems(found["pleased"])), frozenset(_stems(found["negation"])),
        {language: frozenset(own) for language, own in found["usual"].items()},
    )  # fmt: skip


def _stems(by_language: Mapping[str, Iterable[str]]) -> list[str]:
    return sorted({stem for own in by_language.values() for stem in own}, key=lambda stem: (-len(stem), stem))


def _pattern(stems: Iterable[str]) -> re.Pattern[str]:
    """The longest stems first, each at the beginning of a word or, with `*`, anywhere in one."""
    parts = ((stem[:1] == "*", re.escape(_plain(stem).strip())) for stem in stems)
    return re.compile("|".join(part if inside else rf"(?<= ){part}" for inside, part in parts))


def _weight(pattern: re.Pattern[str], plain: str) -> int:
    """Different matches, those of several words twice."""
    return sum(2 if " " in match else 1 for match in set(pattern.findall(plain)))


def _plain(text: str) -> str:
    """Small letters, one space between words, pauses and around them.

    >>> _plain("Kein NETZ!  4G?")
    ' kein netz ! 4g ? '
    """
    small = unicodedata.normalize("NFKC", text).replace("İ", "i").casefold()
    return f" {' '.join(_WORD.findall(small))} "


@cache
def _analyser() -> "SentimentIntensityAnalyzer":
    from vader import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _english(text: str) -> float:
    return float(_analyser().polarity_scores(text)["compound"])
