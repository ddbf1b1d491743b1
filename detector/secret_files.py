"""Secrets that the settings name by file (`token_file`, `secrets_file`, ...) instead of holding them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from detector.domain.errors import Misconfigured

ONE, LINES, VERSIONED = "one", "lines", "versioned"
"""How a file is read: one secret; one in each line; a version and a key in each line."""
SECRETS: Mapping[str, Mapping[str, str]] = {
    "storage": {
        "database": ONE,
        "identity_key": ONE,
        "vault_key": ONE,
        "previous_identity_keys": VERSIONED,
        "previous_vault_keys": LINES,
    },
    "web": {"token": ONE},
}
"""Section -> key -> how its file is read; the key of the file is the same with `_file` behind it."""
_LARGEST = 65_536
"""Bytes of a secret's file. Chosen: more is no secret, but a wrong file."""


def from_files(section: str, values: Any, where: Callable[[str], str], written: Mapping[str, Any]) -> dict[str, Any]:
    """The secrets of a section that its `_file` keys name. values: the section as it was read; written: as it stands in the
    settings file, by which a key that occurs twice differs from one that the environment replaces; where: key -> what errors
    call it. Raises Misconfigured, which does not repeat what is in a file."""
    found = {}
    for key, form in SECRETS[section].items():
        file = getattr(values, f"{key}_file")
        if not file:
            continue
        if getattr(values, key):
            if {key, f"{key}_file"} <= written.keys():
                raise Misconfigured(f"{key} and {key}_file", where=where(key), mend="keep one of them, best the file")
            if not _in_environment(section, f"{key}_file") or _in_environment(section, key):
                continue  # the environment's own secret goes before the file's
        found[key] = read_secret(file, form, where(f"{key}_file"))
    return found


def _in_environment(section: str, key: str) -> bool:
    return f"PRECALL_{section}__{key}".upper() in map(str.upper, os.environ)


def read_secret(file: str, form: str, where: str) -> Any:
    """What the file holds; empty lines and lines that begin with `#` do not count. Raises Misconfigured."""
    at = f"{where}: {file}"
    try:
        with Path(file).open("rb") as held:
            data = held.read(_LARGEST + 1)  # a device may have no end
        lines = [line.strip() for line in data[: _LARGEST + 1].decode("utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise Misconfigured("no text", where=at, mend="save it as UTF-8, one secret in a line") from None
        mend = "make it, readable for the user that precall runs as"
        raise Misconfigured(getattr(error, "strerror", None) or "cannot be read", where=at, mend=mend) from error
    secret_lines = [line for line in lines if line and not line.startswith("#")]
    if not secret_lines or len(data) > _LARGEST:
        raise Misconfigured(
            "no secret in it" if not secret_lines else "too large for a secret", where=at, mend="one secret in a line"
        )
    if form == VERSIONED:
        return tuple(_versioned(line, at) for line in secret_lines)
    if form == LINES:
        return tuple(secret_lines)
    if len(secret_lines) > 1:
        raise Misconfigured(f"{len(secret_lines)} lines", where=at, mend="leave the one secret in it")
    return secret_lines[0]


def _versioned(line: str, at: str) -> tuple[int, str]:
    version, _, key = line.partition(" ")
    try:
        return int(version), key.strip()
    except ValueError:
        raise Misconfigured("a line without a version", where=at, mend="write each line as: 1 hex") from None
