"""What is asked of the pictures: as was said, or as the data tells it."""

from __future__ import annotations

import dataclasses

from striate.data import Dataset
from striate.errors import UnknownNameError, UsageError
from striate.models import LeNetConfig, Row
from striate.models.allcnn import AllCNNConfig
from striate.models.nin import NiNConfig
from striate.tasks import TASKS, Task, named_task
from striate.training import Recipe
from striate.training.objectives import OBJECTIVES


def as_asked(dataset: Dataset, task: str | None, classifier: str | None) -> Dataset:
    """The data set with the task that was asked for.

    Args:
        dataset: As it was loaded, or as the user made it.
        task: The name of a task; None: the data's own.
        classifier: `"softmax"` or `"sigmoid"`; None: the task's own.

    Raises:
        UnknownNameError: There is no such task or classifier.
        UsageError: The data cannot be asked that.
    """
    asked = dataset.task if task is None else named_task(task)
    if classifier is not None:
        known = tuple(dict.fromkeys(one.classifier for one in TASKS.values()))
        if classifier not in known:
            raise UnknownNameError("classifier", classifier, known)
        if asked.classifier != classifier:
            alike = (one for one in TASKS.values() if _same_answers(one, asked) and one.classifier == classifier)
            found = next(alike, None)
            if found is None:
                raise UsageError(
                    f"--classifier {classifier} is of one class a picture, and the pictures of {dataset.name!r} have several; "
                    "leave it out"
                )
            asked = found
    if not _same_answers(asked, dataset.task):
        raise UsageError(
            f"the data set {dataset.name!r} was loaded as {dataset.task.name!r}, and {asked.name!r} is asked for; "
            f"load it by load_data(..., task={asked.name!r})"
        )
    if asked.most_classes is not None and len(dataset.classes) > asked.most_classes:
        raise UsageError(
            f"--classifier {asked.classifier} tells two classes apart by one number, and {dataset.name!r} has "
            f"{len(dataset.classes)}; leave it out"
        )
    return dataclasses.replace(dataset, task=asked)


def _same_answers(one: Task, other: Task) -> bool:
    """Whether both are of one class, of several, or of strings."""
    return (one.several, one.sequential) == (other.several, other.sequential)


def check_learnable(row: Row, recipe: Recipe) -> None:
    """Refuses a network or a loss that is of the most probable class alone, where something else is asked.

    Raises:
        UsageError: It is.
    """
    of_one = named_task(recipe.task).classifier == "softmax"
    if not of_one and isinstance(row.config, LeNetConfig) and row.config.output == "rbf":
        raise UsageError(
            f"{row.name} answers with distances to a code for each class, of which the nearest is the answer; "
            "for sigmoids take another network, such as lenet5_relu"
        )
    if not of_one and isinstance(row.config, NiNConfig | AllCNNConfig):
        raise UsageError(
            f"{row.name} answers with maps behind a rectifier, which are never below 0, so that a sigmoid of them is never below a half; "
            "for sigmoids take another network, such as resnet20"
        )
    check_loss(recipe)


def check_loss(recipe: Recipe) -> None:
    """Refuses a loss by which something else is learnt than is asked.

    Raises:
        UsageError: It is.
    """
    losses, task = OBJECTIVES[recipe.task].losses, named_task(recipe.task)
    if recipe.loss.name in losses:
        return
    if task.sequential:
        raise UsageError(f"the loss {recipe.loss.name!r} is of classes; the loss of strings is {losses[0]!r}")
    if any(recipe.loss.name in OBJECTIVES[other.name].losses for other in TASKS.values() if other.sequential):
        raise UsageError(f"the loss {recipe.loss.name!r} is of strings; of classes it is {losses[0]!r}")
    raise UsageError(f"the loss {recipe.loss.name!r} is of the most probable class; for sigmoids it is {losses[0]!r}")
