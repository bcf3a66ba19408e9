"""The sets that contenders learn from and are tested on: folders of train, val and test that all of them read, split by a fixed seed.

    SETS/flowers5/train/daisy/00000.jpg     what is learnt from
    SETS/flowers5/val/daisy/00451.jpg       what choices are made on
    SETS/flowers5/test/daisy/03317.jpg      what no contender sees before it has finished

File names are numbers, each given once in a set, in an order drawn by the seed: they tell nothing of the class. A set is made whole
or not at all, and made once. What a cell needs to know of it without the pictures is its `Facts`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SEED = 2024
VALIDATION_SHARE = 0.15
FEW = 20
"""Pictures a class in the small sets, of which a fifth validates."""


@dataclass(frozen=True)
class Picture:
    """One picture: an encoded file's bytes, and its class."""

    content: bytes
    ending: str
    label: str


@dataclass(frozen=True)
class Pools:
    """Pictures that may be learnt from, and pictures that are tested on; where there are none of those, `test` are drawn from the first."""

    learn: list[Picture]
    test: list[Picture]


@dataclass(frozen=True)
class Source:
    """Where a set is from."""

    title: str
    read: Callable[[Path], Pools]
    learn: int | None = None  # pictures that are learnt from, validation included; None: all
    test: int | None = None  # pictures that are tested on; None: all
    mirrored: bool = True  # whether a picture's mirror image is of its class: not so for characters


@dataclass(frozen=True)
class Facts:
    """What is known of a set without its pictures."""

    name: str
    title: str
    classes: tuple[str, ...]
    train: int
    val: int
    mirrored: bool
    truths: str  # the test pictures' classes, in the order of their names, as `pack` has them
    digest: str  # of all names, classes and contents

    def to_dict(self) -> dict[str, Any]:
        """As JSON types."""
        return vars(self) | {"classes": list(self.classes)}

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Facts:
        """The facts that `to_dict` wrote."""
        return cls(**(table | {"classes": tuple(table["classes"])}))

    def labels(self) -> np.ndarray:
        """(n,) uint8: the test pictures' classes."""
        return unpack(self.truths)


def pack(labels: Sequence[int] | np.ndarray) -> str:
    """Class numbers below 256 as text: bytes, deflated, base64.

    Example:
        >>> unpack(pack([3, 0, 3])).tolist()
        [3, 0, 3]
    """
    return base64.b64encode(zlib.compress(np.asarray(labels, dtype=np.uint8).tobytes(), 9)).decode("ascii")


def unpack(text: str) -> np.ndarray:
    """(n,) uint8: what `pack` took."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)


def png(pixels: np.ndarray, label: str) -> Picture:
    """A picture of (height, width) or (height, width, 3) uint8 pixels."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return Picture(stream.getvalue(), ".png", label)


def files(folder: Path) -> list[Picture]:
    """The pictures of a folder of class folders."""
    return [
        Picture(path.read_bytes(), path.suffix.lower(), path.parent.name)
        for path in sorted(folder.glob("*/*"))
        if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    ]


def digits(data: Path) -> Pools:
    """The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn has."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = (found.images * 255 / 16).round().astype(np.uint8)
    return Pools([png(picture, str(label)) for picture, label in zip(pixels, found.target, strict=True)], [])


def mnist(data: Path) -> Pools:
    """MNIST, from its IDX files."""

    def part(name: str) -> list[Picture]:
        with gzip.open(data / "mnist" / f"{name}-images-idx3-ubyte.gz") as stream:
            pixels = np.frombuffer(stream.read(), np.uint8, offset=16).reshape(-1, 28, 28)
        with gzip.open(data / "mnist" / f"{name}-labels-idx1-ubyte.gz") as stream:
            labels = np.frombuffer(stream.read(), np.uint8, offset=8)
        drawn = np.random.default_rng(SEED).permutation(len(labels))[:5_000]
        return [png(pixels[index], str(labels[index])) for index in drawn]

    return Pools(part("train"), part("t10k"))


def cifar10_pictures(data: Path, part: str, *, most: int | None = None) -> list[Picture]:
    """CIFAR-10 as JPEG files, `train` or `test`, in an order that is drawn."""
    with np.load(data / "cifar10_jpeg" / "cifar10_jpeg.npz") as arrays:
        classes = [str(name) for name in arrays["classes"]]
        content, offsets, labels = (arrays[f"{part}_{kind}"] for kind in ("bytes", "offsets", "labels"))
    drawn = np.random.default_rng(SEED).permutation(len(labels))[:most]
    return [Picture(content[offsets[i] : offsets[i + 1]].tobytes(), ".jpg", classes[int(labels[i])]) for i in drawn]


def cifar10(data: Path) -> Pools:
    """Ten classes of 32 pixels."""
    return Pools(cifar10_pictures(data, "train", most=5_000), cifar10_pictures(data, "test"))


def with_splits(name: str) -> Callable[[Path], Pools]:
    """Reads a folder of train and val; what others validate on is tested on here."""
    return lambda data: Pools(files(data / name / "train"), files(data / name / "val"))


SOURCES: dict[str, Source] = {
    "digits": Source("digits, 8 px", digits, test=1_000, mirrored=False),
    "mnist": Source("MNIST, 5,000 of it", mnist, learn=5_000, test=2_000, mirrored=False),
    "cifar10": Source("CIFAR-10 as JPEG, 5,000 of it", cifar10, learn=5_000, test=2_000),
    "hymenoptera": Source("ants and bees", with_splits("hymenoptera")),
    "flowers5": Source("five flowers, 128 px", lambda data: Pools(files(data / "flowers5"), []), test=1_000),
    "imagenette": Source("imagenette, 160 px", with_splits("imagenette")),
}
"""By name; of each there is a small set too, `NAME-20`, with the same test pictures."""


def names_of(sources: dict[str, Source]) -> list[str]:
    """All sets, the small ones last."""
    return [*sources, *(f"{name}-{FEW}" for name in sources)]


def split(source: Source, data: Path, *, few: bool) -> dict[str, list[Picture]]:
    """Train, val and test, each with every class as even as it comes, in an order that tells nothing."""
    generator = np.random.default_rng(SEED)
    pools = source.read(data)
    learn = shuffled(pools.learn, generator)
    if pools.test:
        test = shuffled(pools.test, generator)[: source.test]
    else:
        test, learn = parted(learn, (source.test or 0) / len(learn))
    learn = learn[: source.learn]
    share = VALIDATION_SHARE
    if few:
        learn, share = [picture for own in by_class(learn).values() for picture in own[:FEW]], 1 / 5
    val, train = parted(learn, share)
    return {"train": shuffled(train, generator), "val": shuffled(val, generator), "test": shuffled(test, generator)}


def shuffled(pictures: Sequence[Picture], generator: np.random.Generator) -> list[Picture]:
    """In an order that is drawn."""
    return [pictures[index] for index in generator.permutation(len(pictures))]


def by_class(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """By class, in the order of names."""
    found: dict[str, list[Picture]] = {name: [] for name in sorted({picture.label for picture in pictures})}
    for picture in pictures:
        found[picture.label].append(picture)
    return found


def parted(pictures: Sequence[Picture], share: float) -> tuple[list[Picture], list[Picture]]:
    """A share of each class, and the rest."""
    taken: list[Picture] = []
    left: list[Picture] = []
    for own in by_class(pictures).values():
        count = max(1, round(share * len(own)))
        taken += own[:count]
        left += own[count:]
    return taken, left


def make_set(name: str, folder: Path, data: Path, sources: dict[str, Source] | None = None) -> Facts:
    """Writes a set if it is not there, and tells what it is.

    Args:
        name: A name of `sources`, with `-20` behind it for the small one.
        folder: Where sets are kept; this one becomes `folder/name`.
        data: What it is made of: `$STRIATE_TEST_DATA`.
        sources: The sets that there are; None: `SOURCES`.
    """
    sources = SOURCES if sources is None else sources
    source = sources[name.removesuffix(f"-{FEW}")]
    place = folder / name
    if not place.exists():
        partial = folder / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        number = 0
        for part, pictures in split(source, data, few=name.endswith(f"-{FEW}")).items():
            for picture in pictures:
                path = partial / part / picture.label / f"{number:05}{picture.ending}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture.content)
                number += 1
        partial.rename(place)
    return facts_of(name, place, source)


def facts_of(name: str, place: Path, source: Source) -> Facts:
    """What is known of a set that was made."""
    classes = sorted(path.name for path in (place / "train").iterdir())
    digest = hashlib.sha256()
    for path in sorted(place.glob("*/*/*")):
        digest.update(path.relative_to(place).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return Facts(
        name=name,
        title=source.title + (f", {FEW} a class" if name.endswith(f"-{FEW}") else ""),
        classes=tuple(classes),
        train=len(list((place / "train").glob("*/*"))),
        val=len(list((place / "val").glob("*/*"))),
        mirrored=source.mirrored,
        truths=pack([classes.index(path.parent.name) for path in test_pictures(place)]),
        digest=digest.hexdigest(),
    )


def test_pictures(place: Path) -> list[Path]:
    """The test pictures in the order of their names, which are numbers."""
    return sorted((place / "test").glob("*/*"), key=lambda path: path.name)
