"""What a user says of a run, and the part of it that is a recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.augmentation import AugmentationPolicy, read_policy
from striate.data import Dataset
from striate.data.loading import says_strings
from striate.deciding.run_plan import recipe_part
from striate.errors import UsageError
from striate.initialization import named_scheme
from striate.models import model_row
from striate.tasks import named_task
from striate.tasks.rule_wish import wish
from striate.training import Recipe, merge, read_recipe_table, read_settings

AUTO = "auto"
"""What a user says to have something chosen or measured."""


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What a user says of a run; each field is an argument of `striate.train`, which tells what it means."""

    data: str | Path | Dataset
    model: str | None = None
    weights: str | Path | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    transfer: str | None = None
    init: str | None = None
    augment: str | Path | AugmentationPolicy | None = None
    balance: str | None = None
    epochs: int | None = None
    batch_size: int | str | None = None
    size: int | None = None
    seed: int = 0
    precision: str | None = None
    device: str = "auto"
    time_limit: str | float | None = None
    metric: str | None = None
    recipe: str | Path | None = None
    settings: Sequence[str] = ()
    root: str | Path | None = None
    tensorboard: bool = False
    abstain: str | None = None
    vectors: str | Path | None = None
    task: str | None = None
    classifier: str | None = None

    @property
    def of_strings(self) -> bool:
        """Whether strings are read in the pictures: as is said, or as the data tells; few files are looked at."""
        if isinstance(self.data, Dataset):
            return self.data.task.sequential
        return named_task(self.task).sequential if self.task is not None else says_strings(self.data)

    def __post_init__(self) -> None:
        wish(self.abstain)  # what makes no sense is refused before anything is read


def ask_recipe(request: TrainingRequest) -> dict[str, Any]:
    """What the user asked for, as a recipe table: a file, under arguments, under `--set`; it always has a seed.

    Raises:
        UsageError: If a key or a value is wrong, or the model does not exist.
    """
    file = recipe_part(read_recipe_table(request.recipe)) if request.recipe is not None else {}
    if "augmentation" in file:
        # A file's policy is the whole policy: what it leaves out is off, whatever suits the data.
        policy = Recipe.from_dict({"augmentation": file["augmentation"]}).augmentation
        file = {**file, "augmentation": dataclasses.asdict(policy)}
    given = {
        "model": request.model,
        "batch_size": read_batch_size(request.batch_size),
        "precision": request.precision,
        "initialization": request.init,
        "balance": request.balance,
        "task": request.task,
    }
    arguments: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if request.seed or "seed" not in file:
        arguments["seed"] = request.seed
    if request.epochs is not None:
        arguments["schedule"] = {"epochs": request.epochs}
    table = merge(file, arguments, read_settings(request.settings))
    recipe = Recipe.from_dict(table)  # wrong keys and values show before the pictures are read
    named_scheme(recipe.initialization)
    if request.augment is not None:
        read_policy(request.augment, drawn=False)
    if "model" in table:
        table = {**table, "model": model_row(table["model"]).name}  # a short name is the row's
    return table


def read_batch_size(asked: int | str | None) -> int | None:
    """The number that was asked for; None where it is to be chosen or measured.

    Raises:
        UsageError: It is neither a number nor `auto`.
    """
    if asked is None or asked == AUTO:
        return None
    try:
        return int(str(asked))  # 16.5 is none
    except ValueError as error:
        raise UsageError(f"--batch-size must be a whole number or {AUTO}, got {asked!r}") from error
