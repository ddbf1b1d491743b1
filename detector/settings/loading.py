"""Settings from a file and the environment. Errors name the file, the key and the mend."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError
from pydantic_settings import SettingsError

from detector.delivery import receivers
from detector.domain.customer import PURPOSES
from detector.domain.errors import Misconfigured
from detector.domain.policy import (
    HoldoutPolicy,
)
from detector.secret_files import SECRETS, from_files
from detector.settings.bounds import mistakes
from detector.settings.environment import check_sections, not_json, variable_of
from detector.settings.sections import DEFAULT, Settings
from detector.sources.registry import keys
from detector.toml_file import read_toml

_MOST_HELD_OUT = 0.5
"""Largest share of the holdout. Chosen: half gives the sharpest comparison, more serves nothing."""
_HOLDOUT = ("care", "holdout")
_SECRET = {"secrets", "identity_key", "vault_key", "token", "database", "url", "receivers", "feeds", "storage"}
"""Where a wrong value is not repeated: it may be a secret in the wrong place."""
_STRUCTURED = {"tuple_type", "dataclass_type", "model_type", "model_attributes_type"}
_AS_JSON = "write it as JSON: [30, 45] for a list"
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}


def load(path: Path | None = None) -> Settings:
    """Settings from a TOML file (the packaged `config/precall.toml` if none is named).

    Raises Misconfigured, in one line, for a file that cannot be read, a duplicate or unknown key, or a wrong value; a value
    of the environment is named by its variable.
    """
    path = path or DEFAULT
    values = read_toml(path, mend="give --config an existing file")
    check_sections(Settings.model_fields)
    return _settings(values, path)


def _with_secrets(settings: Settings, written: dict[str, Any], path: Path) -> Settings:
    """The secrets that the settings name by file, read."""
    change: dict[str, Any] = {
        "receivers": tuple(one.with_secrets(f"{path}: receivers.{i}") for i, one in enumerate(settings.receivers))
    }
    for section in SECRETS:
        own = getattr(settings, section)
        where = partial(_where_in, path, section)
        change[section] = own.model_copy(update=from_files(section, own, where, written.get(section, {})))
    return settings.model_copy(update=change)


def _settings(values: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings(**values)
    except SettingsError as error:
        raise not_json(error) from error
    except ValidationError as error:
        raise _explain(error, path) from error
    for one in mistakes(settings.model_dump()):
        key = one.key.split(".")
        raise Misconfigured(f"{one.wrong}{_found(key, one.value)}", where=_where(path, key), mend=one.mend)
    _check_holdout(settings.care.holdout, path)
    settings = _with_secrets(settings, values, path)
    _check_words(settings, path)
    _ = settings.rules
    return settings


def _where(path: Path, key: Sequence[str]) -> str:
    """The file and the dotted key, or the environment's variable where the value comes from one."""
    variable = variable_of(key)
    return f"environment: {variable}" if variable else f"{path}: {'.'.join(key)}"


def _where_in(path: Path, section: str, key: str) -> str:
    return _where(path, (section, key))


def _found(key: Iterable[str | int], value: Any) -> str:
    """The value in brackets, unless it may be a secret in the wrong place."""
    if value is None or _SECRET.intersection(map(str, key)):
        return ""
    return f" (found {value[:60]!r})" if isinstance(value, str) else f" (found {str(value)[:60]})"


def _check_words(settings: Settings, path: Path) -> None:
    """Texts that are more than text: a source of events, an address put before links, a token that a header can carry."""
    if not settings.delivery.source.strip() or " " in settings.delivery.source:
        mend = 'write a URI or a path, "/precall"'
        raise Misconfigured("no URI reference", where=_where(path, ("delivery", "source")), mend=mend)
    if settings.web.link_base and not settings.web.link_base.startswith(("https://", "http://")):
        mend = 'write it like "https://precall.example"'
        raise Misconfigured("no address", where=_where(path, ("web", "link_base")), mend=mend)
    if settings.web.token and not (settings.web.token.isascii() and " " not in settings.web.token):
        mend = "letters, digits and signs of ASCII, no space: a header has to carry it"
        raise Misconfigured("a token that no program can send", where=_where(path, ("web", "token")), mend=mend)
    for number, one in enumerate(settings.receivers):
        if not one.name.strip() or one.name != one.name.strip():
            mend = "give it a name, without spaces around it"
            raise Misconfigured("no name", where=_where(path, ("receivers", str(number), "name")), mend=mend)
    for purpose in settings.care.purposes:
        if purpose not in PURPOSES:
            mend = f"one of {', '.join(PURPOSES)}"
            raise Misconfigured(f"no purpose '{purpose}'", where=_where(path, ("care", "purposes")), mend=mend)


def _check_holdout(holdout: HoldoutPolicy, path: Path) -> None:
    """A date that is one, and a share that leaves most people in."""
    try:
        datetime.fromisoformat(holdout.since or "1970-01-01")
    except ValueError as error:
        raise Misconfigured(
            f"no date (found {holdout.since!r})", where=_where(path, (*_HOLDOUT, "since")), mend='write it as "2026-04-01"'
        ) from error
    if not 0 <= holdout.share <= _MOST_HELD_OUT:
        mend = f"leave at most {_MOST_HELD_OUT:.0%} out; a few per cent are enough"
        raise Misconfigured(f"no fit share (found {holdout.share})", where=_where(path, (*_HOLDOUT, "share")), mend=mend)


def _explain(error: ValidationError, path: Path) -> Misconfigured:
    """The first complaint as one line: the file, the dotted key, and the nearest right name for a misspelt one."""
    wrong = error.errors(include_url=False)
    first = next((one for one in wrong if one["type"] in _UNKNOWN), wrong[0])  # a misspelt key is a missing one, too
    where = _where(path, tuple(str(part) for part in first["loc"]))
    if first["type"] in _UNKNOWN:
        near = difflib.get_close_matches(str(first["loc"][-1]), _names(first["loc"][:-1]), n=1)
        return Misconfigured("unknown key", where=where, mend=f"did you mean '{near[0]}'?" if near else "remove it")
    found = _found(first["loc"], str(first.get("input")))
    mend = _AS_JSON if where.startswith("environment") and first["type"] in _STRUCTURED else "see config/precall.toml"
    return Misconfigured(f"{first['msg']}{found}", where=where, mend=mend)


def _names(section: tuple[int | str, ...]) -> list[str]:
    """The keys of the section."""
    if not section:
        return list(Settings.model_fields)
    if section[0] == "feeds":
        return keys()
    if section[0] == "receivers":
        return receivers.keys()
    kind: Any = Settings.model_fields[str(section[0])].annotation
    for name in (str(part) for part in section[1:] if not isinstance(part, int)):
        one = get_type_hints(kind)[name]
        kind = next((part for part in get_args(one) if part is not Ellipsis), one)
    return list(getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None) or ())
