"""What runs a sealed network."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.errors import BundleError
from striate.openvino_loading import load_openvino, openvino_core
from striate.runtime.compiled_cache import compiled_folder

Arrays = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

_OPENVINO_PRECISIONS = {"fp32": "f32", "bf16": "bf16"}


class Engine(Protocol):
    """Runs a network on batches of normalised pictures; may be called from several threads."""

    name: str
    precision: str
    """The number format that is in use, which may be wider than what was asked for."""

    def infer(self, images: npt.NDArray[np.float32]) -> Arrays:
        """Logits (N, classes) and features (N, d) of images (N, C, H, W), all float32."""


class OpenVINOEngine:
    """OpenVINO on the processor.

    Args:
        path: The graph's `.xml` file; its `.bin` lies beside it.
        precision: `"fp32"` or `"bf16"`. A processor that does not compute bf16 natively falls back to fp32, and `precision` says so.
        threads: How many threads it may use; by default as many as the process may run on.
        digest: Of the graph and its weights, if what is compiled from them shall be kept in the user's cache.

    Raises:
        BundleError: If OpenVINO cannot read the graph.
    """

    name = "openvino"

    def __init__(
        self, path: Path, *, precision: str = "fp32", threads: int | None = None, digest: str | None = None
    ) -> None:
        openvino = load_openvino()
        self._lock = threading.Lock()
        folder = compiled_folder(digest, version=openvino.__version__, precision=precision) if digest else None
        try:
            self._compiled = compile_graph(str(path), precision=precision, threads=threads, cache_folder=folder)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BundleError(f"OpenVINO cannot read {path.name}: {reason}") from error
        used = str(self._compiled.get_property("INFERENCE_PRECISION_HINT"))
        self.precision = "bf16" if "bf" in used else "fp32"

    def infer(self, images: npt.NDArray[np.float32]) -> Arrays:
        """Logits (N, classes) and features (N, d) of images (N, C, H, W), all float32."""
        with self._lock:
            result = self._compiled(images)
            return np.array(result["logits"]), np.array(result["features"])


def compile_graph(
    graph: Any, *, precision: str = "fp32", threads: int | None = None, cache_folder: Path | None = None
) -> Any:
    """A graph compiled for this processor: an `openvino.CompiledModel`, which is called with a batch.

    Args:
        graph: The path of an `.xml` file, or an `openvino.Model`.
        precision: `"fp32"` or `"bf16"`.
        threads: How many threads it may use; by default as many as the process may run on.
        cache_folder: Where what is compiled is kept; None keeps nothing.

    Raises:
        RuntimeError: If OpenVINO cannot read the graph.
    """
    settings: dict[str, str | int] = {
        # Without the hint, processors with bf16 units would silently compute in bf16.
        "INFERENCE_PRECISION_HINT": _OPENVINO_PRECISIONS[precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads or available_processors(),
    }
    if cache_folder is not None:
        settings["CACHE_DIR"] = str(cache_folder)
    return openvino_core().compile_model(graph, "CPU", settings)


def available_processors() -> int:
    """How many processors this process may use: its affinity mask, and its control group's limit where there is one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no control group, or one of the first version
    return count
