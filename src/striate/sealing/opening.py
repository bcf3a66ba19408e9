"""A network by the name of its row or by the folder of a run or bundle: without values, or with its weights."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from striate.bundle import open_bundle
from striate.initialization import drafting
from striate.models import Network, create_model, list_models, model_row
from striate.weights import read_weights


def draft_network(model: str | Path) -> tuple[nn.Module, str, str, tuple[int, int] | None]:
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
