"""What is likely to come: how much longer an incident lasts, learned from how long others did."""

from detector.outlook.course import learn_lasting
from detector.outlook.foresee import foresee
from detector.outlook.lasting import Episode, Lasting

__all__ = ["Episode", "Lasting", "foresee", "learn_lasting"]
