"""Integrated gradients of words: what each adds to the answer on the way from an empty sentence to this one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.visualization.targets import find_targets
from striate.visualization.word_vectors import (
    Positions,
    answer_to_vectors,
    check_reader,
    checked_positions,
    one_sentence,
)

STEPS = 100
AT_ONCE = 50
"""So many places of the way go through the network together."""


@with_gradients
def word_integrated_gradients(
    model: nn.Module,
    ids: Tensor,
    *,
    target: int | None = None,
    positions: Positions | None = None,
    steps: int = STEPS,
) -> Tensor:
    """The mean gradient of a class's logit on the straight way from vectors of zeros to the words' own, times that way.

    It is complete: what it gives all words adds up to the logit of the sentence less that of an empty one of its length, as far
    as so many steps tell.

    Args:
        model: A network for sentences; mode, weights, gradients and hooks are left as they were.
        ids: (1, L) int64.
        target: A class; None: the one that the network answers.
        positions: Of each word those of its ids, whose shares are added up; None: each id is a word.
        steps: On how many places of the way the gradient is taken, those of Gauss and Legendre.

    Returns:
        (words,) float, in logits: above 0 where the word speaks for the class.

    Raises:
        UsageError: The network reads no sentences, `steps` is below 1, or there is no such class, id or position.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("textcnn_rand", in_channels=9, seed=0)
        >>> network.output.weight.data[1] = 1.0
        >>> shares = word_integrated_gradients(network, torch.tensor([[2, 3, 4, 0, 0]]), target=1)
        >>> empty = network(torch.zeros(1, 5, dtype=torch.int64))
        >>> shares.shape, bool((shares.sum() - (network(torch.tensor([[2, 3, 4, 0, 0]])) - empty)[0, 1]).abs() < 0.01)
        (torch.Size([3]), True)

    Source: Sundararajan, Taly, Yan 2017, Axiomatic Attribution for Deep Networks, section 3, and 6.3 for words.
    """
    from captum.attr import IntegratedGradients

    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise UsageError(f"steps must be a whole number of at least 1, got {steps!r}")
    network = check_reader(model)
    ids = one_sentence(network, ids)
    words = checked_positions(ids, positions)
    with held_still(network):
        wanted = int(find_targets(network, ids, target)[0])
        with torch.no_grad():
            vectors = network.embedded(ids)
        method = IntegratedGradients(lambda changed, beside: answer_to_vectors(network, changed, beside))
        parts = method.attribute(
            vectors,
            baselines=torch.zeros_like(vectors),
            target=wanted,
            additional_forward_args=(ids,),
            n_steps=steps,
            internal_batch_size=AT_ONCE,
        )
    shares = parts.detach().sum(2)[0]
    return torch.stack([shares[list(word)].sum() for word in words]) if words else shares[:0]
