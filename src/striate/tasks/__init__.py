"""What is asked of a network, without torch: how answers are written down, decided, compared, scored and told; one class a task."""

from __future__ import annotations

from striate.tasks.named import DEFAULT_TASK, TASKS, USUAL_TASK, named_task
from striate.tasks.prediction import Prediction
from striate.tasks.single_label import SINGLE_LABEL, SingleLabel
from striate.tasks.task import Task

__all__ = ["DEFAULT_TASK", "SINGLE_LABEL", "TASKS", "USUAL_TASK", "Prediction", "SingleLabel", "Task", "named_task"]
