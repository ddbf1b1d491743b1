"""`precall backtest`: a store of its own, the replay, the figures, the files."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.app import load_keys, read_catalogue
from detector.backtest.conclusion import conclude
from detector.backtest.replay import Replay
from detector.backtest.results import Results
from detector.domain.errors import Misconfigured
from detector.domain.ports import Source
from detector.domain.window import Window, utc
from detector.settings import Settings
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.store.database import Database

_HISTORY_SHARE = 0.75
_FOREVER = 4_102_444_800
_QUARTER = 900


@dataclass
class Backtest:
    """`given`: --from and --to in s, None = the last quarter of the data."""

    dataset: Path
    out: Path
    settings: Settings
    given: tuple[int | None, int | None]
    arrival_delay_s: int | None = None
    identify: bool = False

    def run(self, progress: Callable[[float], None]) -> Mapping[str, Any]:
        """Write all files of CONTRACTS section 4 into `out`; returns what summary.json holds. Raises PrecallError."""
        if not self.dataset.is_dir():
            raise Misconfigured("no such folder", where=str(self.dataset), mend="name an operator dataset")
        _make(self.out)
        keys = load_keys(self.settings)
        catalogue = read_catalogue(self.settings.sources.kpis)
        pseudonymiser = Pseudonymiser(keys.identity, self.settings.storage.identity_version)
        source = OperatorDataset(self.dataset, pseudonymiser, arrival_delay_s=self.arrival_delay_s)
        with tempfile.TemporaryDirectory(prefix="precall-backtest-") as work:
            database = Database(f"sqlite:///{work}/backtest.db")
            database.create()
            store = Store(Path(work), database, catalogue.computed, keys.vault)
            replay = Replay(source, store, catalogue, self.settings, self._window(source))
            results = replay.run(progress)
            names = self._names(store, results)
            figures = conclude(results, self.dataset, self.out, pseudonym=pseudonymiser.subscriber, identify=names)
            database.close()
        return figures

    def _names(self, store: Store, results: Results) -> Callable[[str], str] | None:
        if not self.identify:
            return None
        people = len({listing.subscriber for listing in results.listings})
        _audit(self.settings.storage.path, f"backtest --identify of {self.dataset}: {people} people")
        return lambda pseudonym: store.vault.open(pseudonym) or pseudonym

    def _window(self, source: Source) -> Window:
        pieces = [p.window for p in source.pieces(0, _FOREVER) if p.window]
        if not pieces:
            raise Misconfigured("no counters", where=str(self.dataset / "counters"), mend="put PM files or tables there")
        first, last = min(w.start for w in pieces), max(w.end for w in pieces)
        begin, end = self.given
        default = first + int((last - first) * _HISTORY_SHARE) // _QUARTER * _QUARTER
        begin, end = default if begin is None else begin, last if end is None else end
        if begin >= end:
            where = f"--from {utc(begin):%Y-%m-%dT%H:%MZ} --to {utc(end):%Y-%m-%dT%H:%MZ}"
            raise Misconfigured("ends before it begins", where=where, mend=f"the data is from {utc(first)} to {utc(last)}")
        return Window(begin, end)


def _make(out: Path) -> None:
    """The folder of the results, before hours are spent on them."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        mend = "name a folder that can be written"
        raise Misconfigured(error.strerror or str(error), where=f"--out {out}", mend=mend) from error


def _audit(root: Path, line: str) -> None:
    """The audit log of the installation, beside its keys: the replay's own store is gone afterwards."""
    from detector.clock import WallClock

    with (root / "audit.log").open("a", encoding="utf-8") as log:
        log.write(f"{utc(WallClock().now()).isoformat(timespec='seconds')} cli {line}\n")


def shown(figures: Mapping[str, Any], out: Path, as_json: bool) -> str:
    """The headline figures in words, or summary.json itself."""
    if as_json:
        return json.dumps(figures, indent=2)
    lines = [f"{name:45} {_figure(value)}" for name, value in figures.items() if not isinstance(value, list)]
    return "\n".join([*lines, f"report: {out / 'report.html'}"])


def _figure(value: Any) -> str:
    """
    >>> _figure({"value": 0.5, "count": 4, "low": 0.15, "high": None}), _figure({"value": None}), _figure(None)
    ('0.5  (0.15 to ?), n = 4', 'unknown', 'unknown')
    """
    if value is None or (isinstance(value, dict) and value.get("value", "") is None):
        return "unknown"
    if not isinstance(value, dict):
        return str(value)
    if "value" not in value:
        return ", ".join(f"{name} {_figure(part)}" for name, part in value.items())
    low, high = (_bound(value.get(name)) for name in ("low", "high"))
    interval = f"  ({low} to {high})" if (low, high) != ("?", "?") else ""
    return f"{value['value']:.3g}{interval}, n = {value.get('count')}"


def _bound(at: float | None) -> str:
    return "?" if at is None else f"{at:.3g}"
