"""The text of a TOML file, whatever an editor has made of it."""

import codecs
from pathlib import Path
from typing import Any

from detector.domain.errors import Misconfigured
from detector.domain.toml_text import values_of

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""First bytes that give the encoding of the rest; UTF-16 is what some editors call "Unicode"."""
LARGEST_BYTES = 10_000_000
"""Bytes of a TOML file. Chosen: ten times a catalogue of 5,000 KPIs; a device like /dev/zero has no end."""


def text_of(path: Path, *, mend: str, where: str = "") -> str:
    """The file as text: UTF-8, or UTF-16 that begins with its mark. `where` stands in errors instead of the path.

    Raises Misconfigured with this `mend` if it cannot be read, and for bytes that are neither.
    """
    where = where or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise Misconfigured(getattr(error, "strerror", None) or str(error), where=where, mend=mend) from error
    if len(raw) > LARGEST_BYTES:
        raise Misconfigured(f"larger than {LARGEST_BYTES / 1e6:.0f} MB", where=where, mend="name a TOML file")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Misconfigured(f"no {encoding.upper()} text: {error}", where=where, mend="save it as UTF-8") from error


def read_toml(path: Path, *, mend: str, where: str = "") -> dict[str, Any]:
    """The tables of a TOML file. Raises Misconfigured as `text_of` and `values_of` do."""
    return values_of(text_of(path, mend=mend, where=where), where=where or str(path))
