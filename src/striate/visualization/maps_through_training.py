"""How a layer's maps change while a network learns."""

from __future__ import annotations

import copy
from pathlib import Path

from torch import Tensor, nn

from striate.errors import TrainingError, UsageError
from striate.hooks import with_gradients
from striate.training import kept_epochs, read_epoch
from striate.visualization.feature_maps import feature_maps


@with_gradients
def maps_through_training(
    model: nn.Module, checkpoints: str | Path, images: Tensor, *, layer: str
) -> dict[int, Tensor]:
    """What a layer answered to pictures in each epoch whose weights a run kept.

    A run keeps them if its recipe says so: `striate train DATA --set keep_epochs=6`.

    Args:
        model: A network like that of the run, as `Run.classifier().network()` gives it; it is left as it was.
        checkpoints: The run's folder of checkpoints: `RUN/checkpoints`.
        images: As `deconvnet` takes them.
        layer: As `deconvnet` takes it.

    Returns:
        By epoch, in order, what `feature_maps` gives; epoch 0 is before the first step.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The run kept no epochs, or the network refuses the pictures.
        TrainingError: The weights cannot be read, or belong to another network.

    Source: Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks, Fig. 4.
    """
    folder = Path(checkpoints)
    files = kept_epochs(folder)
    if not files:
        raise UsageError(
            f"{folder} has no epochs to look back at; train with --set keep_epochs=6, so that six are kept"
        )
    network = copy.deepcopy(model)
    maps = {}
    for epoch, path in files.items():
        kept = read_epoch(path)
        own = network.state_dict()
        # An auxiliary head that only training needs may have been kept too.
        if not all(name in kept and kept[name].shape == tensor.shape for name, tensor in own.items()):
            raise TrainingError(
                f"the weights {path} are not those of this {type(model).__name__}; give the run's own network"
            )
        network.load_state_dict({name: kept[name] for name in own})
        maps[epoch] = feature_maps(network, images, layer=layer)
    return maps
