"""What a contact is about and how angry it is, from its words: stems of several languages as data, VADER for English."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.config_files import config_file
from detector.domain.interaction import CATEGORIES
from detector.toml_file import read_toml

if TYPE_CHECKING:
    from vader import SentimentIntensityAnalyzer

MOST_READ = 4000
"""Characters of a text that are read. Chosen: a complaint names its matter in the beginning, and a long text delays
nothing."""
ENGLISH = "en"
PROPER = "any"
"""Key of names that are the same in every language: LTE, 5G, eSIM."""
_NEVER = "(?!)"
_SURE = 1.5
"""Frequent words of another language beyond twice those of the person's own from which the text is in the other. Chosen:
more than one."""
_LONG = 6
"""Letters of a stem that hardly occur in another language by chance. Chosen: `red` (Spanish: network) and `rame` do."""
_WORDS_FILE = config_file("words.toml")
_WORD = re.compile(r"\w+|[.,;:!?]+")
_BEFORE = 2
"""Words in front of a word of mood in which a negation inverts it. Chosen: "not at all good" has two between."""


@dataclass(frozen=True)
class Reading:
    """category: one of CATEGORIES, empty = the words do not show it. sentiment: -1 (angry) to 1 (pleased), None = not known.
    language: guessed, empty = none of ours."""

    category: str = ""
    sentiment: float | None = None
    language: str = ""


@dataclass(frozen=True)
class Stems:
    """The vocabulary of one language: category -> its stems, moods, and what turns a mood round."""

    categories: Mapping[str, re.Pattern[str]]
    angry: re.Pattern[str]
    pleased: re.Pattern[str]
    negation: frozenset[str]

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        return (*self.categories.values(), self.angry, self.pleased)


@dataclass(frozen=True)
class Words:
    """`config/words.toml`, ready to match: language (or PROPER) -> its stems, proper names included, and language -> {a
    frequent short word or letter: its weight}, 1 for one of this language alone, 1/n for one of n languages."""

    stems: Mapping[str, Stems]
    frequent: Mapping[str, Mapping[str, float]]
    letters: Mapping[str, Mapping[str, float]]

    def read(self, text: str, language: str = "") -> Reading:
        """Of the first MOST_READ characters. language: the person's own (`de`, `de-AT`), where it is known: what the words
        state of their language goes before it.

        >>> words().read("Seit heute kein Netz, eine Frechheit!")
        Reading(category='network', sentiment=-0.71, language='de')
        >>> words().read("Red alarm on the roof", language="en").category
        ''
        """
        begin = text[:MOST_READ]
        plain = _plain(begin)
        likely = self._languages(plain, language.lower().replace("_", "-").partition("-")[0])
        found = likely or self._by_stems(plain)
        chosen = max(found, key=lambda code: self._matched(code, plain), default=PROPER)
        guessed = chosen if likely and (len(likely) == 1 or chosen == ENGLISH) else ""
        return Reading(self._category(chosen, plain), self._sentiment(begin, plain, chosen), guessed)

    def _languages(self, plain: str, own: str) -> list[str]:
        """Languages in which this may be written: that of its frequent words and letters; the person's own where those show
        little or as much of it; none if nothing shows one."""
        tokens, letters = plain.split(), set(plain)
        score = {
            code: sum(weights.get(token, 0.0) for token in tokens)
            + sum(weight for letter, weight in self.letters.get(code, {}).items() if letter in letters)
            for code, weights in self.frequent.items()
        }
        best = max(score.values())
        if own in self.frequent and best < _SURE + 2 * score.get(own, 0.0):
            return [own]
        return [code for code, points in score.items() if points == best] if best else []

    def _by_stems(self, plain: str) -> list[str]:
        """The language is not evident: those in which two stems are found, or one too long to stand in another by chance."""
        return [code for code in self.frequent if self._tells(code, plain)]

    def _tells(self, code: str, plain: str) -> bool:
        found = {match for pattern in self.stems[code].patterns for match in pattern.findall(plain)}
        return len(found) > 1 or any(len(match) >= _LONG or not match.isascii() for match in found)

    def _matched(self, code: str, plain: str) -> int:
        return sum(_weight(pattern, plain) for pattern in self.stems[code].patterns)

    def _category(self, code: str, plain: str) -> str:
        weights = {name: _weight(pattern, plain) for name, pattern in self.stems[code].categories.items()}
        best = max(weights, key=lambda name: weights[name])
        return best if weights[best] else ""

    def _sentiment(self, text: str, plain: str, language: str) -> float | None:
        if language == ENGLISH:
            return round(_english(text), 2)
        if language == PROPER:
            return None
        own = self.stems[language]
        mood = _balance(own.pleased, own.negation, plain) - _balance(own.angry, own.negation, plain)
        return round(mood / sqrt(mood * mood + 1), 2)


def _balance(pattern: re.Pattern[str], negation: frozenset[str], plain: str) -> int:
    """How many words of this mood, those with a negation in front taken away."""
    count = 0
    for match in pattern.finditer(plain):
        before = re.split("[.,;:!?]", plain[max(0, match.start() - 40) : match.start()])[-1].split()[-_BEFORE:]
        count += -1 if negation.intersection(before) else 1
    return count


@cache
def words(path: Path = _WORDS_FILE) -> Words:
    """The packaged words, read once."""
    found = read_toml(path, mend="restore it from the package")
    return Words(
        {language: _stems_of(found, language) for language in (*found["usual"], PROPER)},
        _telling(found["usual"]),
        _telling(found["letters"]),
    )


def _stems_of(found: Mapping[str, Any], language: str) -> Stems:
    """Of one language, with the proper names that are the same in all."""
    categories = {name: found["category"][name] for name in CATEGORIES}
    stems = {name: _stems(own.get(language, []), own.get(PROPER, [])) for name, own in categories.items()}
    angry, pleased, negation = (found[mood].get(language, []) for mood in ("angry", "pleased", "negation"))
    return Stems(
        {name: _pattern(own) for name, own in stems.items()},
        _pattern(_stems(angry)),
        _pattern(_stems(pleased)),
        frozenset(negation),
    )


def _telling(words_of: Mapping[str, Iterable[str]]) -> dict[str, dict[str, float]]:
    """
    >>> _telling({"en": ["the", "no"], "es": ["no"]})
    {'en': {'the': 1.0, 'no': 0.5}, 'es': {'no': 0.5}}
    """
    languages = Counter(word for own in words_of.values() for word in set(own))
    return {language: {word: 1 / languages[word] for word in own} for language, own in words_of.items()}


def _stems(*lists: Iterable[str]) -> list[str]:
    return sorted({stem for own in lists for stem in own}, key=lambda stem: (-len(stem), stem))


def _pattern(stems: Iterable[str]) -> re.Pattern[str]:
    """The longest stems first, each at the beginning of a word or, with `*`, anywhere in one."""
    parts = ((stem[:1] == "*", re.escape(_plain(stem).strip())) for stem in stems)
    return re.compile("|".join(part if inside else rf"(?<= ){part}" for inside, part in parts) or _NEVER)


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
