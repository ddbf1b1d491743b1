"""`config/` to frozen settings. Errors name the file, the key and the mend."""

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

import config
from detector.domain.errors import Misconfigured
from detector.domain.policy import CarePolicy, DetectionPolicy, ImpactPolicy, IncidentPolicy, RetentionPolicy

_TIMES = ("quiet_from", "quiet_to")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SHARES = ("complete_share", "collapse_below", "covers_share", "chance_below", "list_above", "contact_above")
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
DEFAULT = Path(config.__file__).parent / "precall.toml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sources(_Section):
    """[sources]: where counters and reference data come from."""

    kind: str = "file_drop"
    path: Path = Path("var/inbox")
    settle_s: float = 2.0
    """A file is read when it has not changed for so long; 0 where files appear whole, by a rename."""
    kpis: Path = Path(config.__file__).parent / "kpis.toml"


class Storage(_Section):
    """[storage]: an empty database means SQLite under `path`."""

    path: Path = Path("var")
    database: str = Field(default="", repr=False)
    identity_key: str = Field(default="", repr=False)
    identity_version: int = 1
    vault_key: str = Field(default="", repr=False)


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
        text = json.dumps(self.model_dump(mode="json", include=named), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


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
    return settings


def _numbers_and_times(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    """(section, key, value) of everything that a type alone does not hold in bounds."""
    for section in ("schedule", "detection", "incidents", "impact", "care", "delivery", "retention", "web", "demo"):
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
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    where = f"{path}: {key}"
    if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        near = difflib.get_close_matches(str(first["loc"][-1]), _names(first["loc"][:-1]), n=1)
        return Misconfigured("unknown key", where=where, mend=f"did you mean '{near[0]}'?" if near else "remove it")
    found = "" if _SECRET.intersection(map(str, first["loc"])) else f" (found {str(first.get('input'))[:60]!r})"
    return Misconfigured(f"{first['msg']}{found}", where=where, mend="see config/precall.toml")


def _names(section: tuple[int | str, ...]) -> list[str]:
    """The keys that the section knows."""
    if not section:
        return list(Settings.model_fields)
    kind = Settings.model_fields[str(section[0])].annotation
    names = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None)
    return list(names or Receiver.model_fields)
