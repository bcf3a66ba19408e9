"""`striate.load`: a run or a bundle as a classifier."""

from __future__ import annotations

import os
from pathlib import Path

from striate.runtime import Classifier, load_classifier


def load(
    path: str | os.PathLike[str],
    *,
    engine: str | Path = "openvino",
    precision: str = "fp32",
    device: str = "cpu",
    decoding: str | None = None,
) -> Classifier:
    """Opens a run folder or a bundle folder, after every file's digest and the canaries' logits were found to be as sealed.

    Args:
        path: A run, a run folder, or a bundle folder.
        engine: `"openvino"` or `"torch"`, of which only the second needs torch; or a `.onnx` file that `striate.export` made of the
            bundle, for ONNX Runtime.
        precision: `"fp32"`, `"bf16"`, `"fp16"`, `"int8"` (of a bundle that `striate.quantize` made), or `"auto"`: the fastest that gave at
            least 99.5 % of the validation pictures the label of fp32 when the bundle was made.
        device: For torch: such as `"cpu"` or `"cuda"`.
        decoding: Where strings are read: `"greedy"`, each line's most probable path, or `"beam"`, its most probable string, which takes
            longer; None: greedy.

    Raises:
        UsageError: If there is no bundle at the path, or the engine, precision or decoding does not exist.
        BundleError: If the bundle was changed, or does not do what its contract says; the message says how it showed.
    """
    return load_classifier(path, engine=engine, precision=precision, device=device, decoding=decoding)
