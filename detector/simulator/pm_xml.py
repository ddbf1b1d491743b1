"""Counters as PM XML: TS 32.435 for eNodeBs (one `r` a value), TS 28.532 for gNodeBs and the core (lists of values).

File names follow TS 32.432: type A, one network element and one period, `A20260301.0815+0100-0830+0100_enb-001.xml`.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import utc
from detector.simulator.counters import DayCounters, Table
from detector.simulator.file_defects import SUSPECT_COVERAGE, FileDefects, LateBlock
from detector.simulator.scenario import PERIOD_S
from detector.simulator.world import World

LTE_SPACE = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
NR_SPACE = "http://www.3gpp.org/ftp/specs/archive/28_series/28.532#measData"
DISTRIBUTED_UNIT = ("RRU.PrbTotDl", "DRB.UEThpDl", "DRB.MeanActiveUeDl")
"""Counters of the gNodeB's DU; the others are its CU's."""
ACCESS = ("RRC", "S1SIG", "ERAB")
Group = tuple[str, tuple[str, ...], list[tuple[str, list[str], bool]]]
"""measInfoId, counter names, (object, values, suspect) of each row."""


@dataclass(frozen=True)
class PmFile:
    """One file as it will be dropped."""

    name: str
    body: bytes

    def write(self, folder: Path) -> Path:
        """Into the folder under its name, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{self.name}.tmp"
        temporary.write_bytes(self.body)
        return temporary.replace(folder / self.name)


class PmWriter:
    """Makes the PM files of one day; rows come from the same counters and the same trouble as the tables."""

    def __init__(self, world: World, counters: DayCounters, file_defects: FileDefects) -> None:
        self._world, self._counters, self._file_defects = world, counters, file_defects
        network = world.network
        self._column = np.where(network.nr, np.cumsum(network.nr), np.cumsum(~network.nr)) - 1
        self._nodes = {
            n: [i for i, c in enumerate(network.cells) if c.node_id == n] for n in sorted({c.node_id for c in network.cells})
        }
        self._zone = ZoneInfo(world.scenario.timezone)
        self._resets = set(file_defects.resets)

    def in_time(self, period: int) -> Iterator[PmFile]:
        """Files of this period (0 to 95) that come as they should."""
        for node, cells in self._nodes.items():
            there = [c for c in cells if self._file_defects.arrives[period, c]]
            if there:
                yield self._node_file(period, node, there)
        for index, function in enumerate(self._world.network.functions):
            yield self._core_file(period, index, function.nf_id, function.kind)

    def late(self, block: LateBlock) -> Iterator[tuple[int, PmFile]]:
        """(arrival in s, file): the block's file, and its twin of the same bytes where it comes twice."""
        arrived = int(self._counters.starts[block.period]) + PERIOD_S + block.delay_s
        file = self._node_file(block.period, block.node, list(block.cells))
        yield arrived, file
        if block.twice:
            stem, dot, rest = file.name.partition(".xml")
            yield arrived + 1800, PmFile(f"{stem}_-_2{dot}{rest}", file.body)

    def _node_file(self, period: int, node: str, cells: list[int]) -> PmFile:
        nr = node.startswith("gnb")
        groups = self._nr_groups(period, cells) if nr else self._lte_groups(period, cells)
        software = self._world.network.cells[cells[0]].software
        vendor = self._world.network.cells[cells[0]].vendor
        begin, end = self._span(period)
        body = (_list_file if nr else _value_file)(f"ManagedElement={node}", vendor, software, begin, end, groups)
        return self._named(begin, end, node, body, zipped=int(node[-3:]) % 3 == 0)

    def _core_file(self, period: int, index: int, nf: str, kind: str) -> PmFile:
        begin, end = self._span(period)
        position = [f.nf_id for f in self._world.network.functions if f.kind == kind].index(nf)
        table = self._counters.core[kind]
        row = (f"{kind}Function={nf}", [_text(v[period, position]) for v in table.values()], False)
        body = _list_file(f"ManagedElement={nf}", "northbridge", "C5.1", begin, end, [(kind.lower(), tuple(table), [row])])
        return self._named(begin, end, nf, body, zipped=index % 2 == 0)

    def _lte_groups(self, period: int, cells: list[int]) -> list[Group]:
        names = tuple(self._counters.lte)
        access = tuple(n for n in names if n.partition(".")[0] in ACCESS)
        rest = tuple(n for n in names if n not in access)
        ldn = [self._world.network.cells[c].ldn[0] for c in cells]
        return [
            self._group(i, self._counters.lte, n, period, cells, ldn) for i, n in (("access", access), ("traffic", rest))
        ]

    def _nr_groups(self, period: int, cells: list[int]) -> list[Group]:
        """gNodeB objects are named below their managed element."""
        central = tuple(n for n in self._counters.nr if n not in DISTRIBUTED_UNIT)
        names = {"NRCellCU": central, "NRCellDU": DISTRIBUTED_UNIT}
        return [
            self._group(
                unit,
                self._counters.nr,
                own,
                period,
                cells,
                [self._world.network.cells[c].ldn[part].partition(",")[2] for c in cells],
            )
            for part, (unit, own) in enumerate(names.items())
        ]

    def _group(
        self, group: str, table: Table, names: tuple[str, ...], period: int, cells: list[int], objects: list[str]
    ) -> Group:
        suspect = self._file_defects.suspect[period, cells].tolist()
        block = np.stack([table[n][period, self._column[cells]] for n in names], axis=1)
        block = np.where(np.array(suspect)[:, None], np.floor(block * SUSPECT_COVERAGE), block)
        if names[0] == next(iter(table)):
            block[:, 0] -= [100_000 * ((period, c) in self._resets) for c in cells]
        return group, names, [(o, _texts(v), s) for o, v, s in zip(objects, block, suspect, strict=True)]

    def _span(self, period: int) -> tuple[datetime, datetime]:
        start = int(self._counters.starts[period])
        return utc(start).astimezone(self._zone), utc(start + PERIOD_S).astimezone(self._zone)

    @staticmethod
    def _named(begin: datetime, end: datetime, node: str, body: str, zipped: bool) -> PmFile:
        until = f"{end:%Y%m%d.%H%M%z}" if end.date() != begin.date() else f"{end:%H%M%z}"
        name = f"A{begin:%Y%m%d.%H%M%z}-{until}_{node}.xml"
        data = body.encode()
        return PmFile(f"{name}.gz", gzip.compress(data, 4, mtime=0)) if zipped else PmFile(name, data)


def _text(value: float) -> str:
    return "NIL" if np.isnan(value) else str(int(value)) if value == int(value) else repr(round(float(value), 2))


def _texts(values: NDArray[np.float64]) -> list[str]:
    return [_text(v) for v in values.tolist()]


def _value_file(element: str, vendor: str, software: str, begin: datetime, end: datetime, groups: Sequence[Group]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<measCollecFile xmlns="{LTE_SPACE}">',
        f'<fileHeader fileFormatVersion="32.435 V10.0" vendorName="{vendor}">',
        f'<fileSender localDn="{element}" elementType="ENB"/><measCollec beginTime="{begin.isoformat()}"/></fileHeader>',
        f'<measData><managedElement localDn="{element}" swVersion="{software}"/>',
    ]
    for group, names, rows in groups:
        lines += [f'<measInfo measInfoId="{group}">', _period(end)]
        lines += [f'<measType p="{p}">{name}</measType>' for p, name in enumerate(names, 1)]
        for object_, values, suspect in rows:
            results = "".join(f'<r p="{p}">{v}</r>' for p, v in enumerate(values, 1))
            lines.append(f'<measValue measObjLdn="{object_}">{results}{_suspect(suspect)}</measValue>')
        lines.append("</measInfo>")
    footer = f'</measData><fileFooter><measCollec endTime="{end.isoformat()}"/></fileFooter></measCollecFile>\n'
    return "\n".join([*lines, footer])


def _list_file(element: str, vendor: str, software: str, begin: datetime, end: datetime, groups: Sequence[Group]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<measDataFile xmlns="{NR_SPACE}">',
        f'<fileHeader fileFormatVersion="28.532 V16" vendorName="{vendor}">',
        f'<fileSender senderName="{element}"/><measData beginTime="{begin.isoformat()}"/></fileHeader>',
        f'<measData><measEntity localDn="{element}" swVersion="{software}"/>',
    ]
    for group, names, rows in groups:
        lines += [f'<measInfo measInfoId="{group}">', _period(end), f"<measTypes>{' '.join(names)}</measTypes>"]
        lines += [
            f'<measValue measObjLdn="{o}"><measResults>{" ".join(v)}</measResults>{_suspect(s)}</measValue>'
            for o, v, s in rows
        ]
        lines.append("</measInfo>")
    footer = f'</measData><fileFooter><measData endTime="{end.isoformat()}"/></fileFooter></measDataFile>\n'
    return "\n".join([*lines, footer])


def _period(end: datetime) -> str:
    return f'<granPeriod duration="PT{PERIOD_S}S" endTime="{end.isoformat()}"/>'


def _suspect(suspect: bool) -> str:
    return "<suspect>true</suspect>" if suspect else ""
