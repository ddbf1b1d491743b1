"""Relay the outbox: the only job that talks to receivers."""

from jobs.push.breakers import Breakers
from jobs.push.final_check import FinalCheck, retract_requests
from jobs.push.relay import Relay

__all__ = ["Breakers", "FinalCheck", "Relay", "retract_requests"]
