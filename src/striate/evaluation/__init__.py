"""How good a classifier is: pure functions of probabilities and labels, without torch."""

from striate.evaluation.calibration import (
    ReliabilityBin,
    expected_calibration_error,
    fit_temperature,
    reliability,
    softmax,
)
from striate.evaluation.findings import Finding, judge_scores
from striate.evaluation.metric_comparison import MetricComparison
from striate.evaluation.metrics import ClassScores, Scores, most_confident_mistakes, score, wilson_interval
from striate.evaluation.paired import PairedComparison, compare_right
from striate.evaluation.selection_bias import most_flattery
from striate.evaluation.selection_metrics import compare_answers, selection_score

__all__ = [
    "ClassScores",
    "Finding",
    "MetricComparison",
    "PairedComparison",
    "ReliabilityBin",
    "Scores",
    "compare_answers",
    "compare_right",
    "expected_calibration_error",
    "fit_temperature",
    "judge_scores",
    "most_confident_mistakes",
    "most_flattery",
    "reliability",
    "score",
    "selection_score",
    "softmax",
    "wilson_interval",
]
