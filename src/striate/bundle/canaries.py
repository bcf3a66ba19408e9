"""Canaries: a few encoded pictures with the logits they must give, and what those logits were computed with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import BundleError


@dataclass(frozen=True)
class Canary:
    """An encoded picture and the logit of each class."""

    file: str
    """Its name inside the bundle's `canaries` folder."""
    logits: Mapping[str, float]
    """By class name, so that exchanged names show."""


@dataclass(frozen=True)
class CanarySheet:
    """All canaries of a bundle, bound to what computed them."""

    canaries: tuple[Canary, ...]
    made_with: Mapping[str, str]
    """Digests of the weights, the engine, the class names and the preprocessing that the logits come from."""

    def to_dict(self) -> dict[str, Any]:
        """The sheet as JSON types."""
        return {
            "made_with": dict(self.made_with),
            "canaries": [{"file": canary.file, "logits": dict(canary.logits)} for canary in self.canaries],
        }

    def logits(self, classes: Sequence[str]) -> npt.NDArray[np.float64]:
        """(canaries, classes) float64: the sealed logits in the order of `classes`.

        Raises:
            BundleError: If a canary does not have a logit for each class.
        """
        for canary in self.canaries:
            if canary.logits.keys() != set(classes):
                raise BundleError(f"the canary {canary.file} has logits for other classes than the contract names")
        return np.array([[canary.logits[name] for name in classes] for canary in self.canaries], dtype=np.float64)


def read_canaries(path: Path) -> CanarySheet:
    """Reads a sheet.

    Raises:
        BundleError: If the file is missing or damaged, holds no canary, or names a file outside its folder.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        sheet = CanarySheet(
            tuple(
                Canary(str(row["file"]), {str(name): float(value) for name, value in row["logits"].items()})
                for row in table["canaries"]
            ),
            {str(name): str(value) for name, value in table["made_with"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"the canaries cannot be read: {error}") from error
    if not sheet.canaries:
        raise BundleError("the bundle has no canaries, so nothing shows that it works as sealed")
    for canary in sheet.canaries:
        if Path(canary.file).name != canary.file:
            raise BundleError(f"the canary {canary.file!r} is not a plain file name")
    return sheet


def compare_canaries(
    sealed: npt.NDArray[np.float64], computed: npt.NDArray[np.floating[Any]], *, tolerance: float
) -> float:
    """The largest difference between sealed and computed logits, as a share of the range of the sealed ones.

    Args:
        sealed: (n, c) logits of the contract.
        computed: (n, c) logits of the engine in use.
        tolerance: The largest share that is allowed.

    Raises:
        BundleError: If the difference is above the tolerance, or not finite.

    Example:
        >>> sealed = np.array([[0.0, 10.0]])
        >>> round(compare_canaries(sealed, np.array([[0.01, 10.0]]), tolerance=0.01), 6)
        0.001
    """
    spread = max(float(sealed.max() - sealed.min()), 1e-6)
    difference = float(np.max(np.abs(sealed - computed.astype(np.float64)))) / spread
    if not difference <= tolerance:
        raise BundleError(
            "the canaries do not give their sealed logits: "
            f"they differ by {difference:.2g} of the logits' range, allowed is {tolerance:.2g}; "
            "the weights, the class order, the preprocessing or the engine is not what was sealed"
        )
    return difference
