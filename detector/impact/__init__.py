"""Who is behind the cells, who suffered, how surely, and which accounts they belong to."""

from detector.impact.analysable import analysable, left_out
from detector.impact.assess import assess
from detector.impact.exposure import combined_exposure, expected_exposure, recent_exposure
from detector.impact.habit import learn_habit
from detector.impact.union import union
from detector.impact.usual import usual_of

__all__ = [
    "analysable",
    "assess",
    "combined_exposure",
    "expected_exposure",
    "learn_habit",
    "left_out",
    "recent_exposure",
    "union",
    "usual_of",
]
