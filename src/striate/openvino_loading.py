"""The only place that imports OpenVINO and compiles for it, without the telemetry package that would report the import over the network.

And without its converter until it is called: importing that takes a third of the time of the whole.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from striate.forking import GATE, before_each_fork, outliving_forks
from striate.hardware import available_processors

_CONVERTER = "openvino.tools.ovc"

# A graph in int8 says itself which layers are; the hint is about the others.
_OPENVINO_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}


def load_openvino() -> ModuleType:
    """The `openvino` module, imported without torch and without telemetry.

    OpenVINO's package sends usage events through `openvino_telemetry` as soon as it is imported, and writes an identifier to the
    home folder. It does without when that package is not there; so for this process it is not.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes an import fail
        hidden = _CONVERTER not in sys.modules
        if hidden:
            sys.modules[_CONVERTER] = None  # type: ignore[assignment]
        try:
            import openvino
        finally:
            if hidden:
                del sys.modules[_CONVERTER]
        if hidden:
            openvino.convert_model = _convert_model
    import openvino

    module: ModuleType = openvino
    return module


@cache
def openvino_core() -> Any:
    """The one `openvino.Core` of this process; a forked child gets its own.

    Each core puts a stack for signal handlers in the place of the one that is there, and brings that back in the end. Where
    the lives of two overlap, what is brought back may be a stack that is gone: the next signal, a Ctrl-C say, then ends the
    process with a segmentation fault (seen with OpenVINO 2026.4).
    """
    return outliving_forks(load_openvino().Core())


def compile_graph(
    graph: Any,
    *,
    precision: str = "fp32",
    threads: int | None = None,
    requests: int = 1,
    cache_folder: Path | None = None,
) -> Any:
    """A graph compiled for this processor: an `openvino.CompiledModel`, which is called with a batch.

    Args:
        graph: The path of an `.xml` file, or an `openvino.Model`.
        precision: `"fp32"`, `"bf16"`, `"fp16"` or `"int8"`.
        threads: How many threads it may use; by default as many as the process may run on.
        requests: How many inferences share them at the same time.
        cache_folder: Where what is compiled is kept; None keeps nothing.

    Raises:
        RuntimeError: If OpenVINO cannot read the graph.
    """
    settings: dict[str, str | int | bool] = {
        # Without the hint, processors with bf16 units would silently compute in bf16.
        "INFERENCE_PRECISION_HINT": _OPENVINO_PRECISIONS[precision],
        "NUM_STREAMS": requests,
        "INFERENCE_NUM_THREADS": threads or available_processors(),
        # A thread that is tied to a processor waits there for whoever decodes on it, while another is idle.
        "ENABLE_CPU_PINNING": False,
    }
    if cache_folder is not None:
        settings["CACHE_DIR"] = str(cache_folder)
    core = openvino_core()
    with GATE.running():
        return outliving_forks(core.compile_model(graph, "CPU", settings))


@before_each_fork
def _end_idle_threads() -> None:
    """Ends the threads that OpenVINO keeps for the next graph, which it would take for alive in the child, and wait for.

    It does so when a core has loaded the processor's plugin and ends; inside the life of the other core, so that the stack for
    signal handlers is as before.
    """
    if openvino_core.cache_info().currsize:
        with contextlib.suppress(RuntimeError):
            load_openvino().Core().get_property("CPU", "FULL_DEVICE_NAME")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: openvino_core.cache_clear())


def _convert_model(*arguments: Any, **options: Any) -> Any:
    """`openvino.convert_model`, imported when it is called."""
    return importlib.import_module(_CONVERTER).convert_model(*arguments, **options)
