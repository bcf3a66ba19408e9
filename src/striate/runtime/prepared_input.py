"""A sealed network for pictures that whoever asks has resized and normalised already."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle
from striate.encodings import Encoding
from striate.runtime.canary_check import check_canaries
from striate.runtime.openvino_engine import OpenVINOEngine


class _ReadyAlready:
    """The one step of an encoding that an engine asks for, of which nothing is left to be done."""

    def ready(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n, ...) as they are."""
        return batch


def prepared_engine(bundle: Bundle, precision: str) -> OpenVINOEngine:
    """OpenVINO with the bundle's graph as it is sealed, without the layers that normalise bytes.

    Args:
        bundle: What to run.
        precision: `"fp32"`, `"bf16"`, `"fp16"` or `"int8"`.

    Raises:
        BundleError: If it does not give the canaries' sealed logits.
    """
    graph = bundle.int8_path if precision == "int8" else None
    engine = OpenVINOEngine(graph or bundle.engine_path, cast(Encoding, _ReadyAlready()), precision=precision)
    encoding = bundle.contract.preprocessing

    def logits(encoded: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return engine.infer(encoding.ready(encoded))[0]

    check_canaries(bundle, engine.precision, logits)
    return engine
