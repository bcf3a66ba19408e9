"""How strings are learnt: connectionist temporal classification, whose loss is finite for whatever it accepts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from striate.errors import DataError
from striate.tasks.ctc_decoding import BLANK, Signs, places_needed


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


def ctc_loss(logits: Tensor, strings: Sequence[Signs]) -> Tensor:
    """The mean, over lines, of how improbable the right string is: minus the logarithm of the sum over all paths that say it.

    In float32 whatever the logits are in. Finite where every string fits (see `refuse_unsayable`); of an empty string it is that of blanks.

    Args:
        logits: (N, T, signs and the blank), the blank first.
        strings: N right strings, as places in the alphabet.

    Example:
        >>> round(float(ctc_loss(torch.zeros(1, 2, 2), [(0,)])), 4)  # three of four paths: -log 0.75
        0.2877

    Source: Graves et al. 2006, Eq. 8 and 12.
    """
    scores = functional.log_softmax(logits.float(), dim=2).transpose(0, 1)  # (T, N, C)
    targets = torch.tensor([sign + 1 for string in strings for sign in string], dtype=torch.int64)
    lengths = torch.tensor([len(string) for string in strings], dtype=torch.int64)
    places = torch.full((len(strings),), logits.shape[1], dtype=torch.int64)
    losses = functional.ctc_loss(scores, targets.to(logits.device), places, lengths, blank=BLANK, reduction="none")
    mean: Tensor = losses.mean()
    return mean
