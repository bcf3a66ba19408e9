"""A decision rule in a bundle: held to its classes, with the features of training pictures by which it tells what is unlike them.

They are a file of its own, bounded, without pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.errors import BundleError, UsageError
from striate.tasks import named_task
from striate.tasks.decision_rule import DecisionRule

MOST_ROWS = 2_000
"""Training pictures that are kept: of imagenette's 2,000, half as many tell what is unlike them nearly as well."""

MOST_NUMBERS = 1 << 24
"""Rows times width: 32 MiB in 16 bits."""

_NAME = "features"
_UNIT = 0.01
"""So far from 1 is no row's length that was rounded to 16 bits."""


def check_rule(rule: DecisionRule | None, classes: Sequence[str], task: str) -> None:
    """Raises BundleError unless a contract's rule is one that is ever sealed, of its classes and its task."""
    if rule is None:
        return
    taken = named_task(task).rule_parts
    if odd := [name for name in rule.to_dict() if name not in taken]:
        raise BundleError(f"the contract has a decision rule with {odd[0]!r}, which its task {task!r} does not take")
    try:
        rule.check(classes)
    except UsageError as error:
        raise BundleError(f"the contract's decision rule makes no sense: {error}") from error


def bank_rows(width: int) -> int:
    """How many rows of features of a width a bundle keeps at most.

    Example:
        >>> bank_rows(1_280), bank_rows(25_088)
        (2000, 668)
    """
    return max(1, min(MOST_ROWS, MOST_NUMBERS // max(width, 1)))


def bank_to_bytes(rows: npt.NDArray[np.float32]) -> bytes:
    """(m, d) rows of length 1, kept in 16 bits."""
    from safetensors.numpy import save

    return bytes(save({_NAME: np.ascontiguousarray(rows, np.float16)}))


def read_bank(path: Path, *, neighbours: int) -> npt.NDArray[np.float32]:
    """(m, d) float32 rows of length 1.

    Args:
        path: The file.
        neighbours: So many rows there must be.

    Raises:
        BundleError: If it is anything else than what `bank_to_bytes` gives.
    """
    from safetensors import SafetensorError  # prediction alone does without, unless a rule knows its training pictures
    from safetensors.numpy import load

    try:
        if (size := path.stat().st_size) > 2 * MOST_NUMBERS + (1 << 16):
            raise BundleError(f"{path.name} has {size:,} bytes, more than any bank of features")
        tensors = load(path.read_bytes())
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise BundleError(f"{path.name} cannot be read: {error}") from error
    rows = tensors.get(_NAME)
    if rows is None or len(tensors) > 1 or rows.ndim != 2 or rows.dtype != np.float16:
        raise BundleError(f"{path.name} does not hold (m, d) features in 16 bits, and no more")
    wide: npt.NDArray[np.float32] = rows.astype(np.float32)
    lengths = np.linalg.norm(wide, axis=1)
    if len(wide) < neighbours or not np.all((np.abs(lengths - 1) < _UNIT) | (lengths == 0)):
        raise BundleError(f"{path.name} must hold {neighbours} rows of length 1 or more; it does not")
    return wide
