"""Retention: subscriber data first, then what refers to it, then history."""

from collections.abc import Mapping

from detector.domain.errors import PrecallError
from detector.domain.policy import RetentionPolicy
from detector.domain.window import DAY_S
from detector.sources.feeds import Feeds
from detector.store import Store


def prune(
    store: Store, feeds: Feeds, retention_policy: RetentionPolicy, *, now: float, wall_now: float
) -> Mapping[str, int]:
    """Delete what is older than its retention; returns how much went: files of attachments, mobility profiles, KPIs and
    quarantine, rows of everything else."""

    def before(days: int) -> int:
        return int(now) - days * DAY_S

    gone = {
        "attachments": store.presence.prune(before(retention_policy.attachments_days)),
        "habits": store.arrays.prune_older("habit", wall_now - retention_policy.habits_days * DAY_S),
        "quarantine": store.quarantine.prune(wall_now - retention_policy.quarantine_days * DAY_S),
    }
    gone |= store.retention.prune(retention_policy, now=now, wall_now=wall_now, known=_known(feeds, now))
    with store.begin() as connection:
        longest = max(retention_policy.attachments_days, retention_policy.interactions_days, retention_policy.events_days)
        store.tombstones.prune(connection, before(longest))
    gone["identities sealed anew"] = store.vault.reseal()
    store.history.compact(before=int(now) - DAY_S)
    gone["kpi"] = store.history.prune(before(retention_policy.kpi_days), untouched_since=wall_now - DAY_S)
    gone["source_file"] = store.source_files.prune(before(retention_policy.kpi_days), feeds.files(0.0, now))
    return gone


def _known(feeds: Feeds, now: float) -> Mapping[str, str]:
    """Pseudonyms that the operator's tables name. Tables that cannot be read hold up no retention: then nobody is gone."""
    try:
        return feeds.reference(now).raw_ids
    except PrecallError:
        return {}
