"""What a network can be exported as: a row a format, which writes its file and opens it again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.conversion.exported_program import INPUT, OUTPUTS, export_preparation, export_program, picture_rule
from striate.conversion.onnx_model import OPSET, convert_to_onnx, load_onnx
from striate.conversion.openvino_ir import put_before
from striate.conversion.saving import save_graph
from striate.durable_writing import scratch_folder
from striate.encodings import Encoding
from striate.errors import UnknownNameError, UsageError
from striate.openvino_loading import compile_graph, load_openvino, openvino_core
from striate.utf8_paths import utf8_path

METADATA_FILE = "striate.json"
"""Where a `.pt2` archive keeps what it says of itself."""

Answers: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Runner: TypeAlias = Callable[[npt.NDArray[np.generic]], Answers]
"""Logits and features of what the file takes: normalised (N, C, H, W) float32, decoded (N, H, W, C) uint8, ids (N, L) int64,
or frames (N, T, C, H, W) float32."""


@dataclass(frozen=True)
class ExportContent:
    """What goes into an exported file."""

    network: Callable[[], nn.Module]
    """Answers the network in torch, with its weights, in evaluation mode."""
    graph: Path
    """The same as a sealed OpenVINO graph in fp32."""
    preprocessing: Encoding
    with_preprocessing: bool
    """Whether the file takes decoded pictures."""
    metadata: Mapping[str, str]
    """What the file says of itself."""


@dataclass(frozen=True)
class ExportFormat:
    """A format as a row of `FORMATS`."""

    name: str
    endings: tuple[str, ...]
    """Of its files: the one that is asked for, and those that lie beside it."""
    write: Callable[[ExportContent, Path], None]
    """Writes the files; called with the name of the first."""
    open: Callable[[Path], Runner]
    """What runs the file on the processor: the engine that the format was made for."""
    check_packages: Callable[[bool], None] = lambda with_preprocessing: None
    """Raises UsageError if a package that writes it is missing."""
    opset: int | None = None
    """The version of ONNX's operators; None for other formats."""

    @property
    def ending(self) -> str:
        """Of the file that is asked for."""
        return self.endings[0]


def check_onnx(with_preprocessing: bool) -> None:
    """Raises UsageError if a package that writes ONNX is missing."""
    load_onnx()


def write_onnx(content: ExportContent, path: Path) -> None:
    """Writes the network as ONNX."""
    program = export_program(content.network(), content.preprocessing, with_preprocessing=content.with_preprocessing)
    path.write_bytes(convert_to_onnx(program, metadata=content.metadata).SerializeToString())


def open_onnx(path: Path) -> Runner:
    """ONNX Runtime."""
    import onnxruntime

    with utf8_path(path) as file:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda images: tuple(session.run(list(OUTPUTS), {INPUT: images}))


def check_openvino(with_preprocessing: bool) -> None:
    """OpenVINO is always there; preprocessing comes to it through ONNX."""
    if with_preprocessing:
        load_onnx()


def write_openvino(content: ExportContent, path: Path) -> None:
    """Writes OpenVINO's two files: the sealed graph, with preprocessing behind what OpenVINO makes of that in ONNX."""
    model = openvino_core().read_model(str(content.graph))
    if content.with_preprocessing:
        program = export_preparation(picture_rule(content.preprocessing))
        with scratch_folder("export") as scratch:
            file = scratch / "preparation.onnx"
            file.write_bytes(convert_to_onnx(program, metadata={}, outputs=("prepared",)).SerializeToString())
            model = put_before(load_openvino().convert_model(str(file)), model)
    for name, value in content.metadata.items():
        model.set_rt_info(value, ["striate", name])
    save_graph(model, path)


def open_openvino(path: Path) -> Runner:
    """OpenVINO in fp32."""
    compiled = compile_graph(str(path))

    def infer(images: npt.NDArray[np.generic]) -> Answers:
        result = compiled(images)
        logits, features = (np.array(result[name]) for name in OUTPUTS)
        return logits, features

    return infer


def write_torch_export(content: ExportContent, path: Path) -> None:
    """Writes torch's exported program."""
    program = export_program(content.network(), content.preprocessing, with_preprocessing=content.with_preprocessing)
    buffer = io.BytesIO()
    said = json.dumps(dict(content.metadata), ensure_ascii=False)
    torch.export.save(program, buffer, extra_files={METADATA_FILE: said})
    path.write_bytes(buffer.getvalue())


def open_torch_export(path: Path) -> Runner:
    """Torch."""
    module = torch.export.load(path).module()

    @torch.inference_mode()
    def call(images: npt.NDArray[np.generic]) -> Answers:
        logits, features = module(torch.from_numpy(images))
        return logits.numpy(), features.numpy()

    return call


FORMATS: Mapping[str, ExportFormat] = {
    row.name: row
    for row in (
        ExportFormat("onnx", (".onnx",), write_onnx, open_onnx, check_onnx, OPSET),
        ExportFormat("openvino", (".xml", ".bin"), write_openvino, open_openvino, check_openvino),
        ExportFormat("torch_export", (".pt2",), write_torch_export, open_torch_export),
    )
}
"""All there are."""


def format_of(output: Path, name: str | None) -> ExportFormat:
    """The format that was asked for, or that the file's name tells.

    Raises:
        UsageError: If there is no such format, or the name does not tell.

    Example:
        >>> format_of(Path("flowers.onnx"), None).name, format_of(Path("flowers.xml"), "openvino").name
        ('onnx', 'openvino')
    """
    if name is None:
        told = [row for row in FORMATS.values() if output.suffix.lower() == row.ending]
        if not told:
            endings = ", ".join(f"{row.ending} ({row.name})" for row in FORMATS.values())
            raise UsageError(f"the name {output.name} does not tell a format; expected one that ends in {endings}")
        return told[0]
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name]
