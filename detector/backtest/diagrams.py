"""The report's two drawings of the whole replay: incidents over time, and probability against what came true."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from detector.charts import time_ticks
from detector.domain.window import Window

_WIDE, _LANE, _HEAD = 1120, 20, 8


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """One span of the timeline: an incident (`kind` = its severity) or a fault (`fault`, `missed`, `unfelt`)."""

    window: Window
    kind: str
    tip: str
    link: str = ""


def timeline(window: Window, groups: Sequence[Sequence[TimelineSpan]], timezone: str) -> str:
    """An `<svg>` of lanes over local time. Spans of one group share a lane, drawn in order; groups that do not overlap
    share lanes, too. Spans are cut at the window."""
    zone, lanes = ZoneInfo(timezone), _lanes(groups, gap_s=window.seconds // 200)
    height = _HEAD + max(len(lanes), 1) * _LANE + 34
    parts = list(_axis(window, zone, height))
    for row, lane in enumerate(lanes):
        parts += [_span_shape(span, window, _HEAD + row * _LANE) for group in lane for span in group]
    label = f"{sum(map(len, groups))} faults and incidents over time"
    return f'<svg class="tl" viewBox="0 0 {_WIDE} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _lanes(groups: Sequence[Sequence[TimelineSpan]], gap_s: int) -> list[list[Sequence[TimelineSpan]]]:
    """Greedy: each group goes to the first lane that is free by then."""
    lanes: list[list[Sequence[TimelineSpan]]] = []
    free: list[int] = []
    for group in sorted((g for g in groups if g), key=lambda g: min(b.window.start for b in g)):
        start, end = min(b.window.start for b in group), max(b.window.end for b in group)
        row = next((i for i, until in enumerate(free) if until + gap_s <= start), len(lanes))
        if row == len(lanes):
            lanes.append([])
            free.append(0)
        lanes[row].append(group)
        free[row] = end
    return lanes


def _x(at: int, window: Window) -> float:
    return _WIDE * (min(max(at, window.start), window.end) - window.start) / max(window.seconds, 1)


def _span_shape(span: TimelineSpan, window: Window, top: int) -> str:
    left, right = _x(span.window.start, window), _x(span.window.end, window)
    behind = span.kind in {"fault", "missed", "unfelt"}
    y, tall = (top + 1, _LANE - 3) if behind else (top + 5, _LANE - 11)
    shape = (
        f'<rect class="{span.kind}" x="{left:.1f}" y="{y}" width="{max(right - left, 3):.1f}" height="{tall}" rx="2.5">'
        f"<title>{escape(span.tip)}</title></rect>"
    )
    return f'<a href="#{escape(span.link)}">{shape}</a>' if span.link else shape


def _axis(window: Window, zone: ZoneInfo, height: int) -> Iterator[str]:
    dated = ""
    for t, local in time_ticks(window.start, window.end, zone, most=14):
        x, date = _x(t, window), f"{local:%a} {local.day} {local:%b}"
        anchor = "start" if x < 30 else "end" if x > _WIDE - 30 else "middle"
        yield f'<path class="g" d="M{x:.1f} 0V{height - 30}"/>'
        if date != dated:
            yield f'<text x="{x:.1f}" y="{height - 4}" text-anchor="{anchor}">{date}</text>'
        yield f'<text x="{x:.1f}" y="{height - 18}" text-anchor="{anchor}">{local:%H:%M}</text>'
        dated = date


def calibration_plot(tenths: Sequence[Mapping[str, Any]]) -> str:
    """An `<svg>`: share who suffered over listed probability, with 95 % whiskers; on the diagonal is right. Dots grow with
    their counts."""
    side, left, top = 300, 44, 10
    most = max((t["count"] or 0 for t in tenths), default=0) or 1
    parts = [f'<path class="diag" d="M{left} {top + side}L{left + side} {top}"/>']
    for i in range(0, 11, 2):
        x, y = left + side * i / 10, top + side * (1 - i / 10)
        parts.append(f'<path class="g" d="M{left} {y:.0f}h{side}M{x:.0f} {top}v{side}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{i * 10}</text>')
        parts.append(f'<text x="{x:.0f}" y="{top + side + 16}" text-anchor="middle">{i * 10}</text>')
    for t in tenths:
        if t["value"] is not None:
            x, y, low, high = (left + side * t["probability"], *(top + side * (1 - t[k]) for k in ("value", "low", "high")))
            tip = f"listed at {t['probability']:.0%}: {t['value']:.0%} of {t['count']:,} suffered"
            radius = 3 + 5 * (t["count"] / most) ** 0.5
            parts.append(f'<path class="wh" d="M{x:.1f} {low:.1f}V{high:.1f}"/>')
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{tip}</title></circle>')
    parts.append(f'<text x="{left + side / 2}" y="{top + side + 34}" text-anchor="middle">probability listed, %</text>')
    parts.append(f'<text transform="translate(11 {top + side / 2})rotate(-90)" text-anchor="middle">who suffered, %</text>')
    return f'<svg class="cal" viewBox="0 0 360 352" role="img" aria-label="Calibration">{"".join(parts)}</svg>'


def local_time(at: int, zone: ZoneInfo) -> str:
    """
    >>> local_time(1774339200, ZoneInfo("Europe/Berlin"))
    'Tue 24 Mar 09:00'
    """
    local = datetime.fromtimestamp(at, zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"
