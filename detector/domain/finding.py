"""What was wrong with the input, counted: nothing is dropped or clipped without one of these."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Finding:
    """`count` occurrences of one `code` (snake_case, stable), with the first one as `example`."""

    code: str
    where: str
    example: str
    count: int = 1


class Findings:
    """Collects findings by (code, where).

    >>> found = Findings()
    >>> found.add("negative_counter", "c01", "RRC.ConnEstabAtt.sum = -4")
    >>> found.add("negative_counter", "c01", "RRC.ConnEstabAtt.sum = -9", count=2)
    >>> list(found)
    [Finding(code='negative_counter', where='c01', example='RRC.ConnEstabAtt.sum = -4', count=3)]
    """

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        self.extend(findings)

    def add(self, code: str, where: str, example: str, count: int = 1) -> None:
        """One more. What no line of text can hold stands as U+FFFD: names and values come from outside."""
        self.extend([Finding(code, _line(where), _line(example), count)])

    def extend(self, findings: Iterable[Finding]) -> None:
        for new in findings:
            old = self._found.get((new.code, new.where))
            self._found[new.code, new.where] = replace(old, count=old.count + new.count) if old else new

    def count(self, code: str) -> int:
        return sum(f.count for f in self if f.code == code)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


def _line(text: str) -> str:
    """
    >>> _line("c1" + chr(0)) == "c1" + chr(0xFFFD), _line("a" + chr(10) + " b")
    (True, 'a b')
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
