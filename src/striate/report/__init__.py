"""Reports that people open and pass on: self-contained pages from plain data."""

from striate.report.contents import DataSummary, Decision, Mistake, Quarantined, TrainingReport
from striate.report.training_report import render, write

__all__ = ["DataSummary", "Decision", "Mistake", "Quarantined", "TrainingReport", "render", "write"]
