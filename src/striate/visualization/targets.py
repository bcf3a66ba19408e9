"""Which class a picture is explained for, and what the network says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.visualization.layers import HEAD, layer_output

Classifier: TypeAlias = Literal["softmax", "sigmoid"]
"""What makes probabilities of logits: a softmax of all of them, or a sigmoid of each, where every class is a question of its own."""

Target: TypeAlias = int | Sequence[int] | None
"""A class, a list with one for each picture, or None: the class that the network answers."""


def at_once(images: Tensor) -> int:
    """How many pictures go through a network at a time, so that memory does not grow with their number.

    On a processor it is 4: MobileNetV2 was seen to take twice the time for each picture of 16, whose maps leave the cache.
    """
    return 4 if images.device.type == "cpu" else 32


def logits(model: nn.Module, images: Tensor) -> Tensor:
    """(N, classes) float: what the network answers.

    Args:
        model: A classifier.
        images: (N, channels, height, width) float, normalised, on the model's device.

    Raises:
        UsageError: The network refuses the pictures, or answers no numbers (N, classes).
    """
    answer = layer_output(model, images, HEAD)
    if answer.ndim != 2:
        raise UsageError(
            f"{type(model).__name__} answers {tuple(answer.shape)}, not a number for each class (N, classes); "
            "explain a network that ends in logits"
        )
    return answer


def class_probabilities(
    model: nn.Module, images: Tensor, temperature: float, classifier: Classifier = "softmax"
) -> Tensor:
    """(N, classes) float in [0, 1]: the softmax of what the network answers over the temperature, or the sigmoid.

    Args:
        model: A classifier.
        images: (N, channels, height, width) float, normalised, on the model's device.
        temperature: 1, or what a bundle's logits are divided by.
        classifier: Which of the two.

    Raises:
        UsageError: As `logits`.
    """
    return as_probabilities(logits(model, images), temperature, classifier)


def as_probabilities(answer: Tensor, temperature: float, classifier: Classifier) -> Tensor:
    """(N, classes) float in [0, 1] of logits (N, classes).

    Example:
        >>> answer = torch.tensor([[0.0, 0.0]])
        >>> as_probabilities(answer, 1.0, "softmax").tolist(), as_probabilities(answer + 99, 1.0, "sigmoid").tolist()
        ([[0.5, 0.5]], [[1.0, 1.0]])
    """
    scaled = (answer if answer.dtype == torch.float64 else answer.float()) / temperature
    return scaled.softmax(dim=1) if classifier == "softmax" else scaled.sigmoid()


def find_targets(model: nn.Module, images: Tensor, target: Target) -> Tensor:
    """(N,) int64: the class that each picture is explained for, on the pictures' device.

    Args:
        model: A classifier, in evaluation mode.
        images: (N, channels, height, width) float, normalised, on the model's device.
        target: A class, a list with one for each picture, or None: the class that the network answers.

    Raises:
        UsageError: There is no such class, or the list has another length.

    Example:
        >>> network = nn.Flatten()  # four pixels, four classes
        >>> images = torch.tensor([[[[0.0, 9.0], [1.0, 2.0]]]])
        >>> find_targets(network, images, None), find_targets(network, images, 3)
        (tensor([1]), tensor([3]))
    """
    with torch.no_grad():
        if target is None:
            return torch.cat([logits(model, batch).argmax(dim=1) for batch in torch.split(images, at_once(images))])
        classes = logits(model, images[:1]).shape[1]
    wanted = list(target) if isinstance(target, Sequence) else [target] * len(images)
    if len(wanted) != len(images):
        raise UsageError(f"a list of targets must have one for each of the {len(images)} pictures, got {len(wanted)}")
    for number in wanted:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < classes:
            raise UsageError(f"a target is a class of the network, 0 to {classes - 1}; got {number!r}")
    return torch.tensor(wanted, device=images.device)


def in_batches(images: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures and their targets, so many at a time that memory does not grow; the pictures to be differentiated by."""
    size = at_once(images)
    for batch, wanted in zip(torch.split(images, size), torch.split(targets, size), strict=True):
        yield batch.detach().requires_grad_(), wanted
