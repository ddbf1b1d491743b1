"""Small SVG charts for pages and reports: a KPI against its expected band, with marks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.evidence import Band
from detector.labels.quantities import pair, scale
from detector.labels.times import zone as zone_name

MARK_KINDS = ("detected", "resolved", "complaint", "started", "truth")
STYLE = (
    ".pc{--ink:#1f2a37;--dim:#667085;--grid:#e4e8ee;--band:#bcd7f5;--mid:#5b8fc7;--obs:#1f2a37;--bad:#d92d20;--det:#c4320a;"
    "--res:#067647;--cmp:#9e3fb5;--tru:#475467;font:11px system-ui,'Segoe UI',sans-serif;max-width:100%;height:auto}"
    "@media(prefers-color-scheme:dark){.pc{--ink:#e6eaf0;--dim:#98a2b3;--grid:#2b3442;--band:#23476f;--mid:#6ea8e6;"
    "--obs:#f2f4f7;--bad:#ff6b5e;--det:#ff9c66;--res:#47cd89;--cmp:#d896e8;--tru:#98a2b3}}"
    ".pc text{fill:var(--dim)}.pc .t{fill:var(--ink);font-weight:600;font-size:12px}.pc .g{stroke:var(--grid)}"
    ".pc .a{fill:var(--band);opacity:.65}.pc .m{fill:none;stroke:var(--mid);stroke-dasharray:4 3}"
    ".pc .o{fill:none;stroke:var(--obs);stroke-width:1.5;stroke-linejoin:round}"
    ".pc .p{fill:var(--obs)}.pc .b{fill:var(--bad)}"
    ".pc .detected{stroke:var(--det)}.pc .resolved{stroke:var(--res)}.pc .complaint{stroke:var(--cmp);stroke-width:1.5}"
    ".pc .started,.pc .truth{stroke:var(--tru);stroke-dasharray:2 3}.pc text.detected{fill:var(--det);stroke:none}"
    ".pc text.resolved{fill:var(--res);stroke:none}.pc text.started,.pc text.truth{fill:var(--tru);stroke:none}"
    ".pc text.complaint{fill:var(--cmp);stroke:none}"
)
"""Light and dark; scoped to `.pc`, so a page may hold many charts."""

_STEPS_S = (900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200)
_SHORT_UNIT = 8
"""Characters of a unit that fit left of the axis. Chosen: by the layout."""
_LABEL_PX = 6.1
"""Mean width of a character at 11 px. Chosen: that of common sans-serif fonts."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment `at` (s since the epoch) to show on a chart; kind is one of MARK_KINDS and chooses colour and shape."""

    at: int
    label: str
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in MARK_KINDS:
            raise ValueError(f"unknown kind of mark {self.kind!r}, known are {', '.join(MARK_KINDS)}")


def band_chart(band: Band, *, marks: Sequence[Mark] = (), timezone: str = "UTC", width: int = 860, height: int = 220) -> str:
    """A self-contained inline `<svg>`: expected band and line, observed line with gaps where data are missing, periods
    outside the band on the worse side as red dots, marks; local time on the x axis. "No data" for an empty band.

    Raises zoneinfo.ZoneInfoNotFoundError for an unknown time zone.
    """
    zone, title = ZoneInfo(timezone), f"{band.kpi.title} of {band.object_id}"
    heading = f'<text class="t" x="8" y="14">{escape(title)}</text>'
    if not len(band.starts) or not np.isfinite(np.stack([band.observed, band.expected, band.low, band.high])).any():
        return _svg(title, "No data.", width, 60, f'{heading}<text x="8" y="40">no data</text>')
    shown = [m for m in marks if band.starts[0] <= m.at <= band.starts[-1] + band.duration_s]
    labels, rows = _place_labels([m for m in shown if m.kind != "complaint"], band, width)
    plot = _Plot.around(band, width, height, top=26 + 13 * rows)
    parts = [heading, _legend(width, any(m.kind == "complaint" for m in shown))]
    parts += [*plot.y_axis(), *plot.x_axis(zone), *_band_shapes(plot, band), *_observed_shapes(plot, band)]
    parts += [_line_mark(plot, m, *labels[m]) if m in labels else _complaint_mark(plot, m, zone) for m in shown]
    return _svg(title, _description(band, shown, zone), width, height, "".join(parts))


@dataclass(frozen=True, kw_only=True)
class _Plot:
    """The plotting area in px and the data ranges that it shows: t in s, v in display units."""

    left: float
    right: float
    top: float
    bottom: float
    t0: int
    t1: int
    v0: float
    v1: float
    factor: float
    unit: str
    step: float

    @classmethod
    def around(cls, band: Band, width: int, height: int, *, top: float) -> "_Plot":
        values = np.concatenate([band.observed, band.expected, band.low, band.high])
        factor, unit = scale(band.kpi, float(np.nanmax(np.abs(values[np.isfinite(values)]))))
        values = values * factor
        v0, v1 = float(np.nanmin(values[np.isfinite(values)])), float(np.nanmax(values[np.isfinite(values)]))
        pad = (v1 - v0) * 0.05 or abs(v1) * 0.05 or 1.0
        step = nice_step((v1 - v0 + 2 * pad) / max((height - top - 36) // 32, 2))
        v0, v1 = floor((v0 - pad) / step) * step, ceil((v1 + pad) / step) * step
        if band.kpi.traits.fraction:
            v0, v1 = max(v0, 0.0), min(v1, 100.0) if np.nanmax(values) <= 100 else v1
        t1 = int(band.starts[-1]) + band.duration_s
        return cls(
            left=58,
            right=width - 14,
            top=top,
            bottom=height - 36,
            t0=int(band.starts[0]),
            t1=t1,
            v0=v0,
            v1=v1,
            factor=factor,
            unit=unit,
            step=step,
        )

    def x(self, t: float) -> float:
        return self.left + (self.right - self.left) * (t - self.t0) / (self.t1 - self.t0)

    def y(self, value: float) -> float:
        return self._px(value * self.factor)

    def _px(self, shown: float) -> float:
        return self.bottom - (self.bottom - self.top) * (shown - self.v0) / (self.v1 - self.v0)

    def y_axis(self) -> Iterator[str]:
        decimals = max(0, -floor(log10(self.step) + 1e-9))
        for i in range(round((self.v1 - self.v0) / self.step) + 1):
            value = self.v0 + i * self.step
            y = self._px(value)
            yield f'<path class="g" d="M{self.left:g} {y:.1f}H{self.right:g}"/>'
            yield f'<text x="{self.left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{value:.{decimals}f}</text>'
        x, anchor = (self.left - 6, "end") if len(self.unit) <= _SHORT_UNIT else (8, "start")
        yield f'<text x="{x:g}" y="{self.top - 8:.1f}" text-anchor="{anchor}">{escape(self.unit)}</text>'

    def x_axis(self, zone: ZoneInfo) -> Iterator[str]:
        dated = ""
        for t, local in time_ticks(self.t0, self.t1, zone, most=max(int((self.right - self.left) // 64), 2)):
            x, date = self.x(t), f"{local:%a} {local.day} {local:%b}"
            anchor = "end" if x > self.right - 20 else "middle"
            yield f'<path class="g" d="M{x:.1f} {self.bottom:g}v5"/>'
            yield f'<text x="{x:.1f}" y="{self.bottom + 16:g}" text-anchor="{anchor}">{local:%H:%M}</text>'
            if date != dated:
                named = date if dated else f"{date}, {zone_name(local)}"
                yield f'<text x="{x:.1f}" y="{self.bottom + 30:g}" text-anchor="{anchor}">{named}</text>'
            dated = date


def nice_step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `rough` (> 0).

    >>> nice_step(0.3), nice_step(7)
    (0.5, 10.0)
    """
    power = 10.0 ** floor(log10(rough))
    return next(float(round(power * m, 12)) for m in (1, 2, 5, 10) if power * m >= rough * 0.999)


def time_ticks(start: int, end: int, zone: ZoneInfo, *, most: int) -> list[tuple[int, datetime]]:
    """(s since the epoch, local time) of round local times in [start, end], at most about `most` of them."""
    step = next((s for s in _STEPS_S if (end - start) / s <= most), _STEPS_S[-1])
    ticks = []
    for t in range(ceil(start / 900) * 900, end + 1, 900):
        local = datetime.fromtimestamp(t, zone)
        if (local.toordinal() * 86400 + local.hour * 3600 + local.minute * 60) % step == 0:
            ticks.append((t, local))
    return ticks


def _runs(band: Band, finite: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Indices of runs without a missing value or a missing period."""
    rows = np.flatnonzero(finite)
    if len(rows):
        breaks = np.flatnonzero(np.diff(band.starts[rows]) > band.duration_s * 1.5) + 1
        yield from np.split(rows, breaks)


def _path(plot: _Plot, t: NDArray[np.int64], values: NDArray[np.float64]) -> str:
    return "L".join(f"{plot.x(a):.1f} {plot.y(b):.1f}" for a, b in zip(t, values, strict=True))


def _band_shapes(plot: _Plot, band: Band) -> Iterator[str]:
    """The area spans whole periods, so that a single one has a width."""
    for rows in _runs(band, np.isfinite(band.low) & np.isfinite(band.high)):
        edges = np.stack([band.starts[rows], band.starts[rows] + band.duration_s], axis=1).ravel()
        upper = _path(plot, edges, np.repeat(band.high[rows], 2))
        lower = _path(plot, edges[::-1], np.repeat(band.low[rows], 2)[::-1])
        yield f'<path class="a" d="M{upper}L{lower}Z"/>'
    for rows in _runs(band, np.isfinite(band.expected)):
        yield f'<path class="m" d="M{_path(plot, band.starts[rows] + band.duration_s // 2, band.expected[rows])}"/>'


def _observed_shapes(plot: _Plot, band: Band) -> Iterator[str]:
    middles = band.starts + band.duration_s // 2
    for rows in _runs(band, np.isfinite(band.observed)):
        if len(rows) == 1:
            yield _dot(plot, middles[rows[0]], band.observed[rows[0]], "p", 2.2)
        else:
            yield f'<path class="o" d="M{_path(plot, middles[rows], band.observed[rows])}"/>'
    with np.errstate(invalid="ignore"):
        below, above = band.observed < band.low, band.observed > band.high
    bad = {"up": below, "down": above}.get(band.kpi.direction, below | above)
    for i in np.flatnonzero(bad):
        yield _dot(plot, middles[i], band.observed[i], "b", 2.8)


def _dot(plot: _Plot, t: float, value: float, kind: str, r: float) -> str:
    return f'<circle class="{kind}" cx="{plot.x(t):.1f}" cy="{plot.y(value):.1f}" r="{r}"/>'


def _place_labels(marks: Sequence[Mark], band: Band, width: int) -> tuple[dict[Mark, tuple[int, bool]], int]:
    """(row, to the left of its line) of each label so that none covers another, and the number of rows."""
    t0, t1 = int(band.starts[0]), int(band.starts[-1]) + band.duration_s
    taken: list[float] = []
    placed: dict[Mark, tuple[int, bool]] = {}
    for mark in sorted(marks, key=lambda m: m.at):
        x, wide = 58 + (width - 72) * (mark.at - t0) / (t1 - t0), len(mark.label) * _LABEL_PX + 10
        leftwards = x + wide > width
        begin = x - wide if leftwards else x
        row = next((i for i, end in enumerate(taken) if end <= begin), len(taken))
        taken[row : row + 1] = [begin + wide]
        placed[mark] = (row, leftwards)
    return placed, max(len(taken), 1)


def _line_mark(plot: _Plot, mark: Mark, row: int, leftwards: bool) -> str:
    x, y = plot.x(mark.at), 36 + 13 * row
    side = f'x="{x - 4:.1f}" text-anchor="end"' if leftwards else f'x="{x + 4:.1f}"'
    line = f'<path class="{mark.kind}" d="M{x:.1f} {y - 9}V{plot.bottom:g}"/>'
    return f'{line}<text class="{mark.kind}" {side} y="{y}">{escape(mark.label)}</text>'


def _complaint_mark(plot: _Plot, mark: Mark, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(mark.at, zone)
    tip = escape(f"{mark.label or 'complaint'} at {local:%H:%M}")
    return f'<path class="complaint" d="M{plot.x(mark.at):.1f} {plot.bottom:g}v-9"><title>{tip}</title></path>'


def _legend(width: int, complaints: bool) -> str:
    shapes: list[tuple[str, Callable[[float], str]]] = [
        ("observed", lambda x: f'<path class="o" d="M{x:.0f} 10h16"/>'),
        (
            "expected, 99 % band",
            lambda x: f'<path class="a" d="M{x:.0f} 5h16v10h-16z"/><path class="m" d="M{x:.0f} 10h16"/>',
        ),
        ("worse than the band", lambda x: f'<circle class="b" cx="{x + 10:.0f}" cy="10" r="2.8"/>'),
    ]
    if complaints:
        shapes.append(("complaint", lambda x: f'<path class="complaint" d="M{x + 12:.0f} 5v10"/>'))
    x, parts = float(width - 14), []
    for label, shape in reversed(shapes):
        x -= len(label) * 5.6 + 4
        parts.append(f'<text x="{x:.0f}" y="14">{label}</text>{shape(x - 20)}')
        x -= 30
    return "".join(parts)


def _description(band: Band, marks: Sequence[Mark], zone: ZoneInfo) -> str:
    def local(t: int) -> str:
        return f"{datetime.fromtimestamp(t, zone):%Y-%m-%d %H:%M}"

    seen = band.observed[np.isfinite(band.observed)]
    span = " to ".join(pair(band.kpi, float(seen.min()), float(seen.max()))) if len(seen) else "nothing"
    end = int(band.starts[-1]) + band.duration_s
    mark_text = "".join(f" {m.label} at {local(m.at)}." for m in marks if m.kind != "complaint")
    complaints = sum(m.kind == "complaint" for m in marks)
    mark_text += f" {complaints} complaints." if complaints else ""
    return f"From {local(int(band.starts[0]))} to {local(end)} {zone.key}: observed {span}.{mark_text}"


def _svg(title: str, description: str, width: int, height: int, body: str) -> str:
    return (
        f'<svg class="pc" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}"><title>{escape(title)}</title><desc>{escape(description)}</desc>'
        f"<style>{STYLE}</style>{body}</svg>"
    )
