"""A simulated operator: its network, its faults and its people, written as a dataset or played live."""

from detector.simulator.batch import Summary, simulate
from detector.simulator.live import LiveOperator
from detector.simulator.prepared import Day, PreparedDay

__all__ = ["Day", "LiveOperator", "PreparedDay", "Summary", "simulate"]
