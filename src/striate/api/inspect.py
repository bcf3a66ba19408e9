"""`striate.inspect` and `striate.compare`: what networks are, by name, from a bundle, or any module."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from striate.errors import UsageError
from striate.inspection import (
    Comparison,
    EffectiveField,
    Inspection,
    compare_inspections,
    effective_field,
    inspect_network,
)
from striate.inspection.input_shape import input_shape
from striate.sealing.opening import ModelName, draft_network, weighted_network


def inspect(model: nn.Module | ModelName, input_size: int | Sequence[int] | None = None) -> Inspection:
    """Finds out what a network is without running it: layers, parameters, MACs, memory, receptive fields.

    Args:
        model: A name of the catalogue, a run, the folder of a run or bundle, or any module. A module is left as it was.
        input_size: Height and width of a picture in pixels, or one number for both, or (channels, height, width);
            `None`: the network's own, or the size that the bundle's pictures are brought to.

    Raises:
        UnknownNameError: There is neither a network nor a folder of this name.
        UsageError: The network does not say what pictures it takes, refuses those of this size, or cannot run without
            values.
        BundleError: The bundle is damaged.

    Example:
        >>> inspection = inspect("lenet5")
        >>> inspection.parameters, inspection.macs, inspection.receptive_field
        (60000, 326520, 32)
        >>> inspect(nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU()), input_size=32).layers[0].arithmetic
        '(5*5*3+1)*6'
    """
    opened = draft_network(model)
    shape = input_shape(opened.network, opened.size if input_size is None else input_size)
    return inspect_network(opened.network, shape, name=opened.name, paper=opened.paper)


def compare(models: Sequence[nn.Module | ModelName], input_size: int | Sequence[int] | None = None) -> Comparison:
    """The same figures of several networks side by side, and of two the difference layer by layer.

    Args:
        models: Each as `inspect` takes it.
        input_size: As `inspect` takes it, for all of them; `None`: each one's own.

    Raises:
        UsageError: There are fewer than two, or one of them cannot be inspected.

    Example:
        >>> compare(["lenet5", "lenet5_dense"]).departures[0].text
        'output.rbf EuclideanRBF 84 -> 10 became output Linear 84 -> 10'
    """
    if len(models) < 2:
        raise UsageError(f"a comparison needs at least two networks, got {len(models)}")
    return compare_inspections([inspect(model, input_size) for model in models])


def measure_effective_field(
    model: nn.Module | ModelName,
    input_size: int | Sequence[int] | None = None,
    *,
    pictures: int = 8,
    seed: int = 0,
) -> EffectiveField:
    """Measures how much each pixel matters to a unit in the middle of the last layer that has a place in the picture.

    A name of the catalogue stands for a newly initialised network, a bundle for its trained one.

    Args:
        model: As `inspect` takes it.
        input_size: As `inspect` takes it.
        pictures: How many random pictures to average over.
        seed: Draws weights and pictures reproducibly.

    Raises:
        UsageError: As `inspect`, or the network has no layer with a place in the picture.
        BundleError: The bundle is damaged.

    Example:
        >>> measure_effective_field("lenet5", pictures=2).theoretical
        (32, 32)
    """
    opened = weighted_network(model, seed=seed)
    shape = input_shape(opened.network, opened.size if input_size is None else input_size)
    return effective_field(opened.network, shape, pictures=pictures, seed=seed, name=opened.name)
