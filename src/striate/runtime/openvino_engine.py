"""OpenVINO as an engine: what runs a sealed network unless another is asked for."""

from __future__ import annotations

import math
import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.encodings import Encoding
from striate.errors import BundleError, StriateError
from striate.forking import GATE, outliving_forks
from striate.hardware import available_processors
from striate.openvino_loading import compile_graph, load_openvino, openvino_core
from striate.pixels import Preprocessing
from striate.runtime.compiled_cache import compiled_folder
from striate.runtime.pixel_input import take_pixels

Arrays = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

_USED = {"bf16": "bf16", "bfloat16": "bf16", "f16": "fp16", "float16": "fp16"}

MANY_DENSE_WEIGHTS = 1 << 24
"""From so many on, as in AlexNet and VGG, reading them from memory takes as long as computing one picture: several pictures share it."""

KEPT_WEIGHTS = 64 << 20
"""Bytes of weights up to which what is compiled is kept: of larger ones a second copy would be held, and little time saved."""

CHILDS_PATIENCE = 60.0
"""Seconds after which a forked process does not wait any longer for OpenVINO, which was not made for forks."""


class OpenVINOEngine:
    """OpenVINO on the processor: as many requests side by side as there are processors, each computed by one thread.

    That leaves no thread waiting for another, neither in the network nor between decoding and inference. Large pictures go one at a
    time through a graph of that size, so that what a picture is answered does not depend on those beside it; small ones, and those of
    networks with very large dense layers, share a request. A forked process opens the graph anew when it is first asked.

    Args:
        path: The graph's `.xml` file; its `.bin` lies beside it.
        encoding: How items were encoded; of pictures it is part of the graph that is compiled.
        precision: `"fp32"`, `"bf16"`, `"fp16"`, or `"int8"` for a graph that is quantised. A processor that does not compute a format
            natively falls back to fp32, and `precision` says so.
        threads: How many threads it may use; by default as many as the process may run on.
        requests: How many calls are worked on at the same time, which share the threads; by default one for each thread, which is the
            fastest for many pictures. 1 gives the first answer the soonest.
        digest: Of the graph and its weights, if what is compiled from them shall be kept in the user's cache.

    Raises:
        BundleError: If OpenVINO cannot read the graph.
    """

    name = "openvino"

    def __init__(
        self,
        path: Path,
        encoding: Encoding,
        *,
        precision: str = "fp32",
        threads: int | None = None,
        requests: int | None = None,
        digest: str | None = None,
    ) -> None:
        self._path = path
        self._encoding = encoding
        self._asked = precision
        self._threads = threads or available_processors()
        self._digest = digest
        self.requests = requests or self._threads
        self._files = self._file_marks()
        self._open()

    def infer(self, encoded: npt.NDArray[Any]) -> Arrays:
        """Logits (N, classes) and features (N, d), float32, of encoded items; pictures are (N, H, W, C) uint8."""
        if self._process != os.getpid():
            self._open_in_child()
        inputs = encoded if isinstance(self._encoding, Preprocessing) else self._encoding.ready(encoded)
        if len(inputs) <= self.batch:
            return self._run(inputs)
        parts = [inputs[start : start + self.batch] for start in range(0, len(inputs), self.batch)]
        logits, features = zip(*self._pool.map(self._run, parts), strict=True)
        return np.concatenate(logits), np.concatenate(features)

    def _open(self) -> None:
        openvino = load_openvino()
        weights = self._path.with_suffix(".bin")
        keep = self._digest is not None and weights.is_file() and weights.stat().st_size <= KEPT_WEIGHTS
        folder = (
            compiled_folder(self._digest or "", version=openvino.__version__, precision=self._asked) if keep else None
        )
        try:
            graph = openvino_core().read_model(str(self._path))
            self.batch = suitable_batch(graph)
            if self.batch == 1:
                # Of a known size, OpenVINO plans memory and makes its kernels once, and not for each batch it meets.
                graph.reshape([1, *(size.get_length() for size in list(graph.inputs[0].get_partial_shape())[1:])])
            if isinstance(self._encoding, Preprocessing):
                take_pixels(graph, self._encoding)
            compiled = compile_graph(
                graph, precision=self._asked, threads=self._threads, requests=self.requests, cache_folder=folder
            )
        except (
            RuntimeError,
            IndexError,
            ValueError,
        ) as error:  # also of a graph without an input, or with one of another rank
            reason = (str(error).strip().splitlines() or ["it is no network"])[-1]
            raise BundleError(f"OpenVINO cannot read {self._path.name}: {reason}") from error
        used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.precision = "int8" if self._asked == "int8" else _USED.get(used, "fp32")
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self.requests):
            self._idle.put(outliving_forks(compiled.create_infer_request()))
        self._pool = ThreadPoolExecutor(self.requests, thread_name_prefix="striate-openvino")
        self._process = os.getpid()

    def _open_in_child(self) -> None:
        """Opens the graph once more in a forked process, where what was opened before the fork waits for ever.

        Raises:
            BundleError: If the graph is not there any more, or another one is in its place.
        """
        with GATE.opening:
            if self._process == os.getpid():  # another thread has done it
                return
            if self._file_marks() != self._files:
                raise BundleError(
                    f"{self._path} was changed since the classifier was opened, before this process forked; load it anew"
                )
            opened = ThreadPoolExecutor(1).submit(self._open)
            if not wait([opened], timeout=CHILDS_PATIENCE).done:
                raise StriateError(
                    "OpenVINO does not start in this forked process; load the classifier in one that "
                    "multiprocessing.get_context('spawn') started"
                )
            opened.result()

    def _file_marks(self) -> list[tuple[int, int, int]]:
        """What tells the graph's files from others in their place."""
        files = [path.stat() for path in (self._path, self._path.with_suffix(".bin")) if path.is_file()]
        return [(file.st_ino, file.st_size, file.st_mtime_ns) for file in files]

    def _run(self, inputs: npt.NDArray[Any]) -> Arrays:
        count = len(inputs)
        size = padded_size(count, self.batch)
        if size > count:
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], size - count, axis=0)])
        logits, features = self._run_whole(inputs)
        return logits[:count], features[:count]

    def _run_whole(self, inputs: npt.NDArray[Any]) -> Arrays:
        request = self._idle.get()
        try:
            if not _FIRST.done:
                with _FIRST.lock:
                    answers = _answers(request, inputs)
                    _FIRST.done = True
                    return answers
            return _answers(request, inputs)
        finally:
            self._idle.put(request)


class _FirstInference:
    """OpenVINO's binding prepares its use of numpy at the first inference; two threads at that at once wait for each other for ever."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begins anew, as in a forked child, where the lock may be held by a thread that is not there."""
        self.lock = threading.Lock()
        self.done = False


_FIRST = _FirstInference()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_FIRST.renew)


def _answers(request: Any, inputs: npt.NDArray[Any]) -> Arrays:
    # Not `infer`, which computes in the thread that calls it, with memory for each such thread.
    with GATE.running():
        request.start_async([inputs], share_inputs=True)
        request.wait()
    return np.array(request.get_tensor("logits").data), np.array(request.get_tensor("features").data)


def padded_size(count: int, batch: int) -> int:
    """How many pictures are computed for so many: of small ones 1, 2, 3, 4, 6, 8, 12 and so on, since each size costs OpenVINO kernels.

    A size that it has not met yet takes lenet5_dense 5 ms and 1.7 MB; a server meets all of them.

    Args:
        count: From 1 to `batch`.
        batch: The most at once; where that is 8 or less, there are few sizes, and pictures are dear.

    Example:
        >>> [padded_size(count, 32) for count in (1, 3, 5, 8, 9, 17, 25)], padded_size(5, 8)
        ([1, 3, 6, 8, 12, 24, 32], 5)
    """
    if batch <= 8:
        return count
    power = 1 << (count - 1).bit_length()
    three_quarters = power * 3 // 4
    return min(batch, three_quarters if three_quarters >= count else power)


def suitable_batch(graph: Any) -> int:
    """How many pictures at once suit a graph: one of 224 x 224 pixels or more, several that are smaller, eight where weights weigh more.

    Args:
        graph: An `openvino.Model` with one input, (?, C, H, W), or of something else than pictures (?, ...).

    Raises:
        ValueError: If the input has one axis or none.
    """
    sides = [size.get_length() if size.is_static else 1 for size in graph.inputs[0].get_partial_shape()]
    if len(sides) < 2:
        raise ValueError("its input is no batch")
    batch = min(max(1, 224 * 224 // math.prod(sides[2:])), 32)
    dense = sum(
        math.prod(node.input_value(1).get_shape())
        for node in graph.get_ops()
        if node.get_type_name() == "MatMul" and node.input_value(1).get_partial_shape().is_static
    )
    return max(batch, 8) if dense >= MANY_DENSE_WEIGHTS else batch
