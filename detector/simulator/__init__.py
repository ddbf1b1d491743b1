"""A simulated operator: its network, its faults and its people, written as a dataset or played live."""

from detector.simulator.batch import Summary, simulate
from detector.simulator.live import LiveOperator

__all__ = ["LiveOperator", "Summary", "simulate"]
