"""The two losses of LeNet-5, as functions of its logits, the negative squared distances -y."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from striate.nn.arguments import positive_number


def lenet_mle_loss(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    """The mean squared distance to the right class's prototype: maximum likelihood, mean squared error.

    E = mean over pictures of y[label]. Nothing pushes the other classes away, which is why the prototypes must be
    fixed: could they move, all would meet in one point.

    Args:
        logits: (N, classes) float, the negative squared distances -y that `lenet5` answers.
        labels: (N,) int64 in [0, classes).
        reduction: `"mean"`, or `"none"` for each picture's own.

    Returns:
        () float, 0 or more; (N,) where nothing is reduced.

    Example:
        >>> lenet_mle_loss(torch.tensor([[-3.0, -5.0], [-2.0, -1.0]]), torch.tensor([0, 1]))  # (3 + 1) / 2
        tensor(2.)

    Source: LeCun et al. 1998, Eq. 8.
    """
    return functional.nll_loss(logits, labels, reduction=reduction)


def lenet_map_loss(logits: Tensor, labels: Tensor, *, j: float = 1.0, reduction: str = "mean") -> Tensor:
    """Eq. 8 with a term that pushes the other classes away: maximum a posteriori, discriminative.

    E = mean over pictures of y[label] + log(exp(-j) + sum_i exp(-y[i])), which is cross-entropy with one more, constant
    logit of -j: a class of rubbish that no picture has. It keeps classes that are already further than about j from
    being pushed still further away.

    Args:
        logits: (N, classes) float, the negative squared distances -y that `lenet5` answers.
        labels: (N,) int64 in [0, classes).
        j: The squared distance of the rubbish class, above 0. The paper gives no value; 1 is small beside the 48
            between the closest two digits of `lenet5`.
        reduction: `"mean"`, or `"none"` for each picture's own.

    Returns:
        () float, 0 or more; (N,) where nothing is reduced.

    Raises:
        UsageError: `j` is not a finite number above 0.

    Example:
        >>> lenet_map_loss(torch.tensor([[-1.0, -1.0]]), torch.tensor([0]), j=1.0)  # log(3)
        tensor(1.0986)

    Source: LeCun et al. 1998, Eq. 9.
    """
    rubbish = torch.full_like(logits[:, :1], -positive_number("lenet_map_loss", "j", j))
    return functional.cross_entropy(torch.cat([logits, rubbish], dim=1), labels, reduction=reduction)
