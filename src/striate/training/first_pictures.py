"""Initial weights that need pictures: made from a sample of the training pictures, once, before a network's first step."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from striate.augmentation import permutation
from striate.models import Network
from striate.training.inputs import Examples, ReadyExamples, prepare_inputs
from striate.training.recipe import Recipe

SAMPLED = 512
"""Training pictures that such weights are made from."""

BEFORE = -1
"""The epoch that stands for "before the first" in the draw of the sample."""


@runtime_checkable
class FitsPatches(Protocol):
    """A first layer whose weights are made from what the network is given."""

    def fit_patches(self, images: Tensor) -> None:
        """Makes the weights from (N, C, H, W) float, normalised."""
        ...


def needs_pictures(network: nn.Module) -> bool:
    """Whether some of a network's initial weights are made from pictures.

    Example:
        >>> from striate.models import create_model
        >>> needs_pictures(create_model("airbench94")), needs_pictures(create_model("resnet9_x0_25"))
        (True, False)
    """
    return any(isinstance(module, FitsPatches) for module in network.modules())


def fit_to_pictures(network: Network, training: Examples | ReadyExamples, recipe: Recipe, device: torch.device) -> None:
    """Makes the weights that need pictures, in place; a network that has none is left as it is.

    Args:
        network: Newly initialised; whatever scheme its other weights were drawn by.
        training: The training pictures, of which up to 512 are drawn by the recipe's seed, unchanged by augmentation. Maps
            of a frozen part are passed over: the weights are in that part, and were trained.
        recipe: Its seed; where it starts from trained weights, nothing is made.
        device: Where the network is.
    """
    if recipe.transfer.kind != "scratch" or isinstance(training, ReadyExamples) or not needs_pictures(network):
        return
    rows = np.sort(permutation(recipe.seed, BEFORE, len(training.labels))[:SAMPLED])
    images = prepare_inputs(training, rows, device=device).images
    for module in network.modules():
        if isinstance(module, FitsPatches):
            module.fit_patches(images)
