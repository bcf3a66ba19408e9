"""A network of the catalogue that is filled with trained weights."""

from __future__ import annotations

from striate.errors import WeightsError
from striate.models import Network, create_model
from striate.weights.matching import MatchReport, is_auxiliary, load_weights
from striate.weights.starting_weights import StartingWeights


def fill_network(
    name: str,
    found: StartingWeights,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    auxiliary: bool = True,
    seed: int | None = None,
) -> Network:
    """A network of the catalogue with the weights in it, in training mode on the processor.

    Args:
        name: The row.
        found: The weights.
        num_classes: How many logits; `None`: as many as the weights have.
        in_channels: How many channels a picture has; `None`: the row's own.
        auxiliary: Whether the network has the row's auxiliary heads, if there are any.
        seed: Draws what the weights do not fill, such as a head of another width.

    Raises:
        WeightsError: The weights do not fill all of the network but its last layer, and auxiliary heads.
    """
    network = create_model(name, num_classes=num_classes, in_channels=in_channels, auxiliary=auxiliary, seed=seed)
    report = _filled(network, found, name)
    if num_classes is None and report.head_replaced and report.file_classes:
        network = create_model(
            name, num_classes=report.file_classes, in_channels=in_channels, auxiliary=auxiliary, seed=seed
        )
        _filled(network, found, name)
    return network


def _filled(network: Network, found: StartingWeights, row: str) -> MatchReport:
    """Puts the weights into the network; all must fit but the head, and auxiliary heads, which only training needs."""
    report = load_weights(network, found.file.tensors, row=row)
    if report.reshaped or not all(is_auxiliary(name) for name in report.missing):
        raise WeightsError(
            f"{found.name} does not fill {row}: {report.summary()}; "
            "load what fits with striate.weights.load_weights, which tells you what does not"
        )
    return report
