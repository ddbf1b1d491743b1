"""Kinds of faults: one module and one line of `FAULT_KINDS` for each."""

from detector.simulator.fault import FaultKind
from detector.simulator.faults.access import Access
from detector.simulator.faults.core import Core
from detector.simulator.faults.drift import Drift
from detector.simulator.faults.drop import Drop
from detector.simulator.faults.glitch import Glitch
from detector.simulator.faults.handover import Handover
from detector.simulator.faults.outage import Outage
from detector.simulator.faults.setup import Setup
from detector.simulator.faults.sleeping import Sleeping
from detector.simulator.faults.software import Software
from detector.simulator.faults.throughput import Throughput

FAULT_KINDS: dict[str, FaultKind] = {
    "outage": Outage(),
    "sleeping": Sleeping(),
    "access": Access(),
    "setup": Setup(),
    "drop": Drop(),
    "handover": Handover(),
    "throughput": Throughput(),
    "drift": Drift(),
    "software": Software(),
    "core": Core(),
    "glitch": Glitch(),
}
"""`kind` in truth.csv -> the class that makes it. A plan draws them in this order: a line between others changes what every
seed gives, a line at the end what seeds of dense plans give."""
