"""What a classifier says of one item, and the columns of tensors that are made of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import ItemError
from striate.tasks import Prediction


@dataclass(frozen=True, eq=False)
class ItemAnswer:
    """What a classifier says of an item."""

    prediction: Prediction
    probabilities: npt.NDArray[np.float64]
    """(classes,)"""
    logits: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]
    """(d,)"""

    @property
    def abstained(self) -> bool:
        """Whether the bundle's decision rule says that this is better not taken for an answer."""
        return bool(self.prediction.doubt and self.prediction.doubt.abstains)


Answer = ItemAnswer | ItemError
"""Of an item that cannot be read, why."""

Column = Callable[[Sequence[ItemAnswer]], npt.NDArray[Any] | list[str]]

COLUMNS: Mapping[str, Column] = {
    "label": lambda answers: [one.prediction.label or "" for one in answers],
    "probability": lambda answers: np.array([one.prediction.probability or 0.0 for one in answers], np.float64),
    "probabilities": lambda answers: np.stack([one.probabilities for one in answers]),
    "logits": lambda answers: np.stack([one.logits for one in answers]),
    "features": lambda answers: np.stack([one.features for one in answers]),
    "abstained": lambda answers: np.array([one.abstained for one in answers]),
}
"""What an output holds of n answers: n rows."""
