"""What batched augmentation costs beside torchvision's, applied picture by picture, in turns in one run.

    python benchmarks/augmentation.py --rounds 9 --json

Both begin with the same 256 pictures of 224 x 224 as bytes and end with one float32 batch in 0..1, channels last. torchvision is given
each picture as a uint8 tensor, as its documentation advises, as a float32 tensor, and as a Pillow picture, as its reference scripts do.
Freed memory is kept for the next allocation, as in training, which helps both.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from torchvision.transforms import InterpolationMode, v2

import striate
from striate.augmentation import (
    AugmentationPolicy,
    Brightness,
    Contrast,
    HorizontalFlip,
    RandomResizedCrop,
    Rotation,
    Saturation,
    Scaling,
    Translation,
    applying,
    augment,
    named_policy,
)
from striate.timing import SideBySide, time_side_by_side
from striate.training.memory import keep_freed_memory

BILINEAR = InterpolationMode.BILINEAR

CASES: dict[str, tuple[AugmentationPolicy, list[Callable[..., torch.Tensor]]]] = {
    "affine, flip, colour": (
        AugmentationPolicy(
            rotation=Rotation(degrees=10.0),
            scaling=Scaling(factor=1.25),
            translation=Translation(share=0.1),
            horizontal_flip=HorizontalFlip(probability=0.5),
            brightness=Brightness(change=0.4),
            contrast=Contrast(change=0.4),
            saturation=Saturation(change=0.4),
        ),
        [
            v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.8, 1.25), interpolation=BILINEAR),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4),
        ],
    ),
    "standard": (
        named_policy("standard", drawn=False),
        [
            v2.RandomAffine(5, translate=(0.08, 0.08), scale=(1 / 1.15, 1.15), interpolation=BILINEAR),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2),
        ],
    ),
    "resized crop, flip": (
        AugmentationPolicy(
            random_resized_crop=RandomResizedCrop(smallest_area=0.08, aspect=4 / 3),
            horizontal_flip=HorizontalFlip(probability=0.5),
        ),
        [v2.RandomResizedCrop(224, scale=(0.08, 1.0), antialias=True), v2.RandomHorizontalFlip(0.5)],
    ),
}


def make_pictures(count: int, side: int) -> torch.Tensor:
    """(count, 3, side, side) uint8, channels last in memory, as pictures come from the cache: smooth shapes with some noise."""
    generator = np.random.default_rng(0)
    coarse = torch.from_numpy(generator.random((count, 3, 8, 8), dtype=np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    noisy = smooth + 0.03 * torch.from_numpy(generator.standard_normal(smooth.shape, dtype=np.float32))
    return (noisy.clamp(0, 1) * 255).to(torch.uint8).contiguous(memory_format=torch.channels_last)


def one_by_one(transform: Callable[[Any], torch.Tensor], singles: Sequence[Any]) -> torch.Tensor:
    """Each picture transformed alone, then all put into a batch as the network takes it."""
    return torch.stack([transform(single) for single in singles]).contiguous(memory_format=torch.channels_last)


def measure(
    policy: AugmentationPolicy, transforms: list[Callable[..., torch.Tensor]], pictures: torch.Tensor, rounds: int
) -> SideBySide:
    """Times the policy in chunks and on the whole batch at once, and the transforms on bytes and on floats."""
    singles = [picture.contiguous() for picture in pictures]
    to_float = v2.ToDtype(torch.float32, scale=True)
    on_bytes, on_floats = v2.Compose([*transforms, to_float]), v2.Compose([to_float, *transforms])
    pillow = [v2.functional.to_pil_image(picture) for picture in pictures]
    on_pillow = v2.Compose([*transforms, v2.ToImage(), to_float])
    indices = np.arange(len(pictures))
    epoch = iter(range(10**6))

    def batched() -> torch.Tensor:
        return augment(pictures, policy, seed=0, epoch=next(epoch), indices=indices)

    def whole() -> torch.Tensor:
        chunk, applying.CHUNK_VALUES = applying.CHUNK_VALUES, pictures.numel()
        try:
            return batched()
        finally:
            applying.CHUNK_VALUES = chunk

    return time_side_by_side(
        {
            "striate": batched,
            "striate, whole batch at once": whole,
            "torchvision on bytes": lambda: one_by_one(on_bytes, singles),
            "torchvision on floats": lambda: one_by_one(on_floats, singles),
            "torchvision on Pillow": lambda: one_by_one(on_pillow, pillow),
        },
        rounds=rounds,
    )


def processor() -> str:
    """The processor's name, as the system has it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Measures every case and prints milliseconds a picture and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="for both")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    pictures = make_pictures(options.pictures, options.side)
    result: dict[str, object] = {
        "processor": processor(),
        "threads": options.threads,
        "versions": {
            "striate": striate.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "pictures": options.pictures,
        "side": options.side,
        "rounds": options.rounds,
    }
    cases = {}
    for name, (policy, transforms) in CASES.items():
        print(f"{name}...", file=sys.stderr)
        timing = measure(policy, transforms, pictures, options.rounds)
        ratios = {}
        for peer in ("torchvision on bytes", "torchvision on floats", "torchvision on Pillow"):
            middle, low, high = timing.ratio("striate", peer)
            ratios[peer] = {"median": round(middle, 2), "least": round(low, 2), "most": round(high, 2)}
        cases[name] = {
            "milliseconds_a_picture": {
                work: round(1000 * statistics.median(seconds) / options.pictures, 3)
                for work, seconds in timing.seconds.items()
            },
            "times_as_fast_as": ratios,
        }
    result["cases"] = cases
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['processor']}, {options.threads} thread(s), torch {torch.__version__}, {options.rounds} rounds")
    for name, case in cases.items():
        print(f"\n{name}")
        for work, milliseconds in case["milliseconds_a_picture"].items():
            ratio = case["times_as_fast_as"].get(work)
            beside = f"   {ratio['median']}x ({ratio['least']} to {ratio['most']})" if ratio else ""
            print(f"  {work:<30}{milliseconds:>8.2f} ms a picture{beside}")


if __name__ == "__main__":
    main()
