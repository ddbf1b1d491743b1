"""What is likely to come: how much longer an incident lasts, by how long others did; when a drift turns graver."""

from detector.outlook.breach import breach_of, worse
from detector.outlook.course import learn_lasting
from detector.outlook.foresee import foresee
from detector.outlook.lasting import Episode, Lasting

__all__ = ["Episode", "Lasting", "breach_of", "foresee", "learn_lasting", "worse"]
