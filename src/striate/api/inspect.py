"""`striate.inspect` and `striate.compare`: what networks are, by name, from a bundle, or any module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from striate.bundle import open_bundle
from striate.errors import UsageError
from striate.initialization import drafting
from striate.inspection import (
    Comparison,
    EffectiveField,
    Inspection,
    compare_inspections,
    effective_field,
    inspect_network,
)
from striate.models import Network, create_model, list_models, model_row
from striate.nn.arguments import whole_number
from striate.weights import read_weights


def inspect(model: nn.Module | str | Path, input_size: int | Sequence[int] | None = None) -> Inspection:
    """Finds out what a network is without running it: layers, parameters, MACs, memory, receptive fields.

    Args:
        model: A name of the catalogue, a run or bundle folder, or any module. A module is left as it was.
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
    name, paper, own_size = "", "", None
    if not isinstance(model, nn.Module):
        network, name, paper, own_size = _draft(model)
    else:
        network = model
    return inspect_network(
        network, input_shape(network, own_size if input_size is None else input_size), name=name, paper=paper
    )


def compare(models: Sequence[nn.Module | str | Path], input_size: int | Sequence[int] | None = None) -> Comparison:
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


def _draft(model: str | Path) -> tuple[nn.Module, str, str, tuple[int, int] | None]:
    """A network without values, its name, its paper, and the size of its pictures if that is not its row's."""
    name = str(model)
    if name not in list_models() and Path(model).exists():
        contract = open_bundle(model).contract
        architecture = contract.architecture
        with drafting():
            network = create_model(
                architecture.model, num_classes=architecture.num_classes, in_channels=architecture.in_channels
            )
        title = f"{Path(model).resolve().name} ({architecture.model})"
        return network, title, model_row(architecture.model).paper, contract.preprocessing.size
    row = model_row(name)
    with drafting():
        return create_model(name), name, row.paper, None


def input_shape(network: nn.Module, input_size: int | Sequence[int] | None) -> tuple[int, ...]:
    """(channels, height, width) of a picture: as asked for, or the network's own.

    Raises:
        UsageError: The network does not say what pictures it takes.
    """
    own = getattr(network, "input_size", None)
    size = own if input_size is None else input_size
    if size is None:
        raise UsageError(
            f"{type(network).__name__} does not say what pictures it takes; give input_size=(height, width), "
            "or (channels, height, width)"
        )
    sides = (size, size) if isinstance(size, int) else tuple(size)
    sides = tuple(whole_number("inspect", "input_size", side) for side in sides)
    return sides if len(sides) != 2 else (_channels(network), *sides)


def _channels(network: nn.Module) -> int:
    own = getattr(network, "in_channels", None)
    if isinstance(own, int):
        return own
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels
    raise UsageError(
        f"{type(network).__name__} does not say how many channels a picture has; "
        "give input_size=(channels, height, width)"
    )


def trained_network(bundle_folder: str | Path) -> tuple[Network, str, tuple[int, int]]:
    """A bundle's network with its weights, its name, and the height and width that pictures are brought to.

    Raises:
        BundleError: The bundle is damaged.
    """
    bundle = open_bundle(bundle_folder)
    architecture = bundle.contract.architecture
    network = create_model(
        architecture.model,
        num_classes=architecture.num_classes,
        in_channels=architecture.in_channels,
        auxiliary=False,
    )
    network.load_state_dict(read_weights(bundle.weights_path).tensors)
    return network, f"{Path(bundle_folder).resolve().name} ({architecture.model})", bundle.contract.preprocessing.size


def measure_effective_field(
    model: nn.Module | str | Path,
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
    name, own_size = "", None
    network: nn.Module
    if isinstance(model, nn.Module):
        network = model
    elif str(model) not in list_models() and Path(model).exists():
        network, name, own_size = trained_network(model)
    else:
        name = str(model)
        network = create_model(name, seed=seed)
    shape = input_shape(network, own_size if input_size is None else input_size)
    return effective_field(network, shape, pictures=pictures, seed=seed, name=name)
