"""Canaries: a few pictures, or whatever is given, with the logits they must give, and what those logits were computed with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.bundle.plain_json import read_json_object
from striate.encodings import Encoding
from striate.errors import BundleError, UsageError
from striate.table_reading import read_dataclass, shown

LARGEST_LOGIT = 3.5e38
"""Logits are computed in 32 bits. With larger ones the range that differences are a share of would be infinite."""


_HEXADECIMAL = re.compile("([0-9a-f]{2})*")

LEAST_RANGE = 0.01
"""The range of logits counts as at least this share of the largest."""


@dataclass(frozen=True)
class Canary:
    """The file of a picture, or of whatever is given, and the logit of each class."""

    file: str
    """Its name inside the bundle's `canaries` folder."""
    logits: Mapping[str, float | tuple[float, ...]]
    """By class name, so that exchanged names show; of a network that reads lines a number for each place."""
    pixels: str = ""
    """What the encoding's `sample` takes of it, once encoded; `""` in bundles of schema 1."""


@dataclass(frozen=True)
class CanarySheet:
    """All canaries of a bundle, bound to what computed them."""

    canaries: tuple[Canary, ...]
    made_with: Mapping[str, str]
    """Digests of the weights, the engine, the class names, the preprocessing and the rest that the logits come from."""

    def to_dict(self) -> dict[str, Any]:
        """The sheet as JSON types."""
        return {
            "made_with": dict(self.made_with),
            "canaries": [
                {"file": canary.file, "logits": dict(canary.logits)}
                | ({"pixels": canary.pixels} if canary.pixels else {})
                for canary in self.canaries
            ],
        }

    def check_whole(self, expected: tuple[str, ...]) -> None:
        """Refuses a sheet that lost a canary, or has another.

        Args:
            expected: The files that there must be, in their order.

        Raises:
            BundleError: If it does not have each of them once.
        """
        files = [canary.file for canary in self.canaries]
        if tuple(files) != expected:
            missing = [file for file in expected if file not in files]
            which = f"it lacks {', '.join(missing)}" if missing else "there are others, or another order"
            raise BundleError(f"the canaries are not whole: expected {', '.join(expected)}; {which}")

    def compare_encoded(self, encoding: Encoding, encoded: Sequence[npt.NDArray[Any]]) -> None:
        """Refuses a runtime that encodes otherwise, also where this network's logits would hardly tell.

        Args:
            encoding: The contract's.
            encoded: What it makes of each canary.

        Raises:
            BundleError: If one is further from the sealed one than other versions of the same libraries make it.
        """
        for canary, array in zip(self.canaries, encoded, strict=True):
            if canary.pixels and (fault := encoding.fault(canary.pixels, array)):
                raise BundleError(f"the canary {canary.file} is prepared otherwise than it was sealed: {fault}")

    def logits(self, classes: Sequence[str]) -> npt.NDArray[np.float64]:
        """(canaries, classes) float64, or (canaries, places, classes): the sealed logits in the order of `classes`.

        Raises:
            BundleError: If a canary does not have a logit for each class, or one that is no number of 32 bits.
        """
        for canary in self.canaries:
            if canary.logits.keys() != set(classes):
                raise BundleError(f"the canary {canary.file} has logits for other classes than the contract names")
        try:
            logits = np.array([[canary.logits[name] for name in classes] for canary in self.canaries], dtype=np.float64)
        except ValueError as error:
            raise BundleError("the canaries do not have equally many logits of each class") from error
        if logits.ndim == 3:
            logits = logits.transpose(0, 2, 1)
        if not (np.abs(logits) < LARGEST_LOGIT).all():
            raise BundleError("a canary has a logit that is not a finite number of 32 bits")
        return logits


def read_canaries(path: Path) -> CanarySheet:
    """Reads a sheet.

    Raises:
        BundleError: If the file is missing or damaged, holds no canary, or names a file outside its folder.
    """
    table = read_json_object(path, "canaries.json")
    try:
        sheet = read_dataclass(CanarySheet, table, what="canary sheet")
    except UsageError as error:
        raise BundleError(f"the canaries cannot be read: {error}") from error
    if not sheet.canaries:
        raise BundleError("the bundle has no canaries, so nothing shows that it works as sealed")
    for canary in sheet.canaries:
        if Path(canary.file).name != canary.file or not canary.file.isprintable() or len(canary.file) > 100:
            raise BundleError(f"the canary {shown(canary.file)} is not a plain file name")
        if not _HEXADECIMAL.fullmatch(canary.pixels):
            raise BundleError(f"the pixels of the canary {canary.file} are not hexadecimal digits")
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
    # Where a network's logits hardly differ, as those of one that has learnt nothing, the rounding of large numbers is no fault.
    spread = max(float(sealed.max() - sealed.min()), LEAST_RANGE * float(np.abs(sealed).max()), 1e-6)
    difference = float(np.max(np.abs(sealed - computed.astype(np.float64)))) / spread
    if not difference <= tolerance:
        raise BundleError(
            "the canaries do not give their sealed logits: "
            f"they differ by {difference:.2g} of the logits' range, allowed is {tolerance:.2g}; "
            "the weights, the class order, the preprocessing or the engine is not what was sealed"
        )
    return difference
