"""A policy applied to a batch: drawn for all, carried out in chunks that stay in a processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation.colour import LINEAR, apply_colours, bend_gamma, compose_colours, turn_hue
from striate.augmentation.fields import on_device
from striate.augmentation.geometry import Elastic
from striate.augmentation.operation import Numbers, draw
from striate.augmentation.policy import AugmentationPolicy
from striate.augmentation.texture import add_noise, blur, erase
from striate.augmentation.warp import Drawn, Movements, compose, elastic_displacements, warp
from striate.errors import UsageError

CHUNK_VALUES = 1 << 20
"""Values of the pictures that a processor works on at a time: six of 224 x 224, with what comes of them, stay in its caches."""


def draw_policy(policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike) -> Drawn:
    """The draws of a policy's active operations by name, but for mixing; from (seed, epoch, index) alone."""
    return {
        operation.name: draw(operation, seed=seed, epoch=epoch, indices=indices)
        for operation in policy.active
        if operation.name not in ("mixup", "cutmix")
    }


def augment(images: Tensor, policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike) -> Tensor:
    """Changes every picture of a batch by its own draw; beyond the edge the nearest pixel goes on.

    What comes of a picture depends on it and on (seed, epoch, index): on one processor the bits are the same in any batch and with
    any number of threads. A GPU has the same draws and the same noise; what it resamples may differ in the last bits of
    float32. Mixing is not done here (`mix`).

    Args:
        images: (N, C, H, W) float in 0..1, C being 1 or 3 (RGB); or uint8, which is made float32 in 0..1 chunk by chunk.
        policy: What may vary.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (N,) integers: the samples' indices in the data set.

    Returns:
        (N, C, H, W) in 0..1, of the same device, layout in memory and dtype (bytes become float32); `images` itself if they are
        floats and the policy changes nothing.

    Raises:
        UsageError: If the pictures are neither grey nor RGB, or there is not one index for each.

    Example:
        >>> from striate.augmentation import Rotation
        >>> images = torch.rand(2, 3, 8, 8)
        >>> augment(images, AugmentationPolicy(rotation=Rotation(degrees=5.0)), seed=0, epoch=0, indices=[0, 1]).shape
        torch.Size([2, 3, 8, 8])
    """
    rows = np.asarray(indices, dtype=np.int64).reshape(-1)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise UsageError(f"augment needs pictures (N, C, H, W) with C = 1 or 3, got {tuple(images.shape)}")
    if len(rows) != len(images):
        raise UsageError(f"augment needs an index for each picture, got {len(images)} pictures and {len(rows)} indices")
    drawn = draw_policy(policy, seed=seed, epoch=epoch, indices=rows)
    if not drawn or not len(images):
        return images if images.is_floating_point() else to_floats(images)
    count, channels, height, width = images.shape
    movements = compose(drawn, count, height=height, width=width)
    colours = compose_colours(drawn, count, channels=channels) if any(name in drawn for name in LINEAR) else None
    result = torch.empty_like(images, dtype=images.dtype if images.is_floating_point() else torch.float32)
    size = max(1, CHUNK_VALUES // (channels * height * width)) if images.device.type == "cpu" else count
    for start in range(0, count, size):
        place = slice(start, min(start + size, count))
        part = {name: draws.part(place) for name, draws in drawn.items()}
        where = Place(seed, epoch, rows[place])
        chunk = move(images[place], part, movements.part(place), where)
        chunk = change_appearance(chunk, policy, part, None if colours is None else colours[place], where)
        result[place] = chunk
    return result


@dataclass(frozen=True)
class Place:
    """What the random numbers of some pictures depend on."""

    seed: int
    epoch: int
    indices: npt.NDArray[np.int64]


def move(images: Tensor, drawn: Drawn, movements: Movements, place: Place) -> Tensor:
    """Carries out all movements of a chunk (N, C, H, W); answers a new contiguous float32 tensor."""
    height, width = images.shape[2:]
    moved = movements.moved
    displacements = None
    if "elastic" in drawn and (on := drawn["elastic"].on).any():
        elastic = drawn["elastic"].operation
        displacements = torch.zeros(len(images), height, width, 2, device=images.device)
        rows = np.flatnonzero(on)
        displacements[on_device(rows, images.device)] = elastic_displacements(
            cast(Elastic, elastic),
            seed=place.seed,
            epoch=place.epoch,
            indices=place.indices[rows],
            height=height,
            width=width,
            device=images.device,
        )
    if moved.all():
        return warp(to_floats(images), movements, displacements)
    result = to_floats(images).contiguous()
    if result.data_ptr() == images.data_ptr():
        result = result.clone()
    for dimensions, chosen in (([3], (True, False)), ([2], (False, True)), ([2, 3], (True, True))):
        if (which := (movements.mirrored == chosen).all(axis=1)).any():
            index = on_device(np.flatnonzero(which), images.device)
            result[index] = result[index].flip(dimensions)
    if moved.any():
        rows = np.flatnonzero(moved)
        index = on_device(rows, images.device)
        some = None if displacements is None else displacements[index]
        result[index] = warp(result[index], movements.part(rows), some)
    return result


def change_appearance(
    images: Tensor, policy: AugmentationPolicy, drawn: Drawn, colours: Numbers | None, place: Place
) -> Tensor:
    """Carries out what follows the movements on a chunk (N, C, H, W) float32, which may be changed in place."""

    def change(images: Tensor, name: str, work: Callable[[Tensor, Numbers, npt.NDArray[np.int64]], Tensor]) -> Tensor:
        """Changes those pictures for which the operation was drawn."""
        if name not in drawn or not drawn[name].on.any():
            return images
        rows = np.flatnonzero(drawn[name].on)
        values, indices = drawn[name].values[rows], place.indices[rows]
        if len(rows) == len(images):
            return work(images, values, indices)
        index = on_device(rows, images.device)
        images[index] = work(images[index], values, indices)
        return images

    images = change(images, "blur", lambda some, values, _: blur(some, values[:, 0], largest=policy.blur.sigma))
    if colours is not None:
        images = apply_colours(images, colours)
    if images.shape[1] == 3:
        images = change(images, "hue", lambda some, values, _: turn_hue(some, values[:, 0]))
    images = change(images, "gamma", lambda some, values, _: bend_gamma(some, values[:, 0]))

    def noisy(some: Tensor, values: Numbers, indices: npt.NDArray[np.int64]) -> Tensor:
        return add_noise(some, policy.noise, values[:, 0], seed=place.seed, epoch=place.epoch, indices=indices)

    images = change(images, "noise", noisy)
    return change(images, "erasing", lambda some, values, _: erase(some, policy.erasing, values))


def to_floats(images: Tensor) -> Tensor:
    """float32 in 0..1 of floats or bytes; may be `images` itself."""
    return images.to(torch.float32) if images.is_floating_point() else images.to(torch.float32).div_(255)
