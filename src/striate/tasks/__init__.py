"""What is asked of a network, without torch: how answers are written down, decided, compared, scored and told; one class a task."""

from __future__ import annotations

from striate.tasks.multi_label import MULTI_LABEL, MultiLabel
from striate.tasks.named import (
    DEFAULT_TASK,
    OF_SEVERAL_LABELS,
    OF_STRINGS,
    SEVERAL_HINT,
    TASKS,
    USUAL_TASK,
    named_task,
    said_of,
    task_of_column,
)
from striate.tasks.prediction import Prediction
from striate.tasks.sequence import SEQUENCE, ReadSequence
from striate.tasks.single_label import SINGLE_LABEL, SingleLabel
from striate.tasks.task import Targets, Task
from striate.tasks.two_class_sigmoid import TWO_CLASS_SIGMOID, TwoClassSigmoid

__all__ = [
    "DEFAULT_TASK",
    "MULTI_LABEL",
    "OF_SEVERAL_LABELS",
    "OF_STRINGS",
    "SEQUENCE",
    "SEVERAL_HINT",
    "SINGLE_LABEL",
    "TASKS",
    "TWO_CLASS_SIGMOID",
    "USUAL_TASK",
    "MultiLabel",
    "Prediction",
    "ReadSequence",
    "SingleLabel",
    "Targets",
    "Task",
    "TwoClassSigmoid",
    "named_task",
    "said_of",
    "task_of_column",
]
