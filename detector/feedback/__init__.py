"""What comes back from customers and care teams: when they began to complain, and what they let us know."""

from detector.feedback.complaints import first_complaint
from detector.feedback.listening import REPEAT_S, answered, heard, listen

__all__ = ["REPEAT_S", "answered", "first_complaint", "heard", "listen"]
