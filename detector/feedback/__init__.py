"""What comes back from customers: when they began to complain, what they let us know, what makes them call."""

from detector.feedback.complaints import first_complaint, is_network_contact
from detector.feedback.listening import REPEAT_S, listen
from detector.feedback.risk import days_of, fit_risk

__all__ = ["REPEAT_S", "days_of", "first_complaint", "fit_risk", "is_network_contact", "listen"]
