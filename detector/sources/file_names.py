r"""Names of files as text that a database, JSON, a log and a page can hold, and the way back to the file.

A file system takes any byte but NUL and `/` in a name. What is no printable UTF-8, and the backslash itself, stands in the
text as `\xHH`, a byte each; so no two files share a text.
"""

import os
import re

_SHOWN = 80
"""Characters at either end. Chosen: a finding keeps 500 in all, and the reason is to be among them."""
_BYTE = re.compile(rb"\\x([0-9a-f]{2})")


def name_text(path: str) -> str:
    r"""A path as it is kept and shown.

    >>> name_text(os.fsdecode(b"counters/caf\xe9.csv")), name_text("counters/a\nb.csv"), name_text("counters/\u00fc.csv")
    ('counters/caf\\xe9.csv', 'counters/a\\x0ab.csv', 'counters/ü.csv')
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(c if c.isprintable() and c != "\\" else _escaped(c) for c in path)


def shown_name(text: str) -> str:
    """A name as a line repeats it: of a very long one the beginning and the end.

    >>> len(shown_name("counters/" + "d/" * 2000 + "a.xml")), shown_name("counters/a.xml")
    (163, 'counters/a.xml')
    """
    return text if len(text) <= 2 * _SHOWN + 3 else f"{text[:_SHOWN]}...{text[-_SHOWN:]}"


def path_of(text: str) -> str:
    r"""The path that `name_text` made this text of.

    >>> path_of(name_text("a\\x41\n\u202e.csv")) == "a\\x41\n\u202e.csv"
    True
    """
    if "\\" not in text:
        return text
    return os.fsdecode(_BYTE.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(text)))


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
