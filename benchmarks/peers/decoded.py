"""Pictures decoded once and kept in memory, for the peers that leave reading to their users."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from peer import Job
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

SIDES = (64, 96, 128, 160, 224)
"""Of the input, in pixels."""
LARGEST = 256


class Decoded:
    """The pictures of a set, the shorter side at most 256 pixels, normalised when they are asked for."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.kept: dict[str, list[Tensor]] = {}
        self.known: dict[str, Tensor] = {}

    def pictures(self, part: str) -> list[Tensor]:
        """(3, height, width) uint8 each, decoded when they are first asked for."""
        if part not in self.kept:
            found = self.job.pictures(part)
            with ThreadPoolExecutor(2) as pool:
                self.kept[part] = list(pool.map(lambda row: decode(row[0]), found))
            self.known[part] = torch.tensor([label for _, label in found])
        return self.kept[part]

    def labels(self, part: str) -> Tensor:
        """(n,) class numbers."""
        self.pictures(part)
        return self.known[part]

    def count(self, part: str) -> int:
        """How many there are."""
        return len(self.pictures(part))

    def typical_side(self) -> int:
        """The shorter side of the training picture in the middle."""
        return int(statistics.median(min(picture.shape[1:]) for picture in self.pictures("train")))

    def batches(
        self,
        part: str,
        size: int,
        batch: int,
        *,
        change: Callable[[Tensor], Tensor] | None = None,
        seed: int | None = None,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of (n, 3, size, size) float and (n,) labels.

        Args:
            part: `train`, `val` or `test`.
            size: Side in pixels.
            batch: Pictures in each; a last one of a single picture is left out in training, as batch norm has no use for it.
            change: What makes a picture of that size of a uint8 one; None: it is resized to the side, the middle kept.
            seed: Of the order; None: as they are.
        """
        pictures, labels = self.pictures(part), self.labels(part)
        order = torch.arange(len(pictures))
        if seed is not None:
            order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
        change = change or centred(size)
        for begin in range(0, len(order), batch):
            chosen = order[begin : begin + batch]
            if seed is not None and len(chosen) == 1 and len(order) > 1:
                continue
            images = torch.stack([change(pictures[index]) for index in chosen.tolist()])
            yield self.normalised(images), labels[chosen]

    def normalised(self, images: Tensor) -> Tensor:
        """As the weights expect them."""
        images = (images.float() / 255 - self.job.mean) / self.job.std
        return images.contiguous(memory_format=torch.channels_last)


def decode(path: Path) -> Tensor:
    """(3, height, width) uint8, the shorter side at most 256 pixels."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if min(picture.size) > LARGEST:
        scale = LARGEST / min(picture.size)
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BILINEAR
        )
    return functional.pil_to_tensor(picture)


def centred(size: int) -> Callable[[Tensor], Tensor]:
    """Resizes to the side, and keeps the middle."""
    return v2.Compose([v2.Resize(size, antialias=True), v2.CenterCrop(size)])


def sides(data: Decoded) -> tuple[int, ...]:
    """Which inputs are worth trying: to 224 pixels for photographs; small pictures are enlarged four times at most."""
    largest = 224 if data.typical_side() >= 96 else max(64, min(128, 4 * data.typical_side()))
    return tuple(side for side in SIDES if side <= largest)


def measure_epoch(
    data: Decoded, size: int, batch: int, step: Callable[[Tensor, Tensor], None], network: nn.Module
) -> float:
    """Seconds that an epoch takes, validation included, by a few of its batches."""
    network.train()
    taken = []
    change = v2.Compose([v2.RandomResizedCrop(size, antialias=True), v2.RandomHorizontalFlip()])
    begun = time.perf_counter()
    for number, (images, labels) in enumerate(data.batches("train", size, batch, change=change, seed=0)):
        step(images, labels)
        now = time.perf_counter()
        taken.append(now - begun)
        begun = now
        if number == 2:
            break
    steps = max(1, data.count("train") / batch)
    # What is not learnt from takes a third: it is only computed forward.
    return statistics.median(taken[1:] or taken) * (steps + data.count("val") / batch / 3)


@torch.inference_mode()
def predictions(network: nn.Module, data: Decoded, part: str, size: int) -> Tensor:
    """(n,) class numbers that a network answers."""
    network.eval()
    return torch.cat([network(images).argmax(1) for images, _ in data.batches(part, size, 64)])
