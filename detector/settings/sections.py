"""The sections of the settings file as frozen nouns, with their defaults."""

import hashlib
import json
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from detector.config_files import config_file
from detector.database_limits import DatabaseLimits
from detector.delivery.receivers import ReceiverEntry
from detector.domain.errors import Misconfigured
from detector.domain.policy import (
    CarePolicy,
    DetectionPolicy,
    FeedbackPolicy,
    ImpactPolicy,
    IncidentPolicy,
    RetentionPolicy,
)
from detector.domain.rule import Rule, read_rules
from detector.lengths import seconds_of
from detector.settings.environment import NESTED, PREFIX, Environment
from detector.sources.feed import FeedSettings
from detector.sources.registry import OF_SOURCES, FeedEntry
from detector.toml_file import text_of

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
    """A file that is cut off is reported as incomplete when it has not changed for so long; it stays, and is read when
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
    """Open at once; more are refused, and an idle one is closed for a new one."""
    requests_per_minute: int = 6000
    """With one token; answered 429 beyond."""
    strangers_per_minute: int = 600
    """From one address without a token."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of proxies of one's own: their headers on the client's address and on TLS are trusted."""


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
        """Of everything that decides what is raised and who is notified: same hash and data, same results."""
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
