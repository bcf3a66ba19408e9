"""How strings are learnt: connectionist temporal classification, whose loss is finite for whatever it accepts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from striate.errors import DataError
from striate.tasks.ctc_decoding import BLANK, END, Signs, places_needed
from striate.training.inputs import Targets
from striate.training.losses import Loss
from striate.training.recipe import LossConfig


def refuse_unsayable(strings: Sequence[Signs], names: Sequence[str], places: int) -> None:
    """Refuses strings that cannot be said at so many places, before any training: their loss would be infinite.

    Args:
        strings: n right strings.
        names: What to call the picture of each.
        places: T, at how many a line is read.

    Raises:
        DataError: There are such; the message names the worst.
    """
    needed = [places_needed(string) for string in strings]
    beyond = sum(count > places for count in needed)
    if beyond:
        worst = max(range(len(needed)), key=needed.__getitem__)
        raise DataError(
            f"{beyond:,} of {len(strings):,} strings do not fit into the {places} places at which a line is read, a place a sign and one "
            f"more between two that are the same; {names[worst]} needs {needed[worst]}: give wider pictures or shorter strings"
        )


def ctc_losses(logits: Tensor, strings: Tensor) -> Tensor:
    """(N,) how improbable each right string is: minus the logarithm of the sum over all paths that say it.

    In float32 whatever the logits are in. Finite where every string fits (see `refuse_unsayable`); of an empty string it is that of
    blanks. Signs that are not in the alphabet are passed over.

    Args:
        logits: (N, T, signs and the blank), the blank first.
        strings: (N, longest) int64, places in the alphabet; what is below 0 is no sign of it.

    Example:
        >>> round(float(ctc_losses(torch.zeros(1, 2, 2), torch.tensor([[0]]))), 4)  # three of four paths: -log 0.75
        0.2877

    Source: Graves et al. 2006, Eq. 8 and 12.
    """
    scores = functional.log_softmax(logits.float(), dim=2).transpose(0, 1)  # (T, N, C)
    known = strings >= 0
    places = torch.full((len(strings),), logits.shape[1], dtype=torch.int64)
    signs, lengths = (strings[known] + 1).to(logits.device), known.sum(dim=1).cpu()
    return functional.ctc_loss(scores, signs, places, lengths, blank=BLANK, reduction="none")


def create_ctc_loss(config: LossConfig, weights: Tensor | None = None) -> Loss:
    """The mean over the lines of a batch; it has no settings, and signs have no weights."""
    return lambda logits, targets: ctc_losses(logits, targets.labels).mean()


def summed_ctc_losses(logits: Tensor, targets: Targets) -> Tensor:
    """Summed over the lines."""
    return ctc_losses(logits, targets.labels).sum()


def read_greedily(logits: Tensor) -> Tensor:
    """(N, T) int64: what is read, as `striate.tasks.ctc_decoding.greedy_strings` has it.

    Example:
        >>> read_greedily(torch.tensor([[[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]]])).tolist()
        [[0, 0, -1]]
    """
    path = logits.argmax(dim=2)
    said = path != BLANK
    said[:, 1:] &= path[:, 1:] != path[:, :-1]
    strings = torch.full_like(path, END)
    rows, places = said.nonzero(as_tuple=True)
    strings[rows, (said.cumsum(dim=1) - 1)[rows, places]] = path[rows, places] - 1
    return strings


def count_right_strings(logits: Tensor, targets: Targets) -> Tensor:
    """() int64: how many lines are read right as a whole, greedily."""
    read, strings = read_greedily(logits), targets.main
    width = max(read.shape[1], strings.shape[1])
    read, strings = (functional.pad(rows, (0, width - rows.shape[1]), value=END) for rows in (read, strings))
    return (read == strings).all(dim=1).sum()


def probe_ctc_loss(logits: Tensor) -> Tensor:
    """Mean loss, as if every line said one sign."""
    return ctc_losses(logits, torch.zeros((len(logits), 1), dtype=torch.int64, device=logits.device)).mean()
