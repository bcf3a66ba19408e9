"""Reports that people open and pass on: self-contained pages from plain data."""

from striate.report.contents import (
    Calibration,
    DataSummary,
    LabelCurve,
    Mistake,
    Quarantined,
    SeeingInside,
    Spoken,
    Tournament,
    TrainingReport,
    Tried,
    TwoClasses,
    Unfinished,
)
from striate.report.training_report import render, says_ended, write, write_while_running

__all__ = [
    "Calibration",
    "DataSummary",
    "LabelCurve",
    "Mistake",
    "Quarantined",
    "SeeingInside",
    "Spoken",
    "Tournament",
    "TrainingReport",
    "Tried",
    "TwoClasses",
    "Unfinished",
    "render",
    "says_ended",
    "write",
    "write_while_running",
]
