"""ASCII table <-> KpiFrame, so that a test reads as what an engineer sees.

One row per period and object; one column per KPI: `99/100` is numerator/denominator, `5` is 5/1, `-` is missing.
Times are `HH:MM` of Tuesday 2026-03-24 (UTC), `+1 HH:MM` of a later day, or ISO 8601 with an offset. `!` after the
object marks the row suspect. Rows that are not named are missing.

    time  | object | lte_rrc_sr | lte_traffic
    08:00 | c1     | 99/100     | 5
    08:15 | c1 !   | -          | 4
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.window import epoch, utc

DAY = datetime(2026, 3, 24, tzinfo=UTC)


def at(text: str) -> int:
    """Seconds since the epoch of a table's time.

    >>> at("08:00"), at("+1 00:15") - at("00:00"), at("2026-03-24T08:00+00:00")
    (1774339200, 87300, 1774339200)
    """
    if "T" in text:
        return epoch(datetime.fromisoformat(text))
    days, _, clock = text.strip().rpartition(" ")
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    return epoch(DAY + timedelta(days=int(days or 0), hours=hour, minutes=minute, seconds=second))


def kpi(id_: str, **fields: object) -> Kpi:
    """A KPI with sensible defaults: a ratio of LTE accessibility where more is better.

    >>> kpi("lte_rrc_sr").kind
    'ratio'
    """
    defaults: dict[str, object] = {
        "title": id_,
        "unit": "%",
        "kind": "ratio",
        "direction": "up",
        "family": "accessibility",
        "technology": "LTE",
        "clause": "",
        "numerator": "Succ",
        "denominator": "Att",
    }
    return Kpi(id=id_, **(defaults | fields))  # type: ignore[arg-type]


def frame_from_table(text: str, kpis: Iterable[Kpi], *, duration_s: int = 900) -> KpiFrame:
    """The frame that the table shows; KPIs and objects in the order of the table.

    >>> frame = frame_from_table("time | object | x\\n08:00 | c1 | 99/100\\n08:15 | c1 ! | -", [kpi("x")])
    >>> frame.value[0, 0, 0].item(), frame.suspect[:, 0].tolist()
    (0.99, [False, True])
    """
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if "|" in line]
    header, body = rows[0], rows[1:]
    known = {k.id: k for k in kpis}
    columns = tuple(known[name] for name in header[2:])
    starts = sorted({at(row[0]) for row in body})
    objects = tuple(dict.fromkeys(row[1].rstrip(" !") for row in body))
    numerator = np.full((len(starts), len(objects), len(columns)), np.nan)
    denominator = numerator.copy()
    suspect = np.zeros(numerator.shape[:2], bool)
    for row in body:
        p, o = starts.index(at(row[0])), objects.index(row[1].rstrip(" !"))
        suspect[p, o] = row[1].endswith("!")
        for k, cell in enumerate(row[2:]):
            numerator[p, o, k], denominator[p, o, k] = _counts(cell)
    return KpiFrame(
        starts=np.array(starts, np.int64),
        duration_s=duration_s,
        objects=objects,
        kpis=columns,
        numerator=numerator,
        denominator=denominator,
        suspect=suspect,
    )


def table_from_frame(frame: KpiFrame) -> str:
    """The table of a frame, without the rows that hold nothing; `frame_from_table` reads it back.

    >>> text = "time | object | x\\n08:00 | c1 | 99/100\\n08:00 | c2 ! | 5"
    >>> print(table_from_frame(frame_from_table(text, [kpi("x")])))
    time  | object | x
    08:00 | c1     | 99/100
    08:00 | c2 !   | 5
    """
    rows = [["time", "object", *(k.id for k in frame.kpis)], *_body(frame)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _body(frame: KpiFrame) -> Iterator[list[str]]:
    for p, start in enumerate(frame.starts.tolist()):
        for o, name in enumerate(frame.objects):
            cells = [_shown(n, d) for n, d in zip(frame.numerator[p, o], frame.denominator[p, o], strict=True)]
            if frame.suspect[p, o] or set(cells) != {"-"}:
                yield [_clock(start), f"{name} !" if frame.suspect[p, o] else name, *cells]


def _clock(start: int) -> str:
    days = (utc(start) - DAY).days
    return f"{utc(start):%H:%M}" if days == 0 else f"+{days} {utc(start):%H:%M}" if days > 0 else utc(start).isoformat()


def _counts(cell: str) -> tuple[float, float]:
    if cell in {"", "-"}:
        return np.nan, np.nan
    numerator, _, denominator = cell.partition("/")
    return float(numerator), float(denominator or 1)


def _shown(numerator: float, denominator: float) -> str:
    if np.isnan(numerator) or np.isnan(denominator):
        return "-"
    return f"{numerator:.12g}" if denominator == 1 else f"{numerator:.12g}/{denominator:.12g}"
