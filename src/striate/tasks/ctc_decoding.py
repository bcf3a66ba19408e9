"""From logits at every place of a line to strings: what connectionist temporal classification says, greedily and by prefixes.

At each place a sign is said, or the blank, which is logit 0; sign k of the alphabet is logit k + 1. A path is what is said at all
places; its string is that without repetitions and then without blanks, so that many paths say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

BLANK = 0
"""Its logit."""

Signs = tuple[int, ...]
"""Places in the alphabet."""


def places_needed(signs: Sequence[int]) -> int:
    """The fewest places in which a string can be said: one a sign, and a blank between two that are the same.

    Example:
        >>> places_needed([3, 1, 1]), places_needed([])
        (4, 0)

    Source: Graves, Fernandez, Gomez and Schmidhuber 2006, Connectionist Temporal Classification, section 3.1.
    """
    return len(signs) + sum(one == other for one, other in pairwise(signs))


def collapsed(path: Sequence[int]) -> Signs:
    """The string that a path says.

    Args:
        path: A logit's place for each place of the line.

    Example:
        >>> collapsed([0, 2, 2, 0, 2, 1])
        (1, 1, 0)
    """
    said = [one for one, before in zip(path, [BLANK, *path], strict=False) if one not in (before, BLANK)]
    return tuple(int(one) - 1 for one in said)


def decode_greedily(logits: npt.NDArray[np.floating[Any]]) -> list[Signs]:
    """The string of each line's most probable path, which need not be its most probable string.

    Args:
        logits: (n, T, signs and the blank); probabilities and their logarithms give the same.

    Source: Graves et al. 2006, section 3.2, best path decoding.
    """
    return [collapsed(path) for path in logits.argmax(axis=2).tolist()]


def decode_by_prefixes(
    log_probabilities: npt.NDArray[np.floating[Any]], *, width: int = 16
) -> list[tuple[Signs, float]]:
    """The most probable strings of a line, with the logarithms of their probabilities, the best first.

    At each place the `width` most probable beginnings are kept; where that is all there are, strings and probabilities are exact.

    Args:
        log_probabilities: (T, signs and the blank), each row a logarithm of probabilities that sum to 1.
        width: At least 1.

    Raises:
        UsageError: The width is below 1.

    Source: Graves et al. 2006, section 3.2, prefix search; here without its sections, and with a beam.
    """
    if width < 1:
        raise UsageError(f"a beam keeps at least 1 beginning, got {width}")
    # Of each beginning: the logarithm of the probability that it was said and a blank came last, or its last sign.
    beams: dict[Signs, tuple[float, float]] = {(): (0.0, -np.inf)}
    for row in np.asarray(log_probabilities, np.float64):
        longer: dict[Signs, list[float]] = {}
        for prefix, (blank, sign) in beams.items():
            total = _total((blank, sign))
            _add(longer, prefix, 0, total + row[BLANK])
            if prefix:
                _add(longer, prefix, 1, sign + row[prefix[-1] + 1])
            for place, more in enumerate(row[1:].tolist()):
                # The same sign once more is a new one only after a blank.
                before = blank if prefix and prefix[-1] == place else total
                _add(longer, (*prefix, place), 1, before + more)
        best = sorted(longer, key=lambda prefix: _total(longer[prefix]), reverse=True)[:width]
        beams = {prefix: (longer[prefix][0], longer[prefix][1]) for prefix in best}
    return [(prefix, _total(both)) for prefix, both in beams.items()]


def _add(beams: dict[Signs, list[float]], prefix: Signs, ending: int, log_probability: float) -> None:
    both = beams.setdefault(prefix, [-np.inf, -np.inf])
    both[ending] = float(np.logaddexp(both[ending], log_probability))


def _total(both: Sequence[float]) -> float:
    """Of either ending."""
    return float(np.logaddexp(both[0], both[1]))
