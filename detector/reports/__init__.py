"""Reports for planning and for judging care: what is known of some weeks in, rows out."""

from detector.reports.registry import REPORTS, report_kind
from detector.reports.report import Column, Past, Report, ReportKind

__all__ = ["REPORTS", "Column", "Past", "Report", "ReportKind", "report_kind"]
