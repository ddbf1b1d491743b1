"""Evidence of one tick to episodes: false-alarm budget, hysteresis, kind and severity."""

from detector.degradations.budget import allowed_per_tick, bar
from detector.degradations.severity import steps_of
from detector.degradations.track import candidates, track

__all__ = ["allowed_per_tick", "bar", "candidates", "steps_of", "track"]
