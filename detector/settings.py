"""`config/` to frozen settings. Errors name the file, the key and the mend."""

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

import config
from detector.domain.errors import Misconfigured
from detector.domain.policy import (
    CarePolicy,
    DetectionPolicy,
    FeedbackPolicy,
    HoldoutPolicy,
    ImpactPolicy,
    IncidentPolicy,
    RetentionPolicy,
)
from detector.domain.rule import Rule, read_rules

_TIMES = ("quiet_from", "quiet_to")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|seconds?|min|minutes?|h|hours?|d|days?)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SHARES = ("complete_share", "collapse_below", "covers_share", "chance_below", "list_above", "contact_above")
_MOST_HELD_OUT = 0.5
_POSITIVE = (
    "pull_s",
    "push_s",
    "learn_s",
    "prune_s",
    "pooled_minutes",
    "history_days",
    "adopt_after_days",
    "habit_after_days",
    "timeout_s",
    "max_attempts",
    "speed",
)
_SECRET = {"secrets", "identity_key", "vault_key", "token", "database", "url", "receivers", "storage"}
"""Where a wrong value is not repeated: it may be a secret in the wrong place."""
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
DEFAULT = Path(config.__file__).parent / "precall.toml"
DEFAULT_RULES = DEFAULT.parent / "rules.toml"


def seconds_of(text: str) -> float:
    """A length of time as people write it; ValueError for what is none, or nothing.

    >>> seconds_of("45 min"), seconds_of("2 h"), seconds_of("90 s")
    (2700.0, 7200.0, 90.0)
    """
    found = _LENGTH.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"no length of time; write it like '45 min' or '2 h', not {text[:20]!r}")
    return float(found[1]) * _UNITS[found[2][0]]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sources(_Section):
    """[sources]: where counters and reference data come from."""

    kind: str = "file_drop"
    path: Path = Path("var/inbox")
    settle_s: float = 2.0
    """A file is read when it has not changed for so long; 0 where files appear whole, by a rename."""
    silent_after: str = "45 min"
    """A feed of which nothing new has come for so long is silent, unless it usually comes more seldom."""
    kpis: Path = Path(config.__file__).parent / "kpis.toml"

    @field_validator("silent_after")
    @classmethod
    def _a_length(cls, text: str) -> str:
        _ = seconds_of(text)
        return text

    @property
    def silent_after_s(self) -> float:
        return seconds_of(self.silent_after)


class Storage(_Section):
    """[storage]: an empty database means SQLite under `path`."""

    path: Path = Path("var")
    database: str = Field(default="", repr=False)
    identity_key: str = Field(default="", repr=False)
    identity_version: int = 1
    previous_identity_keys: tuple[tuple[int, str], ...] = Field(default=(), repr=False)
    """(version, key): older pseudonyms are found by them until their data are gone."""
    vault_key: str = Field(default="", repr=False)
    previous_vault_keys: tuple[str, ...] = Field(default=(), repr=False)


class Schedule(_Section):
    """[schedule]: seconds between wake-ups of each job."""

    pull_s: float = 10
    push_s: float = 5
    learn_s: float = 86_400
    prune_s: float = 86_400


class Web(_Section):
    """[web]: the API and the pages; an empty token is made at the first start and kept under `storage.path`."""

    host: str = "127.0.0.1"
    port: int = 8087
    token: str = Field(default="", repr=False)
    link_base: str = ""


class Receiver(_Section):
    """One [[receivers]] entry: a care team's webhook."""

    name: str
    url: str
    secrets: tuple[str, ...] = Field(repr=False)
    format: str = "cloudevents"
    min_severity: Literal["warning", "minor", "major", "critical"] = "warning"
    teams: tuple[str, ...] = ()
    audience: Literal["care", "operations"] = "care"
    """care: alerts about incidents; operations: alerts about feeds that fall silent."""


class Delivery(_Section):
    """[delivery]: how alerts leave the house."""

    source: str = "/precall"
    timeout_s: float = 15
    max_attempts: int = 10


class Demo(_Section):
    """[demo]: the simulated operator of `make run`."""

    cells: int = 200
    seed: int = 7
    history_days: int = 21
    speed: float = 450
    """Seconds of simulated time in a second."""


class Settings(BaseSettings):
    """All settings. A value in the environment (PRECALL_STORAGE__DATABASE=...) wins over the file."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="PRECALL_", env_nested_delimiter="__")

    sources: Sources = Sources()
    storage: Storage = Storage()
    schedule: Schedule = Schedule()
    detection: DetectionPolicy = DetectionPolicy()
    incidents: IncidentPolicy = IncidentPolicy()
    impact: ImpactPolicy = ImpactPolicy()
    care: CarePolicy = CarePolicy()
    feedback: FeedbackPolicy = FeedbackPolicy()
    delivery: Delivery = Delivery()
    receivers: tuple[Receiver, ...] = ()
    retention: RetentionPolicy = RetentionPolicy()
    web: Web = Web()
    demo: Demo = Demo()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        return env_settings, init_settings

    @property
    def database_url(self) -> str:
        return self.storage.database or f"sqlite:///{self.storage.path / 'precall.db'}"

    @property
    def hash(self) -> str:
        """Of everything that decides what is raised and who is told: same hash and data, same results."""
        named = {"detection", "incidents", "impact", "care"}
        decides = self.model_dump(mode="json", include=named) | {"rules": [str(rule) for rule in self.rules]}
        text = json.dumps(decides, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that choose what care does, in the order in which they are tried. Raises Misconfigured."""
        return rules_in(Path(self.care.rules) if self.care.rules else DEFAULT_RULES, self.care)


def rules_in(path: Path, care: CarePolicy) -> tuple[Rule, ...]:
    """The rules of a file; their offers are those of `care`. Raises Misconfigured."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        mend = "name a file of rules under [care] rules, or leave it empty"
        raise Misconfigured(error.strerror or str(error), where=str(path), mend=mend) from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"no valid TOML: {error}", where=str(path), mend="save it as UTF-8") from error
    return read_rules(text, where=str(path), offers=care.offers)


def load(path: Path | None = None) -> Settings:
    """Settings from a TOML file (the packaged `config/precall.toml` if none is named).

    Raises Misconfigured, in one line, for a file that cannot be read, a duplicate or unknown key, or a wrong value.
    """
    path = path or DEFAULT
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(error.strerror or str(error), where=str(path), mend="give --config an existing file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"no valid TOML: {error}", where=str(path), mend="each key once, strings in quotes") from error
    return _settings(values, path)


def _settings(values: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _explain(error, path) from error
    for section, name, value in _numbers_and_times(settings):
        if wrong := _what_is_wrong(name, value):
            mend = "see config/precall.toml"
            raise Misconfigured(f"{wrong} (found {value!r})", where=f"{path}: {section}.{name}", mend=mend)
    _check_holdout(settings.care.holdout, path)
    _ = settings.rules
    return settings


def _check_holdout(holdout: HoldoutPolicy, path: Path) -> None:
    """A date that is one, and a share that leaves most people in."""
    where = f"{path}: care.holdout"
    try:
        datetime.fromisoformat(holdout.since or "1970-01-01")
    except ValueError as error:
        raise Misconfigured(f"no date (found {holdout.since!r})", where=f"{where}.since", mend='"2026-04-01"') from error
    if not 0 <= holdout.share <= _MOST_HELD_OUT:
        mend = f"leave at most {_MOST_HELD_OUT:.0%} out; a few per cent are enough"
        raise Misconfigured(f"no fit share (found {holdout.share})", where=f"{where}.share", mend=mend)


def _numbers_and_times(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    """(section, key, value) of everything that a type alone does not hold in bounds."""
    sections = ("schedule", "detection", "incidents", "impact", "care", "feedback", "delivery", "retention", "web", "demo")
    for section in sections:
        for name, value in vars(getattr(settings, section)).items():
            if isinstance(value, int | float) or name in _TIMES:
                yield section, name, value
    for team, most in settings.care.capacity_per_hour:
        yield "care", f"capacity_per_hour of {team}", most


def _what_is_wrong(name: str, value: Any) -> str:
    """Empty if nothing is."""
    if name in _TIMES:
        return "" if _CLOCK.fullmatch(value) else "no time of day like 21:00"
    if not isfinite(value) or value < 0:
        return "less than zero or no number"
    if name in _SHARES and value > 1:
        return "a share is between 0 and 1"
    return "more than zero is needed" if name in _POSITIVE and value == 0 else ""


def _explain(error: ValidationError, path: Path) -> Misconfigured:
    """The first complaint as one line: the file, the dotted key, and the nearest right name for a misspelt one."""
    wrong = error.errors(include_url=False)
    first = next((one for one in wrong if one["type"] in _UNKNOWN), wrong[0])  # a misspelt key is a missing one, too
    key = ".".join(str(part) for part in first["loc"])
    where = f"{path}: {key}"
    if first["type"] in _UNKNOWN:
        near = difflib.get_close_matches(str(first["loc"][-1]), _names(first["loc"][:-1]), n=1)
        return Misconfigured("unknown key", where=where, mend=f"did you mean '{near[0]}'?" if near else "remove it")
    found = "" if _SECRET.intersection(map(str, first["loc"])) else f" (found {str(first.get('input'))[:60]!r})"
    return Misconfigured(f"{first['msg']}{found}", where=where, mend="see config/precall.toml")


def _names(section: tuple[int | str, ...]) -> list[str]:
    """The keys that the section knows."""
    if not section:
        return list(Settings.model_fields)
    if section[0] == "receivers":
        return list(Receiver.model_fields)
    kind: Any = Settings.model_fields[str(section[0])].annotation
    for name in (str(part) for part in section[1:] if not isinstance(part, int)):
        one = get_type_hints(kind)[name]
        kind = next((part for part in get_args(one) if part is not Ellipsis), one)
    return list(getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None) or ())
