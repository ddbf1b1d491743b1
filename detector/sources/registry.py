"""Which kinds of feeds there are: a further kind is one file and one line here."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator, SerializeAsAny

from detector.domain.errors import Misconfigured
from detector.domain.ports import Clock
from detector.sources.feed import FeedContext, FeedSettings
from detector.sources.folder import DatasetSettings, FolderSettings
from detector.sources.quarantine import OF_FEEDS

if TYPE_CHECKING:  # they bring the readers of tables, which reading the settings does not need
    from detector.sources.feeds import Feeds
    from detector.sources.identity import Pseudonymiser

KINDS: dict[str, type[FeedSettings]] = {
    "folder": FolderSettings,
}
"""Value of `kind` in `[[feeds]]` -> its settings, which open it."""
OF_SOURCES: dict[str, type[FeedSettings]] = {"dataset": DatasetSettings, "file_drop": FolderSettings}
"""Value of `kind` in `[sources]`, the short form for one folder of everything; it is also the name of that feed."""
QUARANTINE = "quarantine"
"""Folder below `storage.path`; feeds of `[[feeds]]` have their own below it."""


def by_kind(value: Any) -> FeedSettings:
    """The settings of one entry of `[[feeds]]`. Raises ValueError naming the key."""
    if isinstance(value, FeedSettings):
        return value
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise ValueError(f"no kind of feed {kind!r}; kind is one of {known}" if kind else f"it has no kind: one of {known}")
    return KINDS[kind].model_validate(value)


FeedEntry = Annotated[SerializeAsAny[FeedSettings], PlainValidator(by_kind)]
"""An entry of `[[feeds]]`, as a field of the settings."""


def keys() -> list[str]:
    """The keys that an entry of any kind may have."""
    return sorted({key for model in KINDS.values() for key in model.model_fields})


def open_feeds(
    entries: Sequence[FeedSettings],
    pseudonymiser: "Pseudonymiser",
    storage: Path,
    *,
    of_sources: FeedSettings | None = None,
    wall: Clock | None = None,
) -> "Feeds":
    """All feeds of an installation: that of `[sources]`, if there is one, and the `entries` of `[[feeds]]`. Raises
    Misconfigured naming the key."""
    from detector.sources.feeds import Feeds

    opened: list[Feeds] = []

    def context(section: str, quarantine: Path) -> FeedContext:
        return FeedContext(
            pseudonymiser=pseudonymiser,
            quarantine=quarantine,
            storage=storage,
            section=section,
            operator=lambda: opened[0].operator,
            wall=wall,
        )

    feeds = [of_sources.open(context("sources", storage / QUARANTINE))] if of_sources is not None else []
    for number, entry in enumerate(entries):
        feeds.append(entry.open(context(f"feeds.{number}", storage / QUARANTINE / OF_FEEDS / entry.name)))
    names = [feed.name for feed in feeds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Misconfigured(f"two feeds are called '{twice[0]}'", where="feeds", mend="give each a name of its own")
    opened.append(Feeds(feeds, apart=bool(entries)))
    return opened[0]
