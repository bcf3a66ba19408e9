"""From an exported program to ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram

from striate.conversion.exported_program import INPUT, OUTPUTS
from striate.errors import UsageError

OPSET = 18
"""The version of ONNX's operators that is written: of 2022, which engines of the last years read."""

FREE = ("batch", "height", "width")
"""What free dimensions are called, in order."""


def convert_to_onnx(program: ExportedProgram, *, metadata: Mapping[str, str], outputs: Sequence[str] = OUTPUTS) -> Any:
    """An exported program as an `onnx.ModelProto` that ONNX's checker accepts.

    Args:
        program: From `export_program`.
        metadata: What the file says of itself: `metadata_props`, text by name.
        outputs: What the answers are called.

    Returns:
        A model with the input `images`, whose free dimensions are called `batch`, and of decoded pictures `height` and
        `width`; and with the outputs.

    Raises:
        UsageError: If the packages for it are not installed.
    """
    onnx = load_onnx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its machinery itself will drop one day
        made = torch.onnx.export(
            program,
            dynamo=True,
            input_names=[INPUT],
            output_names=list(outputs),
            opset_version=OPSET,
            verbose=False,
        )
    model = made.model_proto  # type: ignore[union-attr]  # with dynamo=True there is one
    free = [dimension for dimension in model.graph.input[0].type.tensor_type.shape.dim if dimension.dim_param]
    for dimension, name in zip(free, FREE, strict=False):
        dimension.dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = FREE[0]
    clear_traces(model.graph)
    del model.functions[:]
    model.producer_name, model.producer_version = "striate", metadata.get("striate_version", "")
    model.doc_string = ""
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model


def clear_traces(graph: Any) -> None:
    """Takes away what the exporter notes at each node: lines of source code, with the paths of this machine."""
    del graph.value_info[:]  # with names of free dimensions that nobody gave
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                clear_traces(attribute.g)
    for part in (*graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]


def load_onnx() -> Any:
    """The `onnx` module, when all that an export to ONNX needs is there.

    Raises:
        UsageError: If a package is missing; the message says how to install it.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 - torch's exporter is written in it
    except ImportError as error:
        raise UsageError(
            f"ONNX needs the package {error.name or 'onnx'}, which is not installed; "
            "install it with: pip install 'striate[export]'"
        ) from error
    # Without this ONNX Runtime warns on every machine whose processors it cannot read from the system.
    onnxruntime.set_default_logger_severity(3)
    return onnx
