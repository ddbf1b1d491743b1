"""A simulated operator: its network, its faults and its people, written as a dataset or file by file in real time."""

from detector.simulator.batch import Summary, simulate
from detector.simulator.prepared import Day, PreparedDay
from detector.simulator.scenario import Scenario
from detector.simulator.streaming import StreamingOperator

__all__ = ["Day", "PreparedDay", "Scenario", "StreamingOperator", "Summary", "simulate"]
