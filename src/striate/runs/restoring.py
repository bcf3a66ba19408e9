"""The network of a run that goes on: as it was when it began, for its last checkpoint to be loaded into."""

from __future__ import annotations

from pathlib import Path

import torch

from striate.deciding.run_plan import RunPlan
from striate.deciding.text_deciding import fill_vectors
from striate.errors import UsageError
from striate.models import Network, create_model, cut_behind, model_row
from striate.tasks import named_task
from striate.text import SentenceEncoding
from striate.training import checkpoints
from striate.training.device import choose_device
from striate.training.run_folder import CHECKPOINTS
from striate.watching import Watcher
from striate.weights.starting_weights import find_weights, start_from


def restore_network(folder: Path, plan: RunPlan, *, watcher: Watcher) -> Network:
    """The network on its device, with its initial weights, or those that it starts from where there is no checkpoint yet.

    Args:
        folder: The run folder.
        plan: What was decided.
        watcher: Hears of a download.

    Raises:
        UsageError: If the file of weights is not the one that the run was started with.
        WeightsError: If it cannot be read.
    """
    settings = plan.settings
    network = create_model(
        plan.recipe.model,
        num_classes=named_task(plan.recipe.task).width(plan.classes),
        in_channels=plan.preprocessing.channels,
        init=plan.recipe.initialization,
        seed=plan.recipe.seed,
    )
    if settings.weights and not checkpoints(folder / CHECKPOINTS):
        starting = find_weights(settings.weights, plan.recipe.model, watcher=watcher)
        if starting.file.sha256 != settings.weights_sha256:
            raise UsageError(f"{starting.file.path} is not the file that the run was started with; put that one back")
        start_from(network, starting, model_row(plan.recipe.model))
    if settings.vectors and not checkpoints(folder / CHECKPOINTS) and isinstance(plan.preprocessing, SentenceEncoding):
        found = fill_vectors(network, Path(settings.vectors), plan.preprocessing)
        if found.sha256 != settings.vectors_sha256:
            raise UsageError(f"{settings.vectors} is not the file that the run was started with; put that one back")
    network = cut_behind(network, plan.recipe.transfer.head_stages)
    return network.to(choose_device(settings.device)).to(memory_format=torch.channels_last)
