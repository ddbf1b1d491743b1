"""What the operations centre sees by itself: alarms for a part of the outages, noise, and tickets with a promised end."""

from dataclasses import dataclass

from detector.simulator.fault import Fault
from detector.simulator.world import World

TICKETED = 0.45
"""Share of faults with a ticket. Chosen: nearly half, so that both ways are tested."""
NOISE_PER_CELL_DAY = 0.01
"""Alarms a cell and day that no fault causes. Chosen: a hundred a day on 10,000 cells."""


@dataclass(frozen=True, kw_only=True)
class AlarmRow:
    """ITU-T X.733: times in s."""

    alarm_id: str
    object_kind: str
    object_id: str
    raised_at: int
    cleared_at: int
    type: str
    severity: str
    probable_cause: str
    text: str


@dataclass(frozen=True, kw_only=True)
class TicketRow:
    """The operations centre's own: times in s; eta is its promise."""

    ticket_id: str
    object_kind: str
    object_id: str
    opened_at: int
    closed_at: int
    eta: int | None
    text: str


def root(fault: Fault, world: World) -> tuple[str, str]:
    """How equipment names the place of this fault: hubs and releases alarm at their first site or cell."""
    if fault.scope_kind in ("cell", "site", "nf"):
        return fault.scope_kind, fault.scope_id
    return "site", world.network.cells[fault.cells[0]].site_id


def draw_alarms(world: World) -> tuple[AlarmRow, ...]:
    """Alarms of faults (a hidden outage has none: the management link is gone too) and warnings that mean nothing."""
    rng = world.scenario.rng("alarms")
    rows = []
    for fault in world.faults:
        chance, delay = rng.random(), int(rng.uniform(20, 400))
        alarm = fault.kind.alarm
        if alarm is not None and chance < alarm.chance and not fault.hidden:
            kind, name = root(fault, world)
            rows.append(
                AlarmRow(
                    alarm_id=f"al-{fault.fault_id}",
                    object_kind=kind,
                    object_id=name,
                    raised_at=fault.start + delay,
                    cleared_at=fault.end + delay // 2,
                    type="communicationsAlarm",
                    severity=alarm.severity,
                    probable_cause="underlyingResourceUnavailable",
                    text=alarm.text,
                )
            )
    span = world.scenario.end - world.scenario.start
    for number in range(rng.poisson(NOISE_PER_CELL_DAY * len(world.network.cells) * world.scenario.days)):
        at, cell = world.scenario.start + int(rng.uniform(0, span)), int(rng.integers(len(world.network.cells)))
        rows.append(
            AlarmRow(
                alarm_id=f"al-n{number + 1:05d}",
                object_kind="cell",
                object_id=world.network.cells[cell].cell_id,
                raised_at=at,
                cleared_at=at + int(rng.uniform(300, 7200)),
                type="environmentalAlarm",
                severity="warning",
                probable_cause="temperatureUnacceptable",
                text="Cabinet temperature",
            )
        )
    return tuple(sorted(rows, key=lambda a: (a.raised_at, a.alarm_id)))


def draw_tickets(world: World) -> tuple[TicketRow, ...]:
    """Tickets for some of the heavier faults, opened ten minutes to an hour later, most with an estimate."""
    rng = world.scenario.rng("tickets")
    rows = []
    for fault in world.faults:
        chance, delay, error, promised = rng.random(), rng.uniform(600, 3000), rng.uniform(-1800, 5400), rng.random()
        opened = fault.start + int(delay)
        if chance < TICKETED and fault.kind.alarm is not None and not fault.works and opened < fault.end:
            kind, name = root(fault, world)
            eta = -(-int(fault.end + error) // 900) * 900 if promised < 0.75 else None
            eta = None if eta is not None and eta <= opened else eta
            rows.append(
                TicketRow(
                    ticket_id=f"t-{fault.fault_id}",
                    object_kind=kind,
                    object_id=name,
                    opened_at=opened,
                    closed_at=fault.end + 600,
                    eta=eta,
                    text=f"Investigating {name}",
                )
            )
    return tuple(sorted(rows, key=lambda t: (t.opened_at, t.ticket_id)))
