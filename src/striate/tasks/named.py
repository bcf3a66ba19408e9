"""The tasks by name, as contracts and recipes have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from striate.errors import UnknownNameError
from striate.tasks.multi_label import MULTI_LABEL
from striate.tasks.sequence import SEQUENCE
from striate.tasks.single_label import SINGLE_LABEL
from striate.tasks.task import Task
from striate.tasks.two_class_sigmoid import TWO_CLASS_SIGMOID

_ALL: tuple[Task, ...] = (SINGLE_LABEL, MULTI_LABEL, TWO_CLASS_SIGMOID, SEQUENCE)

TASKS: Mapping[str, Task] = {task.name: task for task in _ALL}
"""All there are."""

USUAL_TASK: Task = SINGLE_LABEL
"""What is asked where nothing says otherwise."""

DEFAULT_TASK = USUAL_TASK.name
"""Its name."""

OF_SEVERAL_LABELS: Task = next(task for task in TASKS.values() if task.several and not task.sequential)
"""What is asked where a picture may be of several classes."""

OF_STRINGS: Task = next(task for task in TASKS.values() if task.sequential)
"""What is asked where a picture says a string."""

SEVERAL_HINT = f"where pictures may be of several classes, say so by --task {OF_SEVERAL_LABELS.name}"
"""What to do about a picture that is told to be of two classes."""


def task_of_column(name: str) -> Task | None:
    """The first task that reads a column of this name; None if none does."""
    return next((task for task in TASKS.values() if task.column == name), None)


def said_of(task: Task, target: Any, classes: Sequence[str]) -> str:
    """A target in words for people, where that of no class must say something too.

    Example:
        >>> said_of(OF_SEVERAL_LABELS, [False, False], ["cat", "dog"]), said_of(USUAL_TASK, 1, ["cat", "dog"])
        ('no label', 'dog')
    """
    return task.tell(target, classes) or ("nothing" if task.sequential else "no label")


def named_task(name: str) -> Task:
    """The task of a name.

    Raises:
        UnknownNameError: There is none; with the name most like it.

    Example:
        >>> named_task("single_label").width(["cat", "dog", "owl"])
        3
    """
    if name not in TASKS:
        raise UnknownNameError("task", name, TASKS)
    return TASKS[name]
