"""Who is behind the cells, who suffered, how surely, and which accounts they belong to."""

from detector.impact.assess import assess
from detector.impact.expected_presence import expected_presence_of
from detector.impact.mobility_profile import learn_mobility_profile
from detector.impact.silent_sites import HOURS_BEFORE, people_seen
from detector.impact.watch import watch_of

__all__ = ["HOURS_BEFORE", "assess", "expected_presence_of", "learn_mobility_profile", "people_seen", "watch_of"]
