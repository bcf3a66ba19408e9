"""How good a classifier is: pure functions of probabilities and labels, without torch."""

from striate.evaluation.findings import Finding, judge_scores
from striate.evaluation.metrics import ClassScores, Scores, most_confident_mistakes, score, wilson_interval

__all__ = ["ClassScores", "Finding", "Scores", "judge_scores", "most_confident_mistakes", "score", "wilson_interval"]
