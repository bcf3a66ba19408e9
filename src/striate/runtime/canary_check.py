"""Whether an engine gives the canaries of a bundle their sealed logits, from their bytes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle, compare_canaries
from striate.errors import BundleError, ItemError

MOST_CANARY_BYTES = 1 << 28
"""Of a canary's file, which is read at once."""


def check_canaries(
    bundle: Bundle, precision: str, logits_of: Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
) -> float:
    """The largest difference of a canary's logit from the sealed one, as a share of the logits' range.

    Args:
        bundle: The sealed model.
        precision: The number format that the engine computes in.
        logits_of: What the engine answers to encoded items.

    Raises:
        BundleError: If the difference is above what the contract allows, or a canary is encoded otherwise than it was.
    """
    terms = bundle.contract.precisions.get(precision)
    if terms is None:
        raise BundleError(f"the contract states no tolerance for the precision {precision!r}")
    sheet = bundle.canaries
    sealed = sheet.logits(bundle.contract.outputs)
    try:
        encoded = encoded_canaries(bundle)
        computed = logits_of(np.stack(encoded))
    except (ItemError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BundleError(f"{bundle.folder}: the canaries cannot be run: {reason}") from error
    if computed.shape != sealed.shape:
        raise BundleError(
            f"{bundle.folder}: the engine gives {computed.shape[-1]} logits for {sealed.shape[-1]} classes"
        )
    try:
        difference = compare_canaries(sealed, computed, tolerance=terms.tolerance)
        sheet.compare_encoded(bundle.contract.preprocessing, encoded)
    except BundleError as error:
        raise BundleError(f"{bundle.folder}: {error}") from error
    return difference


def encoded_canaries(bundle: Bundle) -> list[npt.NDArray[Any]]:
    """What the contract's encoding makes of each canary's file.

    Raises:
        ItemError: If one cannot be read.
    """
    encoding, encoded = bundle.contract.preprocessing, []
    for canary in bundle.canaries.canaries:
        path = bundle.canary_path(canary.file)
        if (size := path.stat().st_size) > MOST_CANARY_BYTES:
            raise ItemError(str(path), f"the file has {size:,} bytes, more than any canary")
        encoded.append(encoding.encode(path.read_bytes(), name=str(path)))
    return encoded
