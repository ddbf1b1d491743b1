"""Frozen settings: `sections` are their nouns, `loading` reads them from a file and the environment, `bounds` defines what a
value may be, `environment` names the variable behind one."""

from detector.settings.loading import load
from detector.settings.sections import DEFAULT, Settings, Sources, rules_in

__all__ = ["DEFAULT", "Settings", "Sources", "load", "rules_in"]
