"""How good a classifier is: pure functions of probabilities and labels, without torch."""

from striate.evaluation.metrics import ClassScores, Scores, most_confident_mistakes, score, wilson_interval

__all__ = ["ClassScores", "Scores", "most_confident_mistakes", "score", "wilson_interval"]
