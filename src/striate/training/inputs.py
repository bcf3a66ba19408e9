"""From stored pixels to a network's input: gathered, put on the device, changed and normalised, ahead of the step that takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation import augment, mix, mixing_partners
from striate.training.batches import Batch
from striate.training.recipe import Recipe
from striate.training.resizing import shrink

LOOKAHEAD = 2
"""Batches that are prepared while the network works on one."""

BLOCK = 1 << 20
"""Values that a processor changes at a time, in place: they stay in its cache."""


class Examples(Protocol):
    """Labelled pictures as they are stored."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(n,) class indices."""

    @property
    def samples(self) -> npt.NDArray[np.int64]:
        """(n,) what a sample is known by in random draws: its index in the data set."""

    @property
    def mean(self) -> tuple[float, ...]:
        """What is subtracted from each channel of the network's input, where pixels go from 0 to 1."""

    @property
    def std(self) -> tuple[float, ...]:
        """What each channel is divided by afterwards."""

    @property
    def reverses_channels(self) -> bool:
        """Whether the network gets the channels in the opposite order of pixels."""

    def pixels(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(k, H, W, C) uint8 of the pictures at these positions 0..n-1."""

    def key(self, position: int) -> str:
        """The picture's name, for messages."""


@runtime_checkable
class ReadyExamples(Protocol):
    """Labelled items as a network, or a part of it, takes them: nothing is normalised here, and nothing augmented."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(n,) class indices."""

    @property
    def samples(self) -> npt.NDArray[np.int64]:
        """(n,) what a sample is known by in random draws: its index in the data set."""

    def maps(self, positions: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[Any]:
        """(k, ...) the input of the items at these positions 0..n-1, in an epoch, from 0."""

    def key(self, position: int) -> str:
        """The item's name, for messages."""


@dataclass(frozen=True, eq=False)
class KeptMaps:
    """Labelled pictures as the maps that the frozen part of a network makes of them; a network's other part learns from them."""

    labels: npt.NDArray[np.int64]
    samples: npt.NDArray[np.int64]
    draws: Sequence[npt.NDArray[np.float32]]
    """(n, C, H, W) each: of the pictures as they are, and of draws of the augmentation. Epochs take them in turns."""
    name: Callable[[int], str]
    """The picture's name at a position."""

    def maps(self, positions: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.float32]:
        """(k, C, H, W) float32 of the pictures at these positions."""
        return self.draws[epoch % len(self.draws)][positions]

    def key(self, position: int) -> str:
        """The picture's name, for messages."""
        return self.name(position)


@dataclass(frozen=True)
class Targets:
    """What a network should answer to a batch."""

    labels: Tensor
    """(k,) int64: each picture's class; (k, classes) of 0 and 1 where it may have several."""
    others: Tensor | None = None
    """The same: the class of what was mixed into each picture; None where nothing was."""
    shares: Tensor | None = None
    """(k,) float32 in 0..1: how much of each picture is its own."""

    @property
    def main(self) -> Tensor:
        """(k,) int64, or (k, classes): the class, or classes, that most of each picture shows."""
        if self.others is None or self.shares is None:
            return self.labels
        mostly_other = (self.shares < 0.5).view(-1, *[1] * (self.labels.ndim - 1))
        return torch.where(mostly_other, self.others, self.labels)

    def part(self, start: int, stop: int) -> Targets:
        """Those of the pictures start..stop-1."""
        if self.others is None or self.shares is None:
            return Targets(self.labels[start:stop])
        return Targets(self.labels[start:stop], self.others[start:stop], self.shares[start:stop])


@dataclass(frozen=True)
class Inputs:
    """A batch, ready for a step."""

    positions: npt.NDArray[np.int64]
    """(k,) positions 0..n-1 in the examples."""
    images: Tensor
    """(k, C, H, W) float32 on the device, channels last, normalised; or maps, where the network's first part is frozen."""
    targets: Targets

    def tensors(self) -> Iterator[Tensor]:
        """All tensors that are on the device."""
        yield self.images
        yield self.targets.labels
        if self.targets.others is not None and self.targets.shares is not None:
            yield self.targets.others
            yield self.targets.shares


def prepare_inputs(
    examples: Examples | ReadyExamples,
    positions: npt.NDArray[np.int64],
    *,
    device: torch.device,
    size: tuple[int, int] | None = None,
) -> Inputs:
    """Pictures as they are, for measuring: on a CPU the very bits of `Preprocessing.normalise`.

    Args:
        examples: The pictures.
        positions: (k,) positions 0..n-1 in them.
        device: Where to put them.
        size: (height, width) that they are shrunk to; None: as they are.
    """
    if isinstance(examples, ReadyExamples):
        return load_maps(examples, positions, 0, device)
    images = normalise(load_pixels(examples, positions, device, size=size), examples, levels=255)
    return Inputs(positions, images, Targets(load_labels(examples, positions, device)))


def prepare_training_inputs(
    examples: Examples | ReadyExamples,
    batch: Batch,
    *,
    device: torch.device,
    recipe: Recipe,
    epoch: int,
    size: tuple[int, int] | None = None,
) -> Inputs:
    """Pictures with the recipe's augmentation, each by its own draw from (seed, epoch, sample).

    Where the recipe changes nothing, the values are those of `prepare_inputs`.

    Args:
        examples: The pictures.
        batch: Which of them.
        device: Where to put them; they are changed there.
        recipe: Its seed and augmentation.
        epoch: From 0.
        size: (height, width) that pictures are shrunk to, before they are changed; None: as they are. Maps stay as they are.
    """
    if isinstance(examples, ReadyExamples):
        return load_maps(examples, batch.positions, epoch, device)
    policy, draws = recipe.augmentation, batch.draws(examples.samples)
    if not policy.changes:
        return prepare_inputs(examples, batch.positions, device=device, size=size)
    images = augmented(examples, batch.positions, draws, recipe, epoch, device, size=size)
    targets = Targets(load_labels(examples, batch.positions, device))
    others = mixing_partners(policy, seed=recipe.seed, epoch=epoch, indices=draws, count=len(examples.labels))
    if others is not None:
        partners = augmented(examples, others, examples.samples[others], recipe, epoch, device, size=size)
        images, shares = mix(images, partners, policy, seed=recipe.seed, epoch=epoch, indices=draws)
        targets = Targets(targets.labels, load_labels(examples, others, device), shares)
    return Inputs(batch.positions, normalise(images, examples, levels=1), targets)


def augmented(
    examples: Examples,
    positions: npt.NDArray[np.int64],
    draws: npt.NDArray[np.int64],
    recipe: Recipe,
    epoch: int,
    device: torch.device,
    *,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """(k, C, H, W) float32 in 0..1, channels last: pictures changed by the draws of `draws`, which are what samples are known by."""
    pixels = load_pixels(examples, positions, device, size=size)
    changed = augment(pixels, recipe.augmentation, seed=recipe.seed, epoch=epoch, indices=draws)
    return changed.contiguous(memory_format=torch.channels_last)


def load_pixels(
    examples: Examples,
    positions: npt.NDArray[np.int64],
    device: torch.device,
    *,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """(k, C, H, W) uint8 on the device, channels last, shrunk to a size if one is said."""
    pixels = torch.from_numpy(examples.pixels(positions))
    if device.type == "cuda":
        pixels = pixels.pin_memory().to(device, non_blocking=True)
    pixels = pixels.permute(0, 3, 1, 2)
    return pixels if size is None else shrink(pixels, size)


def load_maps(examples: ReadyExamples, positions: npt.NDArray[np.int64], epoch: int, device: torch.device) -> Inputs:
    """What is ready, as a network's inputs."""
    maps = torch.from_numpy(examples.maps(positions, epoch))
    maps = maps.to(device, memory_format=torch.channels_last) if maps.ndim == 4 else maps.to(device)
    return Inputs(positions, maps, Targets(load_labels(examples, positions, device)))


def load_labels(examples: Examples | ReadyExamples, positions: npt.NDArray[np.int64], device: torch.device) -> Tensor:
    """(k,) int64 on the device, or (k, classes)."""
    return torch.from_numpy(examples.labels[positions]).to(device)


def normalise(images: Tensor, examples: Examples, *, levels: int) -> Tensor:
    """(image / levels - mean) / std, computed as one multiplication and one addition in float32, channels as the network takes them.

    Args:
        images: (k, C, H, W) uint8 or float in 0..levels, RGB or grey, channels last; floats are changed in place.
        examples: Whose mean, deviation and order of channels.
        levels: 255, or 1.

    Returns:
        (k, C, H, W) float32, channels last.
    """
    turn = -1 if examples.reverses_channels else 1
    mean, deviation = (np.array(values)[::turn] for values in (examples.mean, examples.std))
    width = images.shape[3]
    # A whole row of pixels at a time: the three channels of one pixel would be too short to be worked on together.
    factor = torch.from_numpy(np.tile((1 / (levels * deviation)).astype(np.float32), width)).to(images.device)
    summand = torch.from_numpy(np.tile((-mean / deviation).astype(np.float32), width))
    summand = summand.to(images.device)

    def work(block: Tensor, floats: Tensor) -> None:
        if block is not floats:
            floats.copy_(block)
        floats.mul_(factor).add_(summand)

    images = in_blocks(images, work)
    return images.flip(1).contiguous(memory_format=torch.channels_last) if examples.reverses_channels else images


def in_blocks(images: Tensor, work: Callable[[Tensor, Tensor], object]) -> Tensor:
    """Calls `work(from, into)` on rows of pixels, (n, H, W * C) each, a few pictures at a time on a CPU.

    Args:
        images: (k, C, H, W), channels last; where they are float32, `into` is `from`.
        work: Fills `into`, float32, from `from`.

    Returns:
        (k, C, H, W) float32, channels last.
    """
    count, channels, height, width = images.shape
    rows = images.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    floats = rows if rows.dtype == torch.float32 else torch.empty_like(rows, dtype=torch.float32)
    step = max(1, BLOCK // max(1, channels * height * width)) if images.device.type == "cpu" else max(1, count)
    for start in range(0, count, step):
        block = rows[start : start + step]
        work(block, block if floats is rows else floats[start : start + step])
    return floats.reshape(count, height, width, channels).permute(0, 3, 1, 2)


Item = TypeVar("Item")


class prefetched(Generic[Item]):  # noqa: N801 - used like a function
    """A context manager over the inputs of batches, which a thread prepares ahead; on a GPU, in a stream of its own.

    Args:
        prepare: Makes a batch ready; called in the thread.
        batches: What it is called with, in order.
        device: Where the inputs are.
    """

    def __init__(self, prepare: Callable[[Item], Inputs], batches: Sequence[Item], device: torch.device) -> None:
        self._prepare = prepare
        self._batches = batches
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="striate-batches")

    def __enter__(self) -> Iterator[Inputs]:
        return self._prepared()

    def __exit__(self, *failure: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, item: Item) -> tuple[Inputs, torch.cuda.Event | None]:
        if self._stream is None:
            return self._prepare(item), None
        with torch.cuda.stream(self._stream):
            return self._prepare(item), self._stream.record_event()

    def _prepared(self) -> Iterator[Inputs]:
        waiting: list[Future[tuple[Inputs, torch.cuda.Event | None]]] = []
        for index in range(len(self._batches)):
            while len(waiting) < LOOKAHEAD and index + len(waiting) < len(self._batches):
                waiting.append(self._pool.submit(self._work, self._batches[index + len(waiting)]))
            inputs, ready = waiting.pop(0).result()
            if ready is not None:
                # The processor goes on at once; the GPU waits for the other stream, and keeps its memory until both are done.
                stream = torch.cuda.current_stream(self._device)
                stream.wait_event(ready)
                for tensor in inputs.tensors():
                    tensor.record_stream(stream)
            yield inputs
