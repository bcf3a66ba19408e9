"""What runs a sealed network: the engines there are, and the one that is asked for."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle
from striate.errors import UnknownNameError, UsageError
from striate.runtime.onnxruntime_engine import ONNXRuntimeEngine, check_onnxruntime
from striate.runtime.openvino_engine import OpenVINOEngine

PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")


class Engine(Protocol):
    """Runs a network on batches of encoded items, which it makes ready; may be called from several threads."""

    name: str
    precision: str
    """The number format that is in use, which may be wider than what was asked for."""
    batch: int
    """How many pictures at once suit it; it takes any number."""
    requests: int
    """How many calls it works on at the same time."""

    def infer(self, encoded: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Logits (N, classes) and features (N, d), float32, of (N, ...) items as the bundle's encoding encodes them."""


@dataclass(frozen=True)
class EngineRow:
    """An engine as a row of `ENGINES`: what it computes in and on, and how it is started."""

    name: str
    title: str
    """As its makers write it."""
    precisions: tuple[str, ...]
    others: str
    """What is said of any other number format."""
    start: Callable[[Bundle, Path, str, str], Engine]
    """Called with the bundle, the file that the engine runs, if it runs one, the number format and the device."""
    automatic: Callable[[Bundle, str], str]
    """The number format that `"auto"` takes, of a bundle on a device."""
    ending: str = ""
    """Of exported files that it runs instead of the bundle's own; it is asked for by the name of such a file."""
    other_devices: bool = False
    """Whether it computes on more than the processor."""
    check_package: Callable[[], None] = lambda: None
    """Raises UsageError if its package is missing."""

    def check(self, engine: str | Path, precision: str, device: str) -> None:
        """Refuses what no bundle can be run by, before one is opened; arguments as `load_classifier` takes them.

        Raises:
            UsageError: If there is no such number format, device or file, they exclude each other, or a package is missing.
        """
        if precision not in PRECISIONS:
            raise UnknownNameError("precision", precision, PRECISIONS)
        if re.fullmatch("cpu|cuda(:[0-9]+)?", device) is None:
            raise UsageError(f"device {device!r} is not supported; expected cpu, cuda or cuda:1")
        if device != "cpu" and not self.other_devices:
            able = " or ".join(row.name for row in ENGINES.values() if row.other_devices)
            *others, last = [row.title for row in ENGINES.values() if not row.other_devices]
            raise UsageError(
                f"--device {device} goes with --engine {able}; {', '.join(others)} and {last} use the processor here"
            )
        if self.ending and not Path(engine).is_file():
            raise UsageError(
                f"there is no file {engine}; make it by: striate export BUNDLE --output {shlex.quote(str(engine))}"
            )
        if precision not in ("auto", *self.precisions):
            raise UsageError(f"{precision} is asked for, but {self.others}")
        self.check_package()


def fastest_precision(bundle: Bundle) -> str:
    """The number format that was the fastest in OpenVINO when the bundle was made, of those that agreed with fp32."""
    terms = bundle.contract.precisions
    better = [name for name, stated in terms.items() if stated.is_better() and (name != "int8" or bundle.int8_path)]
    return max(better, key=lambda name: terms[name].speed or 0, default="fp32")


def half_precision(bundle: Bundle) -> str:
    """A number format of 16 bits that agreed with fp32 when the bundle was made: on a GPU each is faster; else `"fp32"`."""
    terms = bundle.contract.precisions
    return next((name for name in ("fp16", "bf16") if name in terms and terms[name].agrees()), "fp32")


def start_openvino(bundle: Bundle, file: Path, precision: str, device: str) -> Engine:
    """OpenVINO with the bundle's graph, the one in int8 where that is asked for."""
    graph = bundle.int8_path if precision == "int8" else None
    return OpenVINOEngine(
        graph or bundle.engine_path,
        bundle.contract.preprocessing,
        precision=precision,
        digest=engine_digest(bundle, graph),
    )


def start_torch(bundle: Bundle, file: Path, precision: str, device: str) -> Engine:
    """torch, which is imported here, with the bundle's weights."""
    from striate.runtime.torch_engine import TorchEngine

    return TorchEngine(bundle, precision=precision, device=device)


def start_onnxruntime(bundle: Bundle, file: Path, precision: str, device: str) -> Engine:
    """ONNX Runtime with a file that was exported of the bundle."""
    return ONNXRuntimeEngine(file, bundle.contract.preprocessing)


ENGINES: Mapping[str, EngineRow] = {
    row.name: row
    for row in (
        EngineRow(
            name="openvino",
            title="OpenVINO",
            precisions=("fp32", "bf16", "fp16", "int8"),
            others="OpenVINO does not compute it",
            start=start_openvino,
            automatic=lambda bundle, device: fastest_precision(bundle),
        ),
        EngineRow(
            name="torch",
            title="torch",
            precisions=("fp32", "bf16", "fp16"),
            others="torch does not compute it; take --engine openvino",
            start=start_torch,
            automatic=lambda bundle, device: "fp32" if device == "cpu" else half_precision(bundle),
            other_devices=True,
        ),
        EngineRow(
            name="onnxruntime",
            title="ONNX Runtime",
            precisions=("fp32",),
            others="exported ONNX files compute in fp32",
            start=start_onnxruntime,
            automatic=lambda bundle, device: "fp32",
            ending=".onnx",
            check_package=check_onnxruntime,
        ),
    )
}
"""All there are; a further one is its file beside this one, and a row here."""


def engine_row(engine: str | Path) -> EngineRow:
    """The row of an engine: by its name, or by a file that it runs.

    Raises:
        UsageError: If there is none, or it needs a file and only its name is given.
    """
    by_file = [row for row in ENGINES.values() if row.ending and Path(engine).suffix == row.ending]
    if by_file:
        return by_file[0]
    row = ENGINES.get(str(engine))
    if row is None:
        raise UnknownNameError("engine", str(engine), [name for name, known in ENGINES.items() if not known.ending])
    if row.ending:
        raise UsageError(f"{row.title} runs an exported file; name that as the engine: --engine photos{row.ending}")
    return row


def start_engine(bundle: Bundle, path: str | Path, engine: str | Path, precision: str, device: str) -> Engine:
    """The engine that `load_classifier` was asked for, with the bundle in it.

    Raises:
        UsageError: If the bundle has nothing in the precision.
    """
    row = engine_row(engine)
    if precision == "int8" and bundle.int8_path is None:
        raise UsageError(
            f"int8 is asked for, but {bundle.folder} has none; make a bundle with it by: "
            f"striate quantize {shlex.quote(str(path))} DATA"
        )
    return row.start(bundle, Path(engine), row.automatic(bundle, device) if precision == "auto" else precision, device)


def engine_digest(bundle: Bundle, graph: Path | None = None) -> str:
    """What tells a bundle's graph, the one in fp32 or another, and its weights from any other."""
    files = bundle.contract.files
    path = graph or bundle.engine_path
    return hashlib.sha256((files[path.name] + files[path.with_suffix(".bin").name]).encode()).hexdigest()
