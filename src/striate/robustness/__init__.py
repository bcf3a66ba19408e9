"""How far a classifier goes along when pictures differ from those of its training: shifts, corruptions, limits."""

from striate.robustness.corruptions import ALEXNET_ERRORS, CORRUPTIONS, mean_corruption_error
from striate.robustness.limits import Flip, LimitCurve, WorstClass, limit_curve
from striate.robustness.measuring import ShiftedAnswers, answers_under
from striate.robustness.shift import Level, Shift
from striate.robustness.shifts import SHIFTS, choose_shifts

__all__ = [
    "ALEXNET_ERRORS",
    "CORRUPTIONS",
    "Flip",
    "Level",
    "LimitCurve",
    "SHIFTS",
    "Shift",
    "ShiftedAnswers",
    "WorstClass",
    "answers_under",
    "choose_shifts",
    "limit_curve",
    "mean_corruption_error",
]
