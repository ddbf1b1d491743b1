"""`config/` to frozen settings. Errors name the file, the key and the mend."""

import difflib
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from detector.config_files import config_file
from detector.database_limits import DatabaseLimits
from detector.delivery import receivers
from detector.delivery.receivers import ReceiverEntry
from detector.domain.customer import PURPOSES
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
from detector.environment import NESTED, PREFIX, Environment, check_sections, not_json, variable_of
from detector.lengths import seconds_of
from detector.secret_files import SECRETS, from_files
from detector.setting_bounds import mistakes
from detector.sources.feed import FeedSettings
from detector.sources.registry import OF_SOURCES, FeedEntry, keys
from detector.toml_file import read_toml, text_of

_MOST_HELD_OUT = 0.5
_HOLDOUT = ("care", "holdout")
_SECRET = {"secrets", "identity_key", "vault_key", "token", "database", "url", "receivers", "feeds", "storage"}
"""Where a wrong value is not repeated: it may be a secret in the wrong place."""
_STRUCTURED = {"tuple_type", "dataclass_type", "model_type", "model_attributes_type"}
_AS_JSON = "write it as JSON: [30, 45] for a list"
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
DEFAULT = config_file("precall.toml")
DEFAULT_RULES = DEFAULT.parent / "rules.toml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sources(_Section):
    """[sources]: where counters and reference data come from."""

    kind: str = "file_drop"
    path: Path = Path("var/inbox")
    settle_s: float = 2.0
    """A file is read when it has not changed for so long; 0 where files appear whole, by a rename."""
    incomplete_after: str = "1 min"
    """A file that is cut off is said to be incomplete when it has not changed for so long; it stays, and is read when
    whole."""
    largest_file_mb: float = 0
    """No file is read that holds more, packed or not; 0: by the network's size, 64 MB to 4 GB."""
    file_budget_s: float = 60
    """A file that takes longer to read is set aside."""
    pull_budget_s: float = 30
    """After so much reading a pull lets detection go first and reads the rest at its next wake-up."""
    silent_after: str = "45 min"
    """A feed of which nothing new has come for so long is silent, unless it usually comes more seldom."""
    kpis: Path = config_file("kpis.toml")

    @field_validator("silent_after", "incomplete_after")
    @classmethod
    def _a_length(cls, text: str) -> str:
        _ = seconds_of(text)
        return text

    @property
    def silent_after_s(self) -> float:
        return seconds_of(self.silent_after)

    @property
    def feed(self) -> FeedSettings:
        """The one feed of everything that this section is short for; it is called by its kind. Raises Misconfigured."""
        if self.kind not in OF_SOURCES:
            mend = f"known are {', '.join(OF_SOURCES)}"
            raise Misconfigured(f"unknown kind {self.kind!r}", where="sources", mend=mend)
        model = OF_SOURCES[self.kind]
        own = {key: value for key, value in self.model_dump(exclude={"kind"}).items() if key in model.model_fields}
        return model.model_validate({"name": self.kind, **own})


class Storage(_Section):
    """[storage]: an empty database means SQLite under `path`. `*_file`: the file that holds it instead."""

    path: Path = Path("var")
    database: str = Field(default="", repr=False)
    database_file: str = ""
    identity_key: str = Field(default="", repr=False)
    identity_key_file: str = ""
    identity_version: int = 1
    previous_identity_keys: tuple[tuple[int, str], ...] = Field(default=(), repr=False)
    """(version, key): older pseudonyms are found by them until their data are gone."""
    previous_identity_keys_file: str = ""
    vault_key: str = Field(default="", repr=False)
    vault_key_file: str = ""
    previous_vault_keys: tuple[str, ...] = Field(default=(), repr=False)
    previous_vault_keys_file: str = ""
    connect_timeout_s: float = DatabaseLimits.connect_timeout_s
    statement_timeout_s: float = DatabaseLimits.statement_timeout_s
    lock_timeout_s: float = DatabaseLimits.lock_timeout_s
    idle_in_transaction_timeout_s: float = DatabaseLimits.idle_in_transaction_timeout_s

    @property
    def limits(self) -> DatabaseLimits:
        """How long the database may take."""
        return DatabaseLimits(
            connect_timeout_s=self.connect_timeout_s,
            statement_timeout_s=self.statement_timeout_s,
            lock_timeout_s=self.lock_timeout_s,
            idle_in_transaction_timeout_s=self.idle_in_transaction_timeout_s,
        )


class Schedule(_Section):
    """[schedule]: seconds between wake-ups of each job."""

    pull_s: float = 10
    push_s: float = 5
    learn_s: float = 86_400
    prune_s: float = 86_400


class Daemon(_Section):
    """[daemon]: how long it waits for its own jobs."""

    stop_within: str = "8 s"
    """From SIGTERM to the end of the process, whatever hangs; what was not finished is done again at the next start."""
    job_deadline: str = "2 min"
    """A job that runs longer is reported, and the others go on without it."""

    @field_validator("stop_within", "job_deadline")
    @classmethod
    def _lengths(cls, text: str) -> str:
        _ = seconds_of(text)
        return text

    @property
    def stop_within_s(self) -> float:
        return seconds_of(self.stop_within)

    @property
    def job_deadline_s(self) -> float:
        return seconds_of(self.job_deadline)


class Web(_Section):
    """[web]: the API and the pages; an empty token is made at the first start and kept under `storage.path`."""

    host: str = "127.0.0.1"
    port: int = 8087
    token: str = Field(default="", repr=False)
    token_file: str = ""
    link_base: str = ""
    connections: int = 256
    """Open at once; more are refused, and who asks nothing makes room."""
    requests_per_minute: int = 6000
    """With one token; answered 429 beyond."""
    strangers_per_minute: int = 600
    """From one address without a token."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of proxies of one's own: what they say of the client's address and of TLS is believed."""


class Delivery(_Section):
    """[delivery]: how alerts are sent."""

    source: str = "/precall"
    timeout_s: float = 15
    max_attempts: int = 10


class Demo(_Section):
    """[demo]: the simulated operator of `make run`."""

    cells: int = 100
    seed: int = 7
    history_days: int = 14
    subscribers_per_cell: int = 40
    speed: float = 450
    """Seconds of simulated time in a second."""


class Settings(BaseSettings):
    """All settings. A value in the environment (PRECALL_STORAGE__DATABASE=...) wins over the file."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter=NESTED)

    sources: Sources = Sources()
    storage: Storage = Storage()
    schedule: Schedule = Schedule()
    daemon: Daemon = Daemon()
    detection: DetectionPolicy = DetectionPolicy()
    incidents: IncidentPolicy = IncidentPolicy()
    impact: ImpactPolicy = ImpactPolicy()
    care: CarePolicy = CarePolicy()
    feedback: FeedbackPolicy = FeedbackPolicy()
    delivery: Delivery = Delivery()
    receivers: tuple[ReceiverEntry, ...] = ()
    feeds: tuple[FeedEntry, ...] = ()
    retention: RetentionPolicy = RetentionPolicy()
    web: Web = Web()
    demo: Demo = Demo()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return Environment(settings_cls), init_settings

    @property
    def has_sources(self) -> bool:
        """Whether `[sources]` is a feed: not where `[[feeds]]` stand and it names no `path`."""
        return not self.feeds or "path" in self.sources.model_fields_set

    @property
    def inboxes(self) -> dict[str, Path]:
        """Key -> folder of this machine that a feed reads."""
        found = {"sources.path": self.sources.path} if self.has_sources else {}
        return found | {f"feeds.{i}.{key}": path for i, feed in enumerate(self.feeds) for key, path in feed.folders.items()}

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
    text = text_of(path, mend="name a file of rules under [care] rules, or leave it empty")
    return read_rules(text, where=str(path), offers=care.offers)


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
    """The keys that the section knows."""
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
