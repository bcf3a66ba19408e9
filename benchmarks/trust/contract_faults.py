"""Twelve faults of a sealed classifier's way from bytes to answers, planted so that no digest tells: loading must refuse each.

Those of the bundle change it and compute every digest anew, the canaries' own too. Those of the runtime are of the code that reads
pictures, as another library or version would: every digest is right.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import torch
from PIL import Image

import striate
from striate.bundle import open_bundle
from striate.bundle.contract import digest_of
from striate.bundle.folder import CANARY_SHEET, CONTRACT, ENGINE, INT8, WEIGHTS, file_digest, made_with
from striate.conversion import convert_to_openvino, save_graph
from striate.errors import BundleError
from striate.openvino_loading import openvino_core
from striate.pixels import Preprocessing
from striate.sealing.seal import blank_input

if TYPE_CHECKING:
    from .materials import Materials

NAME = "contract_faults"
LOADS = 1000
Contract = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A fault, and how it is planted: in a bundle's folder, or in the runtime while it is loaded."""

    name: str
    kind: str
    """Which of the twelve."""
    in_bundle: Callable[[Path, Contract], None] | None = None
    in_runtime: Callable[[], contextlib.AbstractContextManager[Any]] | None = None
    precisions: tuple[str, ...] = ("fp32", "bf16", "int8")
    """The number formats that it concerns."""


def reseal(folder: Path, contract: Contract) -> None:
    """Computes every digest anew, the canaries' own too, as someone would who wants a change to go unnoticed."""
    sheet = json.loads((folder / CANARY_SHEET).read_text(encoding="utf-8"))
    contract.pop("digest", None)
    contract["files"] = {name: file_digest(folder / name) for name in contract["files"]}
    sheet["made_with"] = made_with(contract["files"], contract)
    (folder / CANARY_SHEET).write_text(json.dumps(sheet), encoding="utf-8")
    contract["files"][CANARY_SHEET] = file_digest(folder / CANARY_SHEET)
    (folder / CONTRACT).write_text(json.dumps(contract | {"digest": digest_of(contract)}), encoding="utf-8")


@contextlib.contextmanager
def planted(fault: Fault, bundle: Path) -> Iterator[Path]:
    """A bundle to load while the fault is there: a changed copy, or the bundle itself beside a changed runtime."""
    if fault.in_runtime is not None:
        with fault.in_runtime():
            yield bundle
        return
    with tempfile.TemporaryDirectory(prefix="striate-fault-") as scratch:
        folder = Path(shutil.copytree(bundle, Path(scratch) / "bundle"))
        contract = json.loads((folder / CONTRACT).read_text(encoding="utf-8"))
        if fault.in_bundle is not None:
            fault.in_bundle(folder, contract)
        reseal(folder, contract)
        yield folder


def _rule(**changes: Any) -> Callable[[Path, Contract], None]:
    """A change of the contract's preprocessing; a value may be made of what stood there."""

    def change(folder: Path, contract: Contract) -> None:
        rule = contract["preprocessing"]
        rule.update({name: value(rule[name]) if callable(value) else value for name, value in changes.items()})

    return change


def _pixels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Any]:
    """A runtime that gets other pixels of every picture that it decodes and resizes."""
    honest = Preprocessing.pixels

    def pixels(self: Preprocessing, source: Any, **options: Any) -> np.ndarray:
        return np.ascontiguousarray(change(honest(self, source, **options)))

    return lambda: mock.patch.object(Preprocessing, "pixels", pixels)


def _decoded(change: Callable[[Image.Image], Image.Image]) -> Callable[[], Any]:
    """A runtime that decodes pictures otherwise, before they are resized."""
    honest = Preprocessing.fitted
    return lambda: mock.patch.object(
        Preprocessing, "fitted", lambda self, picture, name: honest(self, change(picture), name)
    )


def _resized(resize: Callable[[Image.Image, tuple[int, int]], Image.Image]) -> Callable[[], Any]:
    """A runtime that resizes otherwise; what is of the right size is not resized again."""
    honest = Preprocessing.fitted

    def fitted(self: Preprocessing, picture: Image.Image, name: str) -> np.ndarray:
        return honest(self, resize(picture, self._resized_size(*picture.size)), name)

    return lambda: mock.patch.object(Preprocessing, "fitted", fitted)


def _without_antialias(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    pixels = np.array(picture).reshape(picture.height, picture.width, -1)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    resized = torch.nn.functional.interpolate(tensor, size[::-1], mode="bilinear", antialias=False)
    pixels = resized[0].round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])


def _exif_off() -> Any:
    honest = Preprocessing.pixels

    def pixels(self: Preprocessing, source: Any, **options: Any) -> np.ndarray:
        if isinstance(source, bytes):
            buffer = io.BytesIO()
            with Image.open(io.BytesIO(source)) as picture:
                if picture.getexif().get(0x0112, 1) != 1:
                    Image.fromarray(np.asarray(picture)).save(buffer, "PNG")
                    source = buffer.getvalue()
        return honest(self, source, **options)

    return mock.patch.object(Preprocessing, "pixels", pixels)


def _gamma(exponent: float) -> Callable[[], Any]:
    table = (255 * (np.arange(256) / 255) ** exponent).round().astype(np.uint8)
    return _decoded(lambda picture: Image.fromarray(table[np.asarray(picture)]))


def _divided_twice() -> Any:
    honest = Preprocessing.scale_and_shift.fget  # type: ignore[attr-defined]

    def scale_and_shift(self: Preprocessing) -> Any:
        scale, shift = honest(self)
        return scale / np.float32(255), shift

    return mock.patch.object(Preprocessing, "scale_and_shift", property(scale_and_shift))


def _swap_classes(folder: Path, contract: Contract) -> None:
    names = contract["classes"]
    names[0], names[1] = names[1], names[0]


def _rotate_classes(folder: Path, contract: Contract) -> None:
    contract["classes"] = contract["classes"][1:] + contract["classes"][:1]


def _swap_head_rows(folder: Path, contract: Contract) -> None:
    """Two classes' weights exchanged in the weights and in every graph."""
    from safetensors.torch import load_file, save_file

    from striate.runtime.torch_engine import build_network

    network = build_network(open_bundle(folder))
    head = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        for tensor in (head.weight, head.bias):
            tensor[[0, 1]] = tensor[[1, 0]].clone()
    kept = load_file(folder / WEIGHTS)
    state = network.state_dict()
    save_file({name: state[name].contiguous() for name in kept}, folder / WEIGHTS)
    save_graph(
        convert_to_openvino(network, blank_input(Preprocessing.from_dict(contract["preprocessing"]))), folder / ENGINE
    )
    if (folder / INT8).is_file():
        _change_int8(folder, _swap_outputs)


def _change_int8(folder: Path, change: Callable[[Any], None]) -> None:
    graph = openvino_core().read_model(str(folder / INT8))
    change(graph)
    beside = folder / "changed.xml"
    save_graph(graph, beside)
    del graph
    beside.replace(folder / INT8)
    beside.with_suffix(".bin").replace((folder / INT8).with_suffix(".bin"))


def _swap_outputs(graph: Any) -> None:
    """Two classes' logits exchanged, whatever the head computes in."""
    from striate.openvino_loading import load_openvino

    operations: Any = load_openvino().opset13
    result = next(result for result in graph.get_results() if "logits" in result.input_value(0).get_names())
    source = result.input_value(0)
    width = source.get_partial_shape()[1].get_length()
    order = np.array([1, 0, *range(2, width)], np.int64)
    names = source.get_names()
    source.set_names(set())
    swapped = operations.gather(source, order, np.int64(1))
    swapped.output(0).set_names(names)
    result.input(0).replace_source_output(swapped.output(0))
    graph.validate_nodes_and_infer_types()


def _constants(graph: Any) -> list[Any]:
    return [node for node in graph.get_ordered_ops() if node.get_type_name() == "Constant"]


def _break_int8_weights(folder: Path, contract: Contract) -> None:
    """One layer's weights in int8 with their signs exchanged, in the middle of the network."""
    graph = openvino_core().read_model(str(folder / INT8))
    narrow = [node for node in _constants(graph) if node.get_element_type().get_type_name() in ("i8", "u8")]
    sizes = [int(np.prod(list(node.get_output_shape(0)))) for node in narrow]
    middle = narrow[len(narrow) // 2]
    content = bytearray((folder / INT8).with_suffix(".bin").read_bytes())
    raw = middle.get_data().tobytes() if hasattr(middle, "get_data") else b""
    place = content.find(raw)
    size = sizes[len(narrow) // 2]
    changed = (-np.frombuffer(raw, np.int8)).astype(np.int8).tobytes()
    del graph
    if place < 0 or len(raw) != size:
        raise RuntimeError("the layer's weights are not found")
    content[place : place + size] = changed
    (folder / INT8).with_suffix(".bin").write_bytes(content)


def _break_int8_ranges(folder: Path, contract: Contract) -> None:
    """Calibrated on pictures that were not normalised."""
    from striate.conversion.quantization import quantize_graph

    rule = Preprocessing.from_dict(contract["preprocessing"])
    pictures = [rule.pixels(path.read_bytes()) for path in sorted((folder / "canaries").glob("[0-9]*"))]

    def calibration(row: int) -> Any:
        pixels = pictures[row % len(pictures)].transpose(2, 0, 1)[None]
        return np.ascontiguousarray(pixels, np.float32) / 255 / 255

    graph = quantize_graph(folder / ENGINE, calibration, 12)
    save_graph(graph, folder / INT8)


BICUBIC = {"bilinear": "bicubic", "bicubic": "bilinear"}

FAULTS: tuple[Fault, ...] = (
    Fault("blue, green, red (contract)", "BGR", in_bundle=_rule(channel_order="bgr")),
    Fault("blue, green, red (decoder)", "BGR", in_runtime=_pixels(lambda pixels: pixels[..., ::-1])),
    Fault("divided by 255 twice", "/255 twice", in_runtime=_divided_twice),
    Fault("resized without antialias", "no antialias", in_runtime=_resized(_without_antialias)),
    Fault(
        "squashed, not cropped",
        "crop for squash",
        in_bundle=_rule(resize=lambda was: "exact" if was != "exact" else "shorter_side"),
    ),
    Fault("EXIF ignored", "EXIF off", in_runtime=_exif_off),
    Fault("two class names exchanged", "class permutation", in_bundle=_swap_classes),
    Fault("class names rotated", "class permutation", in_bundle=_rotate_classes),
    Fault(
        "mean .5", "wrong mean", in_bundle=_rule(mean=lambda mean: [0.5 if abs(m - 0.5) > 0.01 else 0.45 for m in mean])
    ),
    Fault("mean off by .02", "wrong mean", in_bundle=_rule(mean=lambda mean: [m + 0.02 for m in mean])),
    Fault("deviation off by 5 %", "wrong mean", in_bundle=_rule(std=lambda std: [s * 1.05 for s in std])),
    Fault("another crop", "wrong size", in_bundle=_rule(crop=lambda crop: [side * 6 // 7 for side in crop])),
    Fault("another resizing", "wrong size", in_bundle=_rule(resize_size=lambda size: [side * 8 // 7 for side in size])),
    Fault("the other filter (contract)", "bilinear for bicubic", in_bundle=_rule(filter=lambda was: BICUBIC[was])),
    Fault(
        "bicubic (decoder)",
        "bilinear for bicubic",
        in_runtime=_resized(lambda picture, size: picture.resize(size, Image.Resampling.BICUBIC)),
    ),
    Fault("two rows of the head exchanged", "head rows swapped", in_bundle=_swap_head_rows),
    Fault("a layer's weights negated", "int8 broken", in_bundle=_break_int8_weights, precisions=("int8",)),
    Fault("ranges of wrong pictures", "int8 broken", in_bundle=_break_int8_ranges, precisions=("int8",)),
    Fault("gamma 2.2", "gamma", in_runtime=_gamma(2.2)),
    Fault("gamma 1.1", "gamma", in_runtime=_gamma(1.1)),
)


def told(fault: Fault, bundle: Path, precision: str) -> str:
    """Why a bundle with the fault is refused; `""` if it is not."""
    try:
        with planted(fault, bundle) as folder:
            striate.load(folder, precision=precision)
    except BundleError as error:
        return str(error)
    return ""


def measure(materials: Materials) -> dict[str, Any]:
    """All faults and loads of a bundle of imagenette."""
    return refused_and_loaded(materials.quantized, LOADS)


def refused_and_loaded(bundle: Path, loads: int) -> dict[str, Any]:
    """Every fault in every number format of a bundle, and loads of the bundle as it is, in its formats in turn."""
    formats = ["fp32", "bf16", *(["int8"] if open_bundle(bundle).int8_path else [])]
    caught: dict[str, dict[str, bool]] = {}
    for fault in FAULTS:
        caught[fault.name] = {
            precision: bool(told(fault, bundle, precision)) for precision in formats if precision in fault.precisions
        }
        print(f"{fault.kind:22} {fault.name:32} {caught[fault.name]}", flush=True)
    kinds = {fault.kind for fault in FAULTS if caught[fault.name]}
    missed = {fault.kind for fault in FAULTS if not all(caught[fault.name].values())}
    alarms = 0
    largest = dict.fromkeys(formats, 0.0)
    for load in range(loads):
        precision = formats[load % len(formats)]
        try:
            classifier = striate.load(bundle, precision=precision)
            largest[precision] = max(largest[precision], classifier.canary_difference)
        except BundleError:
            alarms += 1
    return {
        "kinds": len(kinds),
        "kinds_caught": len(kinds - missed),
        "faults": caught,
        "loads": loads,
        "false_alarms": alarms,
        "largest_clean_difference": largest,
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    largest = ", ".join(f"{value:.2g} in {name}" for name, value in result["largest_clean_difference"].items())
    tries = [(name, precision, caught) for name, row in result["faults"].items() for precision, caught in row.items()]
    passed = [f"{name} in {precision}" for name, precision, caught in tries if not caught]
    lines = [
        "## Faults of a sealed bundle",
        "",
        f"Twelve kinds of faults, planted in {len(result['faults'])} ways so that every digest is right "
        f"(`benchmarks/trust/contract_faults.py`), in each number format that they concern, {len(tries)} loads in all, of MobileNetV2 on "
        f"imagenette: {result['kinds_caught']} of {result['kinds']} kinds were refused in every way and format"
        f"{'; not refused: ' + ', '.join(passed) if passed else ''}.",
        "",
        f"Of {result['loads']:,} loads of the bundle as it is, in its formats in turn, {result['false_alarms']} were refused. The "
        f"canaries' largest difference, as a share of the range of the logits: {largest}.",
        "",
    ]
    return "\n".join(lines)
