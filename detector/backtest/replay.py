"""The same job steps as the daemon's, under a moving clock: nothing is seen before it arrives."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from detector.backtest.false_alarm_rate import held_out
from detector.backtest.results import Results
from detector.clock import MovingClock
from detector.delivery import cloudevents
from detector.domain.errors import Misconfigured
from detector.domain.evidence import Band
from detector.domain.finding import Findings
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.ports import Reference, SourceFile
from detector.domain.window import DAY_S, Tick, Window, utc
from detector.kpis import Catalogue
from detector.reports import Report
from detector.settings import Settings
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs import ledger, models
from jobs.assess import assess
from jobs.context import JobContext
from jobs.detect import detect
from jobs.experience import keep_experience
from jobs.feed_watch import watches
from jobs.intake import check_period_lengths, series_of
from jobs.learn import learn
from jobs.pull import pull
from jobs.reporting import report

_END_OF_TIME = 4_102_444_800
"""Later than every period (the year 2100). Chosen: within what a datetime can hold."""
_SHORT_S = 4 * DAY_S
"""Windows up to this length are reported by days, longer ones by weeks. Chosen: a page shows four days."""
_REPORTS = ("planning", "experience", "accounts")
DIAGNOSTIC_FINDINGS = (
    "unknown_object",
    "unknown_counters",
    "wrong_vendor",
    "unknown_counter",
    "percent_for_count",
    "impossible_duration",
    "file_set_aside",
    "row_rejected",
)
"""Findings that explain why nothing is measured, the likeliest first."""
_PLOTTED = 60
"""Incidents with plots. Chosen: the page must stay small."""
Progress = Callable[[float], None]
Alerts = tuple[tuple[dict[str, Any], int], ...]
"""(body as it would be sent, planned_at)."""


@dataclass(frozen=True)
class Replay:
    """One dataset, one store of its own, one window to decide in."""

    feeds: Feeds
    store: Store
    catalogue: Catalogue
    settings: Settings
    window: Window

    def run(self, progress: Progress = lambda _share: None) -> Results:
        """Replay the window and gather what was decided.

        Raises Misconfigured if nothing arrives before the window: there would be nothing to compare with.
        """
        clock = MovingClock(self.window.start)
        self._pull(clock)
        self._learn(clock)
        held_out_false = held_out(self.store, self.feeds.reference(clock.now()), self.settings.detection, self.window.start)
        learn_at = self.window.start + DAY_S
        for instant, ends in self._instants():
            if instant < learn_at and self._idle(ends):
                continue
            clock.at = instant
            self._pull(clock)
            if instant >= learn_at:
                self._learn(clock)
                keep_experience(self.feeds, self.store, now=instant)
                learn_at += DAY_S
            self._detect(clock)
            self._assess(clock)
            progress(min(1.0, (instant - self.window.start) / max(1, self.window.seconds)))
        keep_experience(self.feeds, self.store, now=clock.now())
        return replace(self._gather(clock.now()), held_out_false=held_out_false)

    @property
    def context(self) -> JobContext:
        return JobContext(self.feeds, self.store, self.catalogue, self.settings)

    def _pull(self, clock: MovingClock) -> None:
        pull(self.context, now=clock.now(), decide_from=self.window.start)

    def _learn(self, clock: MovingClock) -> None:
        if not learn(self.context, now=clock.now()):
            raise self._nothing_before()

    def _nothing_before(self) -> Misconfigured:
        """Why there is nothing to learn from, by the finding that explains most."""
        where = f"--from {utc(self.window.start):%Y-%m-%dT%H:%MZ}"
        known = [*self.store.findings.all(), *self._lengths()]
        found = [f for code in DIAGNOSTIC_FINDINGS for f in known if f.code == code]
        if found:
            what = f"nothing before it can be measured: {found[0].code}: {found[0].example}"
            return Misconfigured(what, where=where, mend="precall check and docs/reference/findings.md say more")
        mend = "begin later: data before --from is what the baselines learn from"
        return Misconfigured("no data arrives before it", where=where, mend=mend)

    def _lengths(self) -> Findings:
        """Periods that are so long that nothing of them has arrived yet."""
        kinds: dict[tuple[str, int], list[int]] = {}
        for source_file in self.feeds.files(0, _END_OF_TIME):
            if source_file.window is not None:
                kinds.setdefault((series_of(source_file.name), source_file.window.seconds), []).append(
                    source_file.window.start
                )
        findings = Findings()
        for (name, length), starts in kinds.items():
            check_period_lengths(name, sorted(set(starts)), length, findings)
        return findings

    def _detect(self, clock: MovingClock) -> None:
        detect(self.context, now=clock.now())
        reference = self.feeds.reference(clock.now())
        for watch in watches(self.feeds, self.store, reference, now=clock.now(), begun_at=self.window.start):
            watch.look()

    def _assess(self, clock: MovingClock) -> None:
        now = clock.now()
        assess(self.context, now=now, receivers=(), due_at=now)

    def _instants(self) -> Iterator[tuple[float, Sequence[Tick]]]:
        """When anything can change, with the ticks whose grace time ends then: whenever something arrives, a tick's grace
        time ends, or the baselines are due. No ticks: something arrives, or it is time to learn."""
        reference = self.feeds.reference(self.window.start)
        delay = reference.operator.arrival_delay_s
        last = self.window.end + delay + self.settings.detection.grace_minutes * 60
        source_files = [p for p in self.feeds.files(self.window.start, last) if _begins_in(p, self.window)]
        grace: dict[float, list[Tick]] = {}
        steps = self._steps()
        for length in self._durations(source_files, reference.operator.tick_s):
            first = self.window.start - (self.window.start - steps.get(length, 0)) % length
            for start in range(first, self.window.end, length):
                tick = Tick(start, length)
                grace.setdefault(ledger.deadline(tick, delay, self.settings.detection), []).append(tick)
        learning = range(self.window.start + DAY_S, self.window.end, DAY_S)
        sure = {p.arrived_at for p in source_files} | set(learning)
        for instant in sorted(sure | {at for at in grace if at > self.window.start}):
            yield instant, () if instant in sure else grace[instant]

    def _idle(self, ends: Sequence[Tick]) -> bool:
        """Nothing is left to do when the grace time of these ticks ends: their data were complete and are decided."""
        done = [self.store.ticks.newest_done("decide", tick.duration_s) for tick in ends]
        if not ends or any(at is None or at < tick.start for at, tick in zip(done, ends, strict=True)):
            return False
        return not any(self.store.ticks.pending(step) for step in ("score", "decide", "assess"))

    def _durations(self, source_files: Sequence[SourceFile], tick_s: int) -> set[int]:
        """Lengths (s) of the ticks that the counters come in: those of the history and of the window. Hourly counters move
        the clock by the hour; the operator's own tick only counts if no length is known."""
        known = set(self._steps())
        return known | {max(p.window.seconds, tick_s) for p in source_files if p.window is not None} or {tick_s}

    def _steps(self) -> dict[int, int]:
        """Duration -> an end of a known tick: with which the others keep step."""
        with self.store.begin() as connection:
            return {duration_s: span.end for duration_s, span in self.store.ticks.span(connection).items()}

    def _gather(self, now: float) -> Results:
        reference = self.feeds.reference(now)
        store, alerts = self.store, self._alerts()
        incidents = tuple(i for i in reversed(store.incidents.all()))
        return Results(
            window=self.window,
            cells=len(reference.topology.cells),
            settings_hash=self.settings.hash,
            timezone=reference.operator.timezone,
            topology=reference.topology,
            kpis=self.catalogue.by_id,
            degradations=tuple(d for d in store.degradations.all() if not d.superseded_by),
            incidents=incidents,
            listings=tuple(store.listings.all()),
            impacts=self._impacts(incidents),
            alerts=alerts,
            bands=self._bands(incidents, reference),
            drift_bands=self._drift_bands(alerts, reference),
            findings=tuple(self.store.findings.all()),
            alarms_known=bool(reference.operations.alarms),
            reports=tuple(self._reports(int(now))),
            false_alarm_budget=self.settings.detection.false_degradations_per_1000_cells_week,
            false_care_alert_budget=self.settings.care.false_care_alerts_per_1000_cells_week,
        )

    def _reports(self, now: int) -> Iterator[Report]:
        """Summed up by day where the window is short."""
        window = Window(self.window.start, max(now, self.window.end))
        step = "day" if window.seconds <= _SHORT_S else "week"
        for name in _REPORTS:
            yield report(name, self.feeds, self.store, self.settings, now=now, window=window, step=step)

    def _impacts(self, incidents: Sequence[Incident]) -> dict[str, Impact]:
        found = {i.incident_id: self.store.impacts.latest(i.incident_id) for i in incidents}
        return {name: impact for name, impact in found.items() if impact}

    def _alerts(self) -> Alerts:
        source = self.settings.delivery.source
        messages = self.store.outbox.messages()
        return tuple((json.loads(cloudevents(m.alert, source)), m.time) for m in messages)

    def _bands(self, incidents: Sequence[Incident], reference: Reference) -> dict[str, tuple[Band, ...]]:
        """Plots of the most severe incidents of which care was notified."""

        def weight(incident: Incident) -> tuple[bool, int]:
            return incident.silent, incident.priority

        zone, until = reference.operator.timezone, self.window.end
        named = (self.store, self.catalogue, self.settings.detection)
        chosen = sorted(incidents, key=weight)[:_PLOTTED]
        return {i.incident_id: models.bands_of(*named, i, timezone=zone, until=until) for i in chosen}

    def _drift_bands(self, alerts: Alerts, reference: Reference) -> dict[tuple[str, str, str], Band]:
        """The drifts whose alert forecast a breach, from that alert on."""
        found: dict[tuple[str, str, str], Band] = {}
        for body, at in alerts:
            forecasts = ((body.get("data") or {}).get("expected") or {}).get("graver") or ()
            name = str(body.get("subject", "")).removeprefix("incident/")
            incident = self.store.incidents.get(name) if forecasts else None
            own = {d.object_id: d for d in (self.store.degradations.of(incident) if incident else ())}
            window = Window(min(at, self.window.end), min(at + 4 * DAY_S, self.window.end))
            for one in forecasts:
                key = name, str(one["object"]), str(one["kpi"])
                if key[1] in own and key not in found:
                    drift = replace(own[key[1]], kpi=key[2])  # the leading KPI may have changed since
                    named = (self.store, self.catalogue, self.settings.detection, drift, window)
                    band = models.band_of(*named, timezone=reference.operator.timezone)
                    found |= {} if band is None else {key: band}
        return found


def _begins_in(source_file: SourceFile, window: Window) -> bool:
    return source_file.window is None or source_file.window.overlaps(window)
