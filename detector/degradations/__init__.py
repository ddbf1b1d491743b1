"""Evidence of one tick to episodes: false-alarm budget, hysteresis, kind and severity."""

from detector.degradations.budget import allowed_per_tick, threshold
from detector.degradations.severity import steps_of
from detector.degradations.track import candidates, track

__all__ = ["allowed_per_tick", "candidates", "steps_of", "threshold", "track"]
