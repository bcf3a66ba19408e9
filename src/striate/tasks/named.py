"""The tasks by name, as contracts and recipes have them."""

from __future__ import annotations

from collections.abc import Mapping

from striate.errors import UnknownNameError
from striate.tasks.single_label import SINGLE_LABEL
from striate.tasks.task import Task

TASKS: Mapping[str, Task] = {task.name: task for task in (SINGLE_LABEL,)}
"""All there are."""

USUAL_TASK: Task = SINGLE_LABEL
"""What is asked where nothing says otherwise."""

DEFAULT_TASK = USUAL_TASK.name
"""Its name."""


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
