"""Evidence of one tick to episodes: false-alarm budget, hysteresis, kind and severity."""

from detector.degradations.budget import allowed_per_tick, threshold
from detector.degradations.severity import steps_of
from detector.degradations.track import Tracked, candidates, track

__all__ = ["Tracked", "allowed_per_tick", "candidates", "steps_of", "threshold", "track"]
