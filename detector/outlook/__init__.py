"""What is likely to come: how much longer an incident lasts, and when a drift reaches its next severity."""

from detector.outlook.breach import breach_of, shortfall_by_hour
from detector.outlook.clear_time import ClearTimeModel, Episode, learn_clear_times
from detector.outlook.foresee import foresee

__all__ = ["ClearTimeModel", "Episode", "breach_of", "foresee", "learn_clear_times", "shortfall_by_hour"]
