"""The whole service over the operator in miniature, wired as `detector.app` wires it, on clocks that a test moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detector.app import App, load_keys, read_catalogue
from detector.clock import MovingClock
from detector.delivery import HttpTransport, Receiver
from detector.delivery.signing import demo_secret
from detector.domain.window import Window
from detector.keys import check_keys
from detector.settings import Settings
from detector.sources.dataset import OperatorDataset
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.store.database import Database
from detector.store.migrate import migrate
from jobs.ledger import Checkpoint, no_checkpoint
from jobs.push import FinalCheck, Relay
from jobs.registry import Jobs
from tests.acceptance.small_operator import DELAY_S, LIVE, QUARTER, UNTIL
from tests.folder_feeds import feeds_of
from tests.receiving import signed_receiver

SECRET = demo_secret("acceptance")
MOMENTS = tuple(range(LIVE + QUARTER + DELAY_S, UNTIL + DELAY_S + 1, QUARTER))
"""When each live quarter's counters arrive."""


def settings_of(root: Path, **changes: object) -> Settings:
    """Settings of an app under `root`, its inbox and catalogue in `root`/operator."""
    sources = {"kind": "dataset", "path": root / "operator", "kpis": root / "operator" / "kpis.toml"}
    given = {"sources": sources, "storage": {"path": root / "var"}, "detection": {"history_days": 7}}
    return Settings(**(given | changes))


@dataclass(kw_only=True)
class SmallApp:
    """One process's view: its own store, relay and jobs over `root`; `wall` begins with the event clock."""

    root: Path
    url: str = ""
    checkpoint: Checkpoint = no_checkpoint
    feeds: Feeds | None = None
    wall_at: float = LIVE
    timeout_s: float = 5.0
    max_attempts: int = 10
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = settings_of(self.root)
        keys = load_keys(self.settings)
        self.catalogue = read_catalogue(self.settings.sources.kpis)
        self.names = Pseudonymiser(keys.identity)
        self.feeds = self.feeds or feeds_of(OperatorDataset(self.root / "operator", self.names))
        self.database = Database(self.settings.database_url)
        migrate(self.database)
        check_keys(self.settings, keys, self.database)
        self.store = Store(self.settings.storage.path, self.database, self.catalogue.computed, keys.vault)
        self.clock, self.wall = MovingClock(LIVE), MovingClock(self.wall_at)
        self.receivers: Sequence[Receiver] = [signed_receiver("desk", self.url, SECRET)] if self.url else []
        self.transport = HttpTransport(timeout_s=self.timeout_s)
        relay = Relay(
            store=self.store,
            transport=self.transport,
            receivers={r.name: r for r in self.receivers},
            final_check=FinalCheck(
                store=self.store,
                feeds=self.feeds,
                source_uri="/precall",
                care_policy=self.settings.care,
                checkpoint=self.checkpoint,
            ),
            max_attempts=self.max_attempts,
            checkpoint=self.checkpoint,
        )
        self.wired = App(self.settings, keys, self.names, self.clock, self.receivers)
        self.wired.catalogue, self.wired.feeds, self.wired.store = self.catalogue, self.feeds, self.store
        self.wired.transport = self.transport
        self.jobs = Jobs(
            feeds=self.feeds,
            store=self.store,
            catalogue=self.catalogue,
            settings=self.settings,
            clock=self.clock,
            wall=self.wall,
            relay=relay,
            receivers=self.receivers,
            telemetry=self.wired.telemetry,
            checkpoint=self.checkpoint,
        )

    def tick(self, at: float) -> None:
        """Everything the daemon does in one round, as of `at`."""
        self.clock.at = at
        self.wall.at = max(self.wall.at, at)
        for name in ("pull", "learn_if_due", "detect", "assess", "experience_if_due", "push"):
            self.jobs.run(name)

    def let_time_pass(self) -> None:
        """From now on the machine's steady time goes with the clock that a test moves: no move of it is a jump."""
        began, at = self.jobs.guard.steady(), self.clock.at
        self.jobs.guard.steady = lambda: began + self.clock.at - at

    def close(self) -> None:
        self.transport.close()
        self.wired.close()


def outcome(app: SmallApp) -> dict[str, object]:
    """Everything that was decided: what two runs over the same data must agree on."""
    store = app.store
    return {
        "decided": [(d.tick.start, d.tick.duration_s) for d in store.ticks.completed("decide")],
        "assessed": [(d.tick.start, d.tick.duration_s) for d in store.ticks.completed("assess")],
        "owed": [d for step in ("score", "decide", "assess") for d in store.ticks.pending(step)],
        "degradations": store.degradations.all(),
        "incidents": store.incidents.all(),
        "impacts": [store.impacts.latest(i.incident_id) for i in store.incidents.all()],
        "listings": [_unnumbered(one) for one in store.listings.all()],
        "alerts": [(m.key, m.receiver, m.type, m.time, m.data, m.body) for m in store.outbox.messages()],
        "findings": store.findings.all(),
        "experience": store.experience.between(Window(0, UNTIL)),
    }


def _unnumbered(listing: object) -> dict[str, object]:
    return {name: getattr(listing, name) for name in listing.__slots__ if name != "row"}  # type: ignore[attr-defined]
