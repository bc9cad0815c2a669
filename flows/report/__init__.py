"""The report: one self-contained HTML page per trial and run, made from the run's folder alone."""

from flows.report.page import page, report_name, write_report
from flows.report.run_data import ReportedRun

__all__ = ["ReportedRun", "page", "report_name", "write_report"]
