"""Drawings of the bench as inline SVG: recall over false alarms, intervals side by side, recall over the size of a fault."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from math import log10

from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import Pool
from benchmarks.quality.table import OWN, Pools, number, recall_of
from detector.backtest.intervals import Figure

LEAST, MOST = 0.3, 300_000.0
"""False degradations per 1,000 cells and week that the axis shows; fewer are drawn at its left end."""
FALSE = "false degradations per 1,000 cells and week"
LEFT, TOP = 56, 14
Label = tuple[float, float, str, str]
"""x, y, words and kind of a name beside its dot."""


def curves(pools: Pools, budget: float, wide: float = 820, tall: float = 380) -> str:
    """Recall over false rate, a line a peer through all its thresholds."""
    parts, labels = [*_shares(wide, tall), *_decades(LEFT, wide, TOP, TOP + tall, budget)], list[Label]()
    for name, title in [(p.name, p.title) for p in PEERS.values()] + [(OWN, OWN)]:
        own = {line: pool for (way, line, s), pool in pools.items() if way == name and s == "faulty" and pool.faults}
        rows = sorted((pool.false.value or 0.0, pool.recall().value or 0.0, line) for line, pool in own.items())
        dots = [(LEFT + wide * _log(false), TOP + tall * (1 - recall)) for false, recall, _ in rows]
        kind = "own" if name == OWN else "peer"
        parts.append(_line(dots, "even"))
        for (x, y), (false, recall, line) in zip(dots, rows, strict=True):
            tip = f"{title}, {line}: recall {recall:.0%}, {number(false)} false"
            parts.append(_dot(x, y, kind, tip, hollow=line != "default"))
            labels += [(x, y, title, kind)] if line == "default" else []
    parts += [*_names(labels), _text(LEFT + wide / 2, TOP + tall + 34, FALSE)]
    return _svg(LEFT + wide + 170, TOP + tall + 42, "Recall over false alarms", parts)


def forest(rows: Sequence[tuple[str, Pool]], budget: float, wide: float = 300, lane: float = 19) -> str:
    """Recall on the left, false rate on the right, a row a way, each with its interval."""
    near, far, tall = 330.0, 330.0 + wide + 40, 24 + lane * max(len(rows), 1)
    parts = [*_decades(far, wide, 8, tall - 8, budget)]
    for i in range(6):
        x = near + wide * i / 5
        parts += [f'<path class="grid" d="M{x:.1f} 8V{tall - 8}"/>', _text(x, tall + 8, f"{i * 20}")]
    for place, (title, pool) in enumerate(rows):
        y, kind = 20 + lane * place, "own" if title == OWN else "peer"
        parts.append(_text(near - 12, y + 4, title, "end", "n"))
        parts += _whisker(pool.recall(), lambda v: near + wide * v, y, kind, title)
        parts += _whisker(pool.false, lambda v: far + wide * _log(v), y, kind, title)
    parts += [_text(near + wide / 2, tall + 26, "recall, %"), _text(far + wide / 2, tall + 26, FALSE)]
    return _svg(far + wide + 40, tall + 34, "Recall and false alarms with intervals", parts)


def sizes(rows: Sequence[tuple[str, Pool]], wide: float = 560, tall: float = 260) -> str:
    """Recall over the extra share of failures: precall, and peers at its false rate."""
    extras = sorted({f.extra for _, pool in rows for f in pool.faults if f.extra is not None})
    if not extras:
        return ""
    places = [LEFT + wide * (e - extras[0]) / max(extras[-1] - extras[0], 0.01) for e in extras]
    parts, labels = [*_shares(wide, tall)], list[Label]()
    parts += [_text(x, TOP + tall + 18, f"{e:.0%}") for x, e in zip(places, extras, strict=True)]
    for title, pool in rows:
        if title != OWN and not title.endswith(OWN):  # "as few false alarms as precall"
            continue
        kind = "own" if title == OWN else "peer"
        recalls = [recall_of(pool, e).value or 0.0 for e in extras]
        dots = [(x, TOP + tall * (1 - r)) for x, r in zip(places, recalls, strict=True)]
        parts += [_line(dots, kind), *(_dot(*dot, kind, f"{title}: {r:.0%}") for dot, r in zip(dots, recalls, strict=True))]
        labels.append((*dots[-1], title.partition(",")[0], kind))
    parts += [*_names(labels), _text(LEFT + wide / 2, TOP + tall + 38, "extra failures; peers at the false rate of precall")]
    return _svg(LEFT + wide + 210, TOP + tall + 46, "Recall of mild faults by size", parts)


def _log(value: float) -> float:
    """Share of the axis."""
    return (log10(min(max(value, LEAST), MOST)) - log10(LEAST)) / (log10(MOST) - log10(LEAST))


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return f'<svg {size} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    return f'<path class="line {kind}" style="fill:none" d="M{path}"/>' if len(points) > 1 else ""


def _dot(x: float, y: float, kind: str, tip: str, *, hollow: bool = False) -> str:
    fill = ' style="fill:var(--paper)"' if hollow else ""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"{fill}><title>{escape(tip)}</title></circle>'


def _shares(wide: float, tall: float) -> Iterator[str]:
    """Grid and labels of 0 to 100 %."""
    for i in range(6):
        y = TOP + tall * (1 - i / 5)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}h{wide}"/>' + _text(LEFT - 8, y + 4, f"{i * 20} %", "end")


def _decades(left: float, wide: float, top: float, bottom: float, budget: float) -> Iterator[str]:
    """Grid and labels of the false rate, and the budget's line."""
    for power in range(6):
        x = left + wide * _log(10.0**power)
        yield f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>' + _text(x, bottom + 16, f"{10**power:,}")
    x = left + wide * _log(budget)
    yield f'<path class="budget" d="M{x:.1f} {top}V{bottom}"/>' + _text(x + 3, bottom - 4, "budget", "start", "own")
    yield _text(left, bottom + 16, "0")


def _whisker(figure: Figure, at: Callable[[float], float], y: float, kind: str, title: str) -> list[str]:
    if figure.value is None or figure.low is None or figure.high is None:
        return []
    tip = f"{title}: {figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g})"
    span = f'<path class="wh {kind}" d="M{at(figure.low):.1f} {y}H{at(figure.high):.1f}"/>'
    return [span, _dot(at(figure.value), y, kind, tip)]


def _names(labels: Sequence[Label]) -> Iterator[str]:
    """Names beside their dots, moved down until none covers another."""
    taken: list[tuple[float, float, float]] = []
    for x, y, title, kind in sorted(labels, key=lambda row: row[1]):
        wide, at = len(title) * 6.2 + 10, y + 4
        while any(abs(at - other) < 12 and x < right and x + wide > left for left, other, right in taken):
            at += 3
        taken.append((x, at, x + wide))
        yield _text(x + 8, at, title, "start", kind)
