"""Feedback from customers: when they began to complain, their interactions, what makes them call."""

from detector.feedback.complaints import first_complaint, is_network_contact
from detector.feedback.interactions import REPEAT_S, interactions_of
from detector.feedback.risk import days_of, fit_risk

__all__ = ["REPEAT_S", "days_of", "first_complaint", "fit_risk", "interactions_of", "is_network_contact"]
