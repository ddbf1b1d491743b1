"""Who is behind the cells, who suffered, how surely, and which accounts they belong to."""

from detector.impact.assess import assess
from detector.impact.expected_presence import expected_presence_of
from detector.impact.mobility_profile import learn_mobility_profile

__all__ = ["assess", "expected_presence_of", "learn_mobility_profile"]
