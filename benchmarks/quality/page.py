"""The page: the tables, and what they look like."""

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.quality.peers import PEERS
from benchmarks.quality.plots import curves, forest, sizes
from benchmarks.quality.table import OWN, Pools, Table, ways

STYLE = """
:root{--ink:#1f2a37;--dim:#667085;--grid:#e4e8ee;--own:#0b6bcb;--peer:#c4320a;--even:#98a2b3;--paper:#fff;--own-row:#e8f1fb}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#98a2b3;--grid:#2b3442;--own:#6ea8e6;--peer:#ff9c66;
--even:#7d8899;--paper:#10151d;--own-row:#16283d}}
body{margin:0 auto;max-width:1180px;padding:24px;background:var(--paper);color:var(--ink);
font:14px/1.5 system-ui,'Segoe UI',sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:36px 0 4px}p,li{color:var(--dim);max-width:95ch;margin:4px 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:12px 0;font-size:12.5px;font-variant-numeric:tabular-nums}
th{vertical-align:bottom;font-weight:600}td,th{padding:4px 9px;border-bottom:1px solid var(--grid);text-align:right}
td{white-space:nowrap}td:first-child,th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
tr.own td{background:var(--own-row);font-weight:600}
svg{max-width:100%;height:auto;font:11px system-ui,'Segoe UI',sans-serif;margin:10px 0}svg text{fill:var(--dim)}
svg .n{fill:var(--ink)}svg .grid{stroke:var(--grid)}svg .axis{stroke:var(--even)}
svg .own{stroke:var(--own);fill:var(--own)}svg .peer{stroke:var(--peer);fill:var(--peer)}
svg .even{stroke:var(--even);fill:var(--even)}
svg text.own,svg text.peer,svg text.even{stroke:none}svg .line{fill:none;stroke-width:1.6}svg .wh{stroke-width:1.6}
svg .budget{stroke:var(--own);stroke-dasharray:4 3}
"""


def page(pools: Pools, tables: Sequence[Table], budget: float, learning: str) -> str:
    """One file without any other."""
    pictures = {
        "Simulated operators with faults": [curves(pools, budget), _key(), forest(ways(pools, "faulty"), budget)],
        "Mild faults": [sizes(ways(pools, "mild"))],
    }
    body = [
        "<h1>Quality</h1>",
        "<p>precall beside others on simulated operators. Written by <code>make bench-quality</code>.</p>",
    ]
    for table in tables:
        body += [f"<h2>{escape(table.title)}</h2>", f"<p>{escape(table.note)}</p>", *pictures.get(table.title, [])]
        body += _table(table)
    body += ["<h2>How the peers are used</h2>", f"<p>{escape(learning)}</p>", "<ul>"]
    body += [
        f"<li><b>{escape(p.title)}</b>: {escape(p.use)}{escape('; not run: ' + p.absent if p.absent else '')}</li>"
        for p in PEERS.values()
    ]
    body += ["</ul>", "<h2>Real series</h2>", "<p>The labelled core by the minute: core_minute.md beside this page.</p>"]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Quality</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{"".join(body)}</body></html>\n'


def _key() -> str:
    return (
        "<p>Each peer at its default (filled) and at other thresholds, chosen on development seeds (rings);"
        " up and to the left is better. Below: recall and false degradations with their 95 % intervals.</p>"
    )


def _table(table: Table) -> Iterator[str]:
    yield (
        '<div class="scroll"><table><thead><tr>'
        + "".join(f"<th>{escape(c)}</th>" for c in table.head)
        + "</tr></thead><tbody>"
    )
    for row in table.rows:
        own = ' class="own"' if row[0] == OWN else ""
        yield f"<tr{own}>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>"
    yield "</tbody></table></div>"
