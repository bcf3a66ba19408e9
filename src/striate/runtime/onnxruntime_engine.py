"""An exported ONNX file as an engine: ONNX Runtime, which runs where OpenVINO does not."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.encodings import Encoding
from striate.errors import BundleError, UsageError
from striate.forking import GATE, outliving_forks
from striate.hardware import available_processors
from striate.utf8_paths import utf8_path

TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)"}
"""What ONNX Runtime calls a tensor, by numpy's name of what an encoding makes ready."""


def check_onnxruntime() -> None:
    """Raises UsageError if onnxruntime is not installed."""
    if find_spec("onnxruntime") is None:
        raise UsageError("ONNX files need the package onnxruntime; install it with: pip install onnxruntime")


class ONNXRuntimeEngine:
    """ONNX Runtime on the processor, for files that `striate.export` wrote without preprocessing.

    `Classifier(bundle, ONNXRuntimeEngine(path, bundle.contract.preprocessing))` checks the file by the bundle's canaries before it
    answers anything. As with OpenVINO, as many calls are worked on side by side as there are processors, each by one thread.

    Args:
        path: The `.onnx` file, with the input `images` (?, C, H, W), of sentences (?, L), and the outputs `logits` and `features`.
        encoding: How items were encoded.

    Raises:
        UsageError: If onnxruntime is not installed.
        BundleError: If it cannot read the file, or the file is of another kind.
    """

    name = "onnxruntime"
    precision = "fp32"
    batch = 4

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._encoding = encoding
        check_onnxruntime()
        import onnxruntime

        self.requests = available_processors()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = (
            1  # each call computes in the thread that makes it
        )
        options.log_severity_level = 3
        try:
            with utf8_path(path) as file:
                self._session = outliving_forks(
                    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
                )
        except Exception as error:  # its errors have no class in common
            raise BundleError(f"ONNX Runtime cannot read {path.name}: {str(error).strip().splitlines()[-1]}") from error
        inputs, outputs = self._session.get_inputs(), {output.name for output in self._session.get_outputs()}
        takes = TYPES[encoding.ready(np.zeros((1, *encoding.shape), encoding.dtype)).dtype.name]
        if [(one.name, one.type) for one in inputs] != [("images", takes)] or not outputs >= {"logits", "features"}:
            raise BundleError(
                f"{path.name} takes {', '.join(f'{one.name}: {one.type}' for one in inputs)} and answers {', '.join(sorted(outputs))}; "
                f"expected images: {takes}, and logits and features; export it without preprocessing"
            )

    def infer(self, encoded: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Logits (N, classes) and features (N, d), float32, of encoded items; pictures are (N, H, W, C) uint8."""
        images = self._encoding.ready(encoded)
        with GATE.running():  # it has no threads of its own, and so goes on in a forked process
            logits, features = self._session.run(["logits", "features"], {"images": images})
        return logits, features
