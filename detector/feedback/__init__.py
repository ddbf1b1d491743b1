"""What comes back from customers: complaints, set against what was known."""

from detector.feedback.complaints import first_complaint

__all__ = ["first_complaint"]
