"""`precall backtest`: a store of its own, the replay, the figures, the files."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.app import load_keys, read_catalogue
from detector.backtest.conclusion import conclude
from detector.backtest.replay import Replay
from detector.backtest.results import Results
from detector.domain.errors import Misconfigured, Permanent
from detector.domain.finding import Finding, Findings
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
_MOST_FINDINGS = 12


@dataclass
class Backtest:
    """`given`: --from and --to in s, None = the last quarter of the data."""

    dataset: Path
    out: Path
    settings: Settings
    given: tuple[int | None, int | None]
    arrival_delay_s: int | None = None
    identify: bool = False
    findings: Sequence[Finding] = ()
    """What was wrong with the input, once it has run."""

    def run(self, progress: Callable[[float], None]) -> Mapping[str, Any]:
        """Write all files of CONTRACTS section 4 into `out`; returns what summary.json holds. Raises PrecallError."""
        if not self.dataset.is_dir():
            raise Misconfigured("no such folder", where=str(self.dataset), mend="name an operator dataset")
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
            self.findings = results.findings
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
            raise self._no_period(source)
        first, last = min(w.start for w in pieces), max(w.end for w in pieces)
        begin, end = self.given
        default = first + int((last - first) * _HISTORY_SHARE) // _QUARTER * _QUARTER
        begin, end = default if begin is None else begin, last if end is None else end
        if begin >= end:
            where = f"--from {utc(begin):%Y-%m-%dT%H:%MZ} --to {utc(end):%Y-%m-%dT%H:%MZ}"
            raise Misconfigured("ends before it begins", where=where, mend=f"the data is from {utc(first)} to {utc(last)}")
        return Window(begin, end)

    def _no_period(self, source: Source) -> Misconfigured:
        """No file tells of any period: there is none, or the first says why it cannot be read."""
        where, files = str(self.dataset / "counters"), source.pieces(0, _FOREVER)
        if not files:
            return Misconfigured("no counters", where=where, mend="put PM files or tables there")
        findings = Findings()
        for piece in files:
            try:
                list(source.read(piece, findings))
            except Permanent as error:
                mend = "see docs/reference/files.md"
                return Misconfigured(f"none of {len(files)} files can be used; {error}", where=where, mend=mend)
        first = next((f"{f.where}: {f.example}" for f in findings), f"{files[0].name} has no row with a period")
        mend = "see docs/reference/files.md"
        return Misconfigured(f"no period in {len(files)} files; {first}", where=where, mend=mend)


def _audit(root: Path, line: str) -> None:
    """The audit log of the installation, beside its keys: the replay's own store is gone afterwards."""
    from detector.clock import WallClock

    with (root / "audit.log").open("a", encoding="utf-8") as log:
        log.write(f"{utc(WallClock().now()).isoformat(timespec='seconds')} cli {line}\n")


def shown(figures: Mapping[str, Any], out: Path, as_json: bool, findings: Sequence[Finding] = ()) -> str:
    """The headline figures and what was wrong with the input in words, or summary.json itself."""
    if as_json:
        return json.dumps(figures, indent=2)
    lines = [f"{name:45} {_figure(value)}" for name, value in figures.items() if not isinstance(value, list)]
    return "\n".join([*lines, *_wrong(findings), f"report: {out / 'report.html'}"])


def _wrong(findings: Sequence[Finding]) -> list[str]:
    """The findings in lines, those that occurred most first."""
    if not findings:
        return []
    most = sorted(findings, key=lambda f: -f.count)[:_MOST_FINDINGS]
    more = f", {len(most)} of them" if len(most) < len(findings) else ""
    lines = [f"  {f.code} in {f.where}: {f.example} (x {f.count:,})" for f in most]
    return [f"{len(findings)} findings about the input{more}:", *lines]


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
