"""`precall backtest`: a store of its own, the replay, the figures, the files."""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from detector.app import load_keys, read_catalogue
from detector.backtest.comparison import read_earlier
from detector.backtest.headlines import Headline, headlines, unmeasured, verdict
from detector.backtest.replay import Replay
from detector.backtest.results import Results
from detector.backtest.scorecard import score_replay
from detector.backtest.truth import read_faults
from detector.backtest.window_choice import Choice, default_window
from detector.domain.errors import Misconfigured, Permanent
from detector.domain.finding import Finding, Findings
from detector.domain.window import Window, utc
from detector.keys import check_store_beside
from detector.rights import private_umask
from detector.settings import Settings
from detector.sources.dataset import OperatorDataset
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.store.database import Database
from jobs.commands.tables import table, terminal_width

_FOREVER = 4_102_444_800
"""Later than every period (the year 2100). Chosen: within what a datetime can hold."""
_MOST_FINDINGS = 12
"""Findings printed after a backtest. Chosen: a screen; all are in the report."""
_TITLE, _TWO_COLUMNS = 35, 70
"""Width of the titles' column in the terminal, and the narrowest terminal that fits a second one."""


@dataclass(kw_only=True)
class Backtest:
    """`given`: --from and --to in s; None = chosen by `default_window`. `against`: the folder of another backtest."""

    dataset: Path
    out: Path
    settings: Settings
    given: tuple[int | None, int | None]
    arrival_delay_s: int | None = None
    identify: bool = False
    against: Path | None = None
    findings: Sequence[Finding] = ()
    """What was wrong with the input, once it has run."""

    def run(self, progress: Callable[[float], None]) -> Mapping[str, Any]:
        """Write all files of CONTRACTS section 4 into `out`; returns what summary.json holds. Raises PrecallError."""
        if not self.dataset.is_dir():
            raise Misconfigured("no such folder", where=str(self.dataset), mend="name an operator dataset")
        earlier = read_earlier(self.against) if self.against else None
        _make(self.out)
        keys = load_keys(self.settings)
        check_store_beside(self.settings, keys)
        catalogue = read_catalogue(self.settings.sources.kpis)
        pseudonymiser = Pseudonymiser(keys.identity, self.settings.storage.identity_version)
        source = OperatorDataset(self.dataset, pseudonymiser, arrival_delay_s=self.arrival_delay_s)
        with tempfile.TemporaryDirectory(prefix="precall-backtest-") as work:
            database = Database(f"sqlite:///{work}/backtest.db", durable=False)
            database.create()
            store = Store(Path(work), database, catalogue.computed, keys.vault)
            chosen = self._window(source)
            silent_after_s = self.settings.sources.silent_after_s
            replay = Replay(
                Feeds([source.feed(silent_after_s=silent_after_s)]), store, catalogue, self.settings, chosen.window
            )
            results = dataclasses.replace(replay.run(progress), window_reason=chosen.reason)
            self.findings = results.findings
            figures = score_replay(
                results,
                self.dataset,
                self.out,
                pseudonym=pseudonymiser.subscriber,
                identify=self._names(store, results),
                against=earlier,
            )
            database.close()
        return figures

    def _names(self, store: Store, results: Results) -> Callable[[str], str] | None:
        if not self.identify:
            return None
        private_umask()  # names of people stand in what is written now
        people = len({listing.subscriber for listing in results.listings})
        _audit(self.settings.storage.path, f"backtest --identify of {self.dataset}: {people} people")
        return lambda pseudonym: store.vault.open(pseudonym) or pseudonym

    def _window(self, source: OperatorDataset) -> Choice:
        source_files = [p.window for p in source.files(0, _FOREVER) if p.window]
        if not source_files:
            raise self._no_period(source)
        data = Window(min(w.start for w in source_files), max(w.end for w in source_files))
        faults = read_faults(self.dataset, timezone=source.operator.timezone)
        if None not in self.given:
            faults = None
        begin, end = self.given
        known = Window(data.start, max(data.start, data.end if end is None else end))
        grid_s = max(source.operator.tick_s, min(w.seconds for w in source_files))
        chosen = default_window(known, faults, grid_s=grid_s)
        start = chosen.window.start if begin is None else begin
        until = known.end if begin is not None or end is not None else chosen.window.end
        if start >= until:
            where = f"--from {utc(start):%Y-%m-%dT%H:%MZ} --to {utc(until):%Y-%m-%dT%H:%MZ}"
            span = f"{utc(data.start):%Y-%m-%dT%H:%MZ} to {utc(data.end):%Y-%m-%dT%H:%MZ}"
            raise Misconfigured("ends before it begins", where=where, mend=f"the data is from {span}")
        return Choice(Window(start, until), "" if begin is not None else chosen.reason)

    def _no_period(self, source: OperatorDataset) -> Misconfigured:
        """No file holds any period: there is none, or the error of the first names the reason."""
        where, files = str(self.dataset / "counters"), source.files(0, _FOREVER)
        if not files:
            return Misconfigured("no counters", where=where, mend="put PM files or tables there")
        findings = Findings()
        for source_file in files:
            try:
                list(source.read(source_file, findings))
            except Permanent as error:
                mend = "see docs/reference/files.md"
                return Misconfigured(f"none of {len(files)} files can be used; {error}", where=where, mend=mend)
        first = next((f"{f.where}: {f.example}" for f in findings), f"{files[0].name} has no row with a period")
        mend = "see docs/reference/files.md"
        return Misconfigured(f"no period in {len(files)} files; {first}", where=where, mend=mend)


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


def shown(figures: Mapping[str, Any], out: Path, as_json: bool, findings: Sequence[Finding] = ()) -> str:
    """The headline figures in words, as wide as the terminal, or summary.json itself."""
    if as_json:
        return json.dumps(figures, indent=2)
    width = terminal_width(most=100)
    span = f"{figures['from']} to {figures['to']}".replace("T", " ").replace(":00Z", "")
    parts = [fill(verdict(figures), width), fill(f"From {span} UTC.", width), ""]
    parts += [_card(card, width) for card in headlines(figures)]
    if missing := [title.lower() for _, titles in unmeasured(figures) for title in titles]:
        parts += ["", fill(f"Not measured in this window: {'; '.join(missing)}. The report says why.", width)]
    if against := figures.get("against"):
        rows = [{"figure": title, **both} for title, both in against["figures"].items()]
        parts += ["", fill(f"Against {against['name']}:", width), table(rows, False, "No figure is known on both sides.")]
    parts += ["", *_wrong(findings, width)] if findings else []
    return "\n".join([*parts, "", f"report: {out / 'report.html'}"])


def _wrong(findings: Sequence[Finding], width: int) -> list[str]:
    """The findings in lines, those that occurred most first."""
    most = sorted(findings, key=lambda f: -f.count)[:_MOST_FINDINGS]
    more = f", {len(most)} of them" if len(most) < len(findings) else ""
    lines = [f"{f.code} in {f.where}: {f.example} (x {f.count:,})" for f in most]
    named = [fill(line, width, initial_indent="  ", subsequent_indent="    ") for line in lines]
    return [f"{len(findings)} findings about the input{more}:", *named]


def _card(card: Headline, width: int) -> str:
    """Title, value with its unit, and how sure: on one line where it fits, else indented below."""
    detail = "; ".join(part for part in (card.interval, card.basis) if part)
    said = f"{card.value} {card.unit}".rstrip()
    if width < _TWO_COLUMNS:
        return fill(f"{card.title}: {said}", width) + "\n" + fill(detail, width, initial_indent="  ", subsequent_indent="  ")
    return fill(f"{card.title:{_TITLE}} {said}  ({detail})", width, subsequent_indent=" " * (_TITLE + 1))
