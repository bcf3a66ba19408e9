"""A network that tells two classes apart by one logit, made to answer one for each: then either class can be asked about."""

from __future__ import annotations

import torch

from striate.models import Network


def answer_for_both(network: Network) -> None:
    """Puts in the place of the last layer, with its one logit z, one that answers -z/2 and z/2.

    The softmax of these is the sigmoid of z, so that all probabilities stay; and what speaks for one class speaks against the other.

    Args:
        network: With one logit; it is changed.

    Example:
        >>> from striate.models import create_model
        >>> network, images = create_model("lenet5_relu", num_classes=1, seed=0).eval(), torch.ones(1, 1, 32, 32)
        >>> z = network(images)
        >>> answer_for_both(network)
        >>> torch.allclose(network(images), torch.cat([-z / 2, z / 2], dim=1))
        True
    """
    before = network.head.state_dict()
    network.replace_head(2)
    after = network.head.state_dict()
    with torch.no_grad():
        for name, tensor in after.items():
            own = before[name]
            tensor.copy_(own if own.shape == tensor.shape else torch.cat([-own / 2, own / 2]))
