"""`precall check`: what keeps the service from its work, found by opening all that `precall run` opens, and by a look at the
newest counter files without keeping anything."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile

import numpy as np

from detector import pipeline
from detector.app import App, configured, wire
from detector.delivery import receiver_problems
from detector.domain.cell import base_object
from detector.domain.counters import CounterBatch
from detector.domain.coverage import LITTLE
from detector.domain.errors import Permanent, PrecallError
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import CounterFeed, Reference, SourceFile
from detector.feedback.contact_text import words
from detector.keys import load_keys
from detector.kpis import Catalogue
from detector.listening import listen
from detector.rights import narrow, too_wide
from detector.settings import Settings
from detector.web.access import Access
from jobs.intake import Intake, check_counter_names, check_period_lengths, series_of

_OF_A_KIND, _MOST = 4, 60
"""Newest files of each kind that are looked at, and of all."""
_MOST_BYTES = 64 << 20
"""Bytes of counter files that `check` reads besides the newest. Chosen: seconds on a slow machine."""


def check(settings: Settings, *, served: bool = False) -> list[str]:
    """What keeps `precall run` from starting, or alerts from arriving, each in one line; empty = nothing. Everything
    that `run` opens is opened: catalogue, rules, keys, database, folders, tables, the port; receivers' addresses are looked
    up. `served`: a daemon of this store has the port already."""
    problems = [*_right_problems(settings), *_port_problems(settings, served)]
    problems += receiver_problems(configured(settings))
    try:
        words()
        app = wire(settings)
        app.open()
    except PrecallError as error:
        return list(dict.fromkeys([str(error), *problems]))
    findings = Findings()
    try:
        problems = [*_folder_problems(app), *_feed_problems(app, findings), *problems]
        problems += [f"{f.where}: {f.code}: {f.example} (x {f.count})" for f in findings]
    finally:
        app.close()
    return problems


def _right_problems(settings: Settings) -> Iterator[str]:
    """What others may read or write below `storage.path`."""
    root = settings.storage.path
    narrow(root, settings.inboxes.values(), deep=False)  # a folder made by hand is mended without a word
    wide = list(too_wide(root, settings.inboxes.values(), deep=True)) if root.is_dir() else []
    if wide:
        path, mode, _ = wide[0]
        others = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
        mend = "`precall run` makes them their owner's alone when it starts, or run chmod -R go= on them"
        yield f"storage.path: {path} ({mode:04o}){others}: open to other users of this machine; {mend}"


def _port_problems(settings: Settings, served: bool) -> Iterator[str]:
    """A port that cannot be had, a token that opens nothing."""
    try:
        Access(settings.web.token or load_keys(settings).token)
        if not served:
            listen(settings.web.host, settings.web.port).close()
    except PrecallError as error:
        yield str(error)


def _folder_problems(app: App) -> Iterator[str]:
    """Folders that cannot be written, or not be read."""
    kept = app.settings.storage.path
    try:
        with TemporaryFile(dir=kept):
            pass
    except OSError as error:
        yield f"storage.path: {kept}: {error.strerror or error}; name a folder that can be written"
    for key, watched in app.settings.inboxes.items():
        try:
            next(watched.iterdir(), None)
        except OSError as error:
            yield f"{key}: {watched}: {error.strerror or error}; name a folder that can be read"


def _feed_problems(app: App, findings: Findings) -> Iterator[str]:
    """What the feeds lack, and impossible values in their tables."""
    feeds, now = app.feeds, app.clock.now()
    try:
        topology = feeds.reference(now, findings).topology
        for one in (feeds.contacts, feeds.surveys, feeds.events):
            feeds.everything(one, now, findings)
    except PrecallError as error:
        yield str(error)
        return
    named_feeds = bool(app.settings.feeds)
    path = app.settings.sources.path
    if not topology.cells:
        yield f"{'feeds' if named_feeds else path}: no cells; put a cells.csv there, see docs/how-to/connect-your-network.md"
        return
    reference = feeds.reference(now)
    feeds.files(0.0, now)  # the first of two looks: what has not changed since is complete
    for feed in feeds.counters:
        where = f"feed '{feed.name}'" if named_feeds else f"{path / 'counters'}"
        try:
            if not feed.files(0.0, now):
                yield f"{where}: no counter files have come yet"
        except PrecallError as error:
            yield f"{where}: {error}"
    where = "feeds" if named_feeds else f"{path / 'counters'}"
    seen = sample(feeds, app.catalogue, reference, findings, now=now)
    if seen.there and not seen.kpis:
        yield f"{where}: nothing is measured: no KPI can be computed from the newest {seen.files} files"
    elif seen.there and seen.little:
        yield (
            f"{where}: little is measured: {seen.measured} of {seen.objects} cells and core functions have "
            f"counters in the newest {seen.files} files"
        )


@dataclass(frozen=True)
class Sampled:
    """`files` of `there` were looked at; of `objects` expected ones `measured` had a value, by `kpis` KPIs."""

    there: int
    files: int
    objects: int
    measured: int
    kpis: int

    @property
    def little(self) -> bool:
        return self.measured < LITTLE * self.objects


def sample(feed: CounterFeed, catalogue: Catalogue, reference: Reference, findings: Findings, *, now: float) -> Sampled:
    """Reads the newest files of each kind as a pull would; `findings` gets what is wrong with them."""
    source_files = feed.files(0.0, now)
    chosen, intake, batches = _newest(source_files), Intake(), list[CounterBatch]()
    for source_file in chosen:
        try:
            own = list(feed.read(source_file, findings, source_file.window))
        except Permanent as error:
            findings.add("file_set_aside", source_file.name, str(error))
            continue
        intake.add(source_file, own)
        batches += own
    check_counter_names(intake, catalogue, reference.topology, findings)
    for part in intake.parts.values():
        if part.series:
            check_period_lengths(part.series, sorted(part.starts), part.duration_s, findings)
    frames = pipeline.compute(batches, catalogue, reference, findings).values()
    seen = {base_object(name) for frame in frames for name in _with_values(frame)}
    kpis = {kpi.id for frame in frames for kpi in frame.kpis}
    cells = [c for c in reference.topology.cells.values() if c.state not in ("planned", "retired")]
    return Sampled(len(source_files), len(chosen), len(cells) + len(reference.topology.functions), len(seen), len(kpis))


def _with_values(frame: KpiFrame) -> Iterator[str]:
    """Objects that have a KPI in some period."""
    there = np.isfinite(frame.value)
    yield from (name for o, name in enumerate(frame.objects) if there[:, o].any())


def _newest(source_files: Sequence[SourceFile]) -> list[SourceFile]:
    """Of each kind the last to arrive, none too large to be looked at in passing."""
    kinds: dict[str, list[SourceFile]] = defaultdict(list)
    for source_file in sorted(source_files, key=lambda p: p.arrived_at):
        kinds[series_of(source_file.name)].append(source_file)
    found = [source_file for own in kinds.values() for source_file in own[-_OF_A_KIND:]]
    newest, size = list[SourceFile](), 0
    for source_file in sorted(found, key=lambda p: -p.arrived_at)[:_MOST]:
        size += source_file.size if source_file.window is None else 0
        if size <= _MOST_BYTES or not newest:
            newest.append(source_file)
    return sorted(newest, key=lambda p: (p.arrived_at, p.name))
