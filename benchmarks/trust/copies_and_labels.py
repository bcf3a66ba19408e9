"""Near copies and label errors: what is found of those that were planted, what is called a copy among distinct pictures, and the cost.

Of each set, changes of 400 pictures are looked for among all of its pictures, and the pairs that are found where nothing was planted are
counted (many are true in some sets: they are to be looked at). Of imagenette's training pictures 5 % of the labels are changed, and what
heads on MobileNetV2's features suspect is compared with them.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

from striate.data.near_copies import find_near_copies
from striate.pixels import decode
from striate.pixels.perceptual_hashes import grey_thumbnail, reduced, small_colours

from .materials import WEIGHTS, Materials

NAME = "copies"
SETS = ("imagenette", "hymenoptera")
"""Those that take minutes; flowers5, CIFAR-10 and MNIST take more, and are told of in `docs/doctor.md`."""
DRAWS = ((600, 0), (1500, 1))
"""Of label errors: pictures, and the seed that draws them and their errors."""
Change = Callable[[Image.Image], Image.Image]
PLANTED = 400
NOISE = 0.05


def stored_anew(quality: int) -> Change:
    """The picture as a JPEG has it."""

    def change(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def scaled(factor: float) -> Change:
    """The picture in another size."""
    return lambda picture: picture.resize(tuple(max(1, round(side * factor)) for side in picture.size))


def cropped(left: float, top: float, right: float, bottom: float) -> Change:
    """The picture without these shares of its sides."""

    def change(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.crop(
            (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        )

    return change


def gamma(power: float) -> Change:
    """The picture with its levels to a power."""
    return lambda picture: picture.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


CHANGES: dict[str, Change] = {
    "jpeg 50": stored_anew(50),
    "jpeg 30": stored_anew(30),
    "half": scaled(0.5),
    "double": scaled(2),
    "brightness +20 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.2),
    "brightness -20 %": lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
    "contrast +20 %": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "contrast -20 %": lambda picture: ImageEnhance.Contrast(picture).enhance(0.8),
    "gamma 1.2": gamma(1.2),
    "gamma 0.8": gamma(0.8),
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda picture: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned by 90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned by 180": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "turned by 270": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "3 % off each edge": cropped(0.03, 0.03, 0.03, 0.03),
    "8 % off each edge": cropped(0.08, 0.08, 0.08, 0.08),
    "8 % off two edges": cropped(0.08, 0.08, 0, 0),
}


def measure(materials: Materials) -> dict[str, Any]:
    """Both, as JSON types."""
    return {
        "near_copies": {name: near_copies(materials.data, name) for name in SETS},
        "label_errors": [label_errors(materials.data, pictures=pictures, seed=seed) for pictures, seed in DRAWS],
    }


def pictures_of(data: Path, name: str) -> Iterator[Image.Image]:
    """The pictures of a set: 10,000 of CIFAR-10 and MNIST."""
    if name == "mnist":
        with gzip.open(data / "mnist" / "train-images-idx3-ubyte.gz") as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
        yield from (Image.fromarray(one).convert("RGB") for one in pixels[:10_000])
    elif name == "cifar10":
        with np.load(data / "cifar10_jpeg" / "cifar10_jpeg.npz") as arrays:
            content, offsets = arrays["train_bytes"], arrays["train_offsets"]
        for start, end in itertools.pairwise(offsets[:10_001]):
            yield Image.fromarray(decode(content[start:end].tobytes()))
    else:
        for path in sorted(path for path in (data / name).rglob("*") if path.is_file()):
            yield Image.fromarray(decode(path))


def seen(pictures: Sequence[Image.Image]) -> tuple[np.ndarray, np.ndarray]:
    """What near copies are found by."""
    small = [reduced(one) for one in pictures]
    return np.stack([grey_thumbnail(one) for one in small]), np.stack([small_colours(one) for one in small])


def near_copies(data: Path, name: str) -> dict[str, Any]:
    """What is found in a set as it is, and of each change that is planted in it."""
    pictures = list(pictures_of(data, name))
    grey, colours = seen(pictures)
    begun = time.process_time()
    found = find_near_copies(grey, colours)
    count, seconds = len(pictures), time.process_time() - begun
    chosen = np.linspace(0, count - 1, min(PLANTED, count)).astype(int)
    recall = {}
    for change, make in CHANGES.items():
        changed = seen([make(pictures[row]) for row in chosen])
        both = find_near_copies(*(np.concatenate(parts) for parts in zip((grey, colours), changed, strict=True)))
        pairs = {(first, second) for first, second in both.pairs.tolist()}
        recall[change] = float(np.mean([(int(row), count + place) in pairs for place, row in enumerate(chosen)]))
    return {
        "pictures": count,
        "pairs": count * (count - 1) // 2,
        "found_unplanted": len(found.pairs),
        "strict": found.strict,
        "processor_seconds": round(seconds, 2),
        "recall": recall,
    }


def label_errors(data: Path, *, pictures: int, seed: int) -> dict[str, Any]:
    """How well suspects are the labels that were changed."""
    from sklearn.metrics import average_precision_score

    import striate

    generator = np.random.default_rng(seed)
    dataset = striate.load_data(data / "imagenette")
    rows = np.sort(generator.permutation(dataset.indices("train"))[:pictures])
    dataset = dataset.select(rows)
    changed = np.sort(generator.permutation(pictures)[: round(NOISE * pictures)])
    labels = dataset.labels.copy()
    classes = len(dataset.classes)
    labels[changed] = (labels[changed] + generator.integers(1, classes, len(changed))) % classes
    dataset = dataclasses.replace(dataset, labels=labels)
    checked = striate.check(dataset, weights=data / WEIGHTS)
    found = [one for one in checked.findings if one.kind.endswith("label-error")]
    row_of = {dataset.pictures.key(row): row for row in range(pictures)}
    suspects = [row_of[one.files[0]] for one in found]
    faults = [row_of[one.files[0]] for one in found if one.fault]
    truth = np.isin(np.arange(pictures), changed)
    suspicion = np.zeros(pictures)
    suspicion[suspects] = [1 - one.figure for one in found]
    return {
        "pictures": pictures,
        "changed": len(changed),
        "suspects": len(suspects),
        "right_suspects": int(truth[suspects].sum()),
        "faults": len(faults),
        "right_faults": int(truth[faults].sum()),
        "precision_at_k": float(truth[suspects[: len(changed)]].sum() / len(changed)),
        "average_precision": float(average_precision_score(truth, suspicion)),
        "judged_by": checked.labels_judged_by,
    }


def section(result: Mapping[str, Any]) -> str:
    """What was measured, as Markdown."""
    sets = result["near_copies"]
    head = " | ".join(f"{name} ({row['pictures']:,})" for name, row in sets.items())
    recall = {change: " | ".join(f"{row['recall'][change]:.4f}" for row in sets.values()) for change in CHANGES}
    lines = [
        "## Near copies and label errors",
        "",
        f"What is found of changes of {PLANTED} pictures (all, where there are fewer) among all pictures of the set and the changed ones. "
        "Other sets are told of in [doctor.md](doctor.md).",
        "",
        f"| change | {head} |",
        "|---" * (1 + len(sets)) + "|",
        *(f"| {change} | {shares} |" for change, shares in recall.items()),
        "",
    ]
    lines += [
        f"{name}: {row['found_unplanted']:,} of {row['pairs']:,} pairs are called near copies where nothing was planted; the search takes "
        f"{row['processor_seconds']:.2f} s of processor time.\n"
        for name, row in sets.items()
    ]
    lines += [
        f"Labels, {NOISE:.0%} of them changed at random, by `striate check --weights` with MobileNetV2's:",
        "",
        "| pictures | changed | suspects, of them changed | faults, of them changed | precision at as many as were changed |",
        "|---|---|---|---|---|",
    ]
    for row in result["label_errors"]:
        suspects, faults = (f"{row[kind]}, {row[f'right_{kind}']}" for kind in ("suspects", "faults"))
        lines.append(
            f"| {row['pictures']:,} | {row['changed']} | {suspects} | {faults} | {row['precision_at_k']:.3f} |"
        )
    return "\n".join([*lines, ""])
