"""How much smaller and faster a network is for being cut."""

from __future__ import annotations

from striate.bundle.contract import Cut
from striate.initialization import drafting
from striate.inspection.inspection import inspect_network
from striate.models import CutNetwork, create_model


def cut_figures(network: CutNetwork, model: str, input_size: tuple[int, int]) -> Cut:
    """Parameters and multiply-adds of a cut network, and of the whole one.

    Args:
        network: The cut one.
        model: The name of its row.
        input_size: Height and width of its pictures.

    Example:
        >>> network = create_model("resnet20", head_stages=["layer2"])
        >>> cut = cut_figures(network, "resnet20", (32, 32))
        >>> print(cut)
        a head on layer2: 66,202 of 269,722 parameters and 65 % of the multiply-adds are left
    """
    channels = network.in_channels
    with drafting():
        whole = create_model(model, num_classes=network.num_classes, in_channels=channels, auxiliary=False)
    own, uncut = (inspect_network(each, (channels, *input_size)) for each in (network, whole))
    return Cut(network.head_stages, own.parameters, own.macs, uncut.parameters, uncut.macs)
