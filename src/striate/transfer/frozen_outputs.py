"""What the frozen part of a network says of pictures: computed once, by the compiled engine, and kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from striate.conversion import convert_module, save_graph
from striate.data.store_files import ENDING, make_room, open_array, size_text, write_array
from striate.durable_writing import scratch_folder
from striate.models import Network, StageVectors, split_after
from striate.openvino_loading import compile_graph, load_openvino
from striate.training import Recipe, StoppedError
from striate.training.batches import pictures_at_once
from striate.training.inputs import Examples, Inputs, Targets, augmented, normalise, prefetched, prepare_inputs
from striate.user_cache import kind_folder
from striate.weights import is_auxiliary

Progress = Callable[[str, int, int], None]
Floats = npt.NDArray[np.float32]

KEPT_COMPILED = 2
"""Compiled parts that are kept for the next pass."""

DISK_BUDGET = 8 << 30
"""Bytes that all kept outputs may take together; the least recently used make room."""

MEMORY_BUDGET = 1 << 30
"""Bytes that outputs may take in memory, where the disk has no room."""


class KnownExamples(Examples, Protocol):
    """Pictures that can be told from others."""

    @property
    def digest(self) -> str:
        """Hexadecimal digits for the pictures in their order and how they are prepared."""


@dataclass(frozen=True)
class FrozenPart:
    """What of a network is run once: from pictures to an array a picture.

    Attributes:
        module: (N, C, H, W) -> one tensor, or several (N, d) that are put side by side.
        in_channels: Channels of a picture.
        input_size: Height and width of a picture.
        identity: Hexadecimal digits for the layers that are run and their weights.
    """

    module: nn.Module
    in_channels: int
    input_size: tuple[int, int]
    identity: str


def stage_vectors(network: Network, input_size: tuple[int, int]) -> FrozenPart:
    """The part that answers what `StageVectors` does, side by side."""
    identity = _identity(network, _headless(network), "means and maxima")
    return FrozenPart(StageVectors(network), network.in_channels, input_size, identity)


def vectors_before_head(network: Network, input_size: tuple[int, int]) -> FrozenPart:
    """The part that answers what the head takes."""
    return FrozenPart(
        _Vectors(network), network.in_channels, input_size, _identity(network, _headless(network), "head")
    )


def maps_of(network: Network, stage: str, input_size: tuple[int, int]) -> FrozenPart:
    """The part that answers the maps of a stage."""
    before, _ = split_after(network.eval(), stage)
    # Its own tensors alone: what follows has learnt on when a run is resumed.
    identity = _identity(network, before.state_dict(), f"maps {stage}")
    return FrozenPart(before, network.in_channels, input_size, identity)


def output_shapes(part: FrozenPart, device: torch.device) -> list[tuple[int, ...]]:
    """The shape of each output for one picture."""
    images = torch.zeros(1, part.in_channels, *part.input_size, device=device)
    part.module.eval()
    with torch.inference_mode():
        outputs = part.module(images)
    return [tuple(output.shape[1:]) for output in (outputs if isinstance(outputs, tuple) else (outputs,))]


def split_vectors(network: Network, rows: Floats, shapes: list[tuple[int, ...]]) -> dict[str, Floats]:
    """The vectors of each stage and of `features`, by their names in `StageVectors`, from rows in which they stand side by side."""
    ends = np.cumsum([shape[0] for shape in shapes])[:-1]
    return dict(zip(StageVectors(network).names, np.split(rows, ends, axis=1), strict=True))


def compute_outputs(
    part: FrozenPart,
    examples: KnownExamples,
    *,
    recipe: Recipe,
    device: torch.device,
    draw: int = 0,
    cache_folder: Path | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Floats:
    """The part's answer to every picture, from the cache if it is there.

    On a processor OpenVINO runs it, two to four times as fast as the training framework; on a GPU torch does.

    Args:
        part: What to run.
        examples: On what.
        recipe: Its seed and augmentation, for draws.
        device: Where.
        draw: 0 for the pictures as they are; from 1 on, changed by that draw of the recipe's augmentation.
        cache_folder: Where answers are kept; None for `frozen` in the user's cache folder.
        progress: Told how far it is.
        stop: Asked before every batch; once it answers True, the work ends.

    Returns:
        (n, ...) float32; mapped from the file, if there is one.

    Raises:
        StoppedError: When `stop` said so; nothing is left behind.
        MemoryError: Neither disk nor memory has room.
    """
    shapes = output_shapes(part, device)
    row = shapes[0] if len(shapes) == 1 else (sum(shape[0] for shape in shapes),)
    shape = (len(examples.labels), *row)
    folder = kind_folder("frozen") if cache_folder is None else cache_folder
    path = folder / (_name(part, examples, recipe, device, draw) + ENDING)
    if (kept := open_array(path, shape, np.float32)) is not None:
        return kept
    size = 4 * math.prod(shape)
    try:
        if not make_room(path, size, DISK_BUDGET):
            with closing(_run(part, examples, recipe, device, draw, progress, stop)) as rows:
                write_array(path, rows, shape, np.float32)
            kept = open_array(path, shape, np.float32)
            if kept is not None:
                return kept
    except OSError:
        pass  # a full disk must not end a run that memory can hold
    if size > MEMORY_BUDGET:
        raise MemoryError(f"what the frozen part says takes {size_text(size)}: neither disk nor memory has room for it")
    with closing(_run(part, examples, recipe, device, draw, progress, stop)) as rows:
        return np.concatenate(list(rows))


def keep_outputs(
    part: FrozenPart,
    examples: KnownExamples,
    rows: Floats,
    *,
    recipe: Recipe,
    device: torch.device,
    cache_folder: Path | None = None,
) -> None:
    """Keeps what another pass has shown the part to answer to the pictures as they are, where `compute_outputs` finds it.

    Where the disk has no room nothing is kept: the part is run when it is asked.

    Args:
        part: What answers so.
        examples: To what.
        rows: (n, ...) float32.
        recipe: As `compute_outputs` takes it.
        device: Where the pass was made.
        cache_folder: As `compute_outputs` takes it.
    """
    folder = kind_folder("frozen") if cache_folder is None else cache_folder
    path = folder / (_name(part, examples, recipe, device, 0) + ENDING)
    if open_array(path, rows.shape, np.float32) is not None:
        return
    with suppress(OSError):
        if not make_room(path, rows.nbytes, DISK_BUDGET):
            at_once = pictures_at_once(part.input_size)
            parts = (rows[start : start + at_once] for start in range(0, len(rows), at_once))
            write_array(path, parts, rows.shape, np.float32)


def _run(
    part: FrozenPart,
    examples: KnownExamples,
    recipe: Recipe,
    device: torch.device,
    draw: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> Generator[Floats, None, None]:
    """The answers to the pictures in order, a batch at a time."""
    count = len(examples.labels)
    answer = _in_torch(part) if device.type == "cuda" else _in_openvino(part)

    def prepare(positions: npt.NDArray[np.int64]) -> Inputs:
        if draw == 0:
            return prepare_inputs(examples, positions, device=device)
        images = augmented(examples, positions, examples.samples[positions], recipe, draw, device)
        return Inputs(positions, normalise(images, examples, levels=1), Targets(torch.empty(0)))

    at_once = pictures_at_once(part.input_size)
    batches = np.split(np.arange(count), np.arange(at_once, count, at_once))
    task = "features" if draw == 0 else f"features, draw {draw}"
    with prefetched(prepare, batches, device) as prepared:
        for inputs in prepared:
            if stop is not None and stop():
                raise StoppedError
            yield answer(inputs.images)
            if progress is not None:
                progress(task, int(inputs.positions[-1]) + 1, count)


_COMPILED: dict[tuple[int, str, int, tuple[int, int]], Callable[[Tensor], Floats]] = {}
"""The parts that were compiled last: a sample, all pictures and their draws pass the same one."""


def _in_openvino(part: FrozenPart) -> Callable[[Tensor], Floats]:
    key = os.getpid(), part.identity, part.in_channels, part.input_size  # a forked process cannot use another's
    if key not in _COMPILED:
        while len(_COMPILED) >= KEPT_COMPILED:
            del _COMPILED[next(iter(_COMPILED))]
        _COMPILED[key] = _compile(part)
    return _COMPILED[key]


def forget_compiled() -> None:
    """Frees the parts that are kept for a next pass, each a hundred megabytes or more; a pass that comes compiles its part anew."""
    _COMPILED.clear()


def _compile(part: FrozenPart) -> Callable[[Tensor], Floats]:
    count = len(output_shapes(part, torch.device("cpu")))
    names = [f"output {index}" for index in range(count)]
    graph = convert_module(part.module, names, torch.zeros(1, part.in_channels, *part.input_size))
    with scratch_folder("frozen") as scratch:
        # By way of a file: what is compiled from memory goes on using torch's tensors, and does not outlive them.
        path = scratch / "part.xml"
        save_graph(graph, path)
        compiled: Any = compile_graph(str(path))

    def answer(images: Tensor) -> Floats:
        result = compiled(images.contiguous().numpy())
        outputs = [np.array(result[place]) for place in range(count)]  # two that are the same lose the name of one
        return outputs[0] if count == 1 else np.concatenate(outputs, axis=1)

    return answer


def _in_torch(part: FrozenPart) -> Callable[[Tensor], Floats]:
    part.module.eval()

    @torch.inference_mode()
    def answer(images: Tensor) -> Floats:
        outputs = part.module(images)
        rows = torch.cat(outputs, dim=1) if isinstance(outputs, tuple) else outputs
        return np.asarray(rows.float().cpu().numpy())

    return answer


class _Vectors(nn.Module):
    """Answers what a network's head takes."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) float -> (N, feature_width)."""
        return self.network.features(images)


def _headless(network: Network) -> dict[str, Tensor]:
    """A network's tensors without those of its head and auxiliary heads."""
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith(f"{network.head_name}.") and not is_auxiliary(name)
    }


def _identity(network: Network, tensors: Mapping[str, Tensor], what: str) -> str:
    """Hexadecimal digits for a network's layers, those of its tensors that are used, and what is asked of them."""
    # The text of a network names every layer with its stride, padding and the like: two rows may share all weights.
    content = hashlib.sha256(f"{network} {network.stages} {what}".encode())
    for name, tensor in tensors.items():
        content.update(f"{name} {tuple(tensor.shape)}".encode())
        content.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()


def _name(part: FrozenPart, examples: KnownExamples, recipe: Recipe, device: torch.device, draw: int) -> str:
    """64 hexadecimal digits for all that the answers depend on."""
    engine = f"torch {torch.__version__}" if device.type == "cuda" else f"openvino {load_openvino().__version__}"
    what = [part.identity, part.input_size, examples.digest, device.type, engine, draw]
    if draw:
        what += [recipe.seed, recipe.augmentation.to_dict(), examples.samples.tolist()]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
