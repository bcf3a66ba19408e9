"""A data set with defects of every kind that `striate check` finds, and which pictures have which."""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

EXIF_ORIENTATION = 0x0112


@dataclass
class Planted:
    """Where the data set is, and what is wrong with what in it."""

    root: Path
    truth: dict[str, set[frozenset[str]]] = field(default_factory=lambda: defaultdict(set))
    """Kind -> what belongs together: the keys of pictures, the paths of folders, or the names of classes."""
    pictures: int = 0

    def note(self, kind: str, *keys: str) -> None:
        """Remembers a defect."""
        self.truth[kind].add(frozenset(keys))


def drawn_picture(random: np.random.Generator, side: int) -> Image.Image:
    """A colourful picture of shapes with sharp edges over a smooth ground and fine grain, no two the same."""
    ground = Image.fromarray(random.integers(60, 196, (4, 4, 3), dtype=np.uint8)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(ground)
    for _ in range(9):
        x, y = random.integers(0, side, 2)
        w, h = random.integers(side // 8, side // 2, 2)
        colour = tuple(int(value) for value in random.choice([0, 30, 90, 160, 225, 255], 3))
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((int(x), int(y), int(x + w), int(y + h)), fill=colour)
    grain = random.normal(0, 4, (side, side, 1))
    return Image.fromarray(np.clip(np.asarray(ground, np.float32) + grain, 0, 255).astype(np.uint8))


def _encoded(picture: Image.Image, **options: object) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, **{"format": "JPEG", "quality": 92, **options})
    return stored.getvalue()


def _scaled(picture: Image.Image, factor: float, offset: float) -> Image.Image:
    pixels = np.asarray(picture, np.float32) * factor + offset
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _truncated(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    data = _encoded(picture)
    return "jpg", data[: int(len(data) * random.uniform(0.3, 0.9))]


def _not_a_picture(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    return "jpg", random.bytes(int(random.integers(0, 4000)))


def _bit_flipped(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    data = bytearray(_encoded(picture, format="PNG", quality=None))
    data[int(random.integers(len(data) // 3, len(data) // 2))] ^= 0x41
    return "png", bytes(data)


def _misnamed(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    kinds = [("jpg", "PNG"), ("png", "JPEG"), ("jpeg", "WEBP"), ("bmp", "GIF"), ("gif", "BMP"), ("tif", "JPEG")]
    ending, really = kinds[int(random.integers(len(kinds)))]
    stored = io.BytesIO()
    picture.save(stored, format=really)
    return ending, stored.getvalue()


def _other_mode(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    mode = str(random.choice(["CMYK", "L", "RGBA", "LA", "I;16", "F"]))
    stored = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(stored, format="PNG")
        return "png", stored.getvalue()
    if mode == "F":
        picture.convert("F").save(stored, format="TIFF")
        return "tif", stored.getvalue()
    if mode in ("RGBA", "LA"):
        seen_through = picture.convert(mode)
        seen_through.putalpha(picture.convert("L").point(lambda value: 255 if value > 60 else 90))
        seen_through.save(stored, format="PNG")
        return "png", stored.getvalue()
    return "jpg", _encoded(picture.convert(mode))


def _turned(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = int(random.integers(2, 9))
    return "jpg", _encoded(picture, exif=exif)


def _tiny(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    side = int(random.integers(8, 44))
    return "jpg", _encoded(picture.resize((side, side + 3)))


def _huge(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    return "jpg", _encoded(picture.resize((4000, 2600 + int(random.integers(100)))), quality=60)


def _long(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    size = picture.width, round(picture.width / random.uniform(4.2, 9))
    return "jpg", _encoded(picture.resize(size if random.random() < 0.5 else size[::-1]).resize(size))


def _dark(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    return "jpg", _encoded(_scaled(picture, random.uniform(0.08, 0.2), 0))


def _bright(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    kept = random.uniform(0.08, 0.2)
    return "jpg", _encoded(_scaled(picture, kept, 255 * (1 - kept)))


def _blank(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    tone = random.integers(0, 256, 3).astype(np.float32)
    noise = random.normal(0, random.uniform(0, 3), (picture.height, picture.width, 1))
    return "jpg", _encoded(Image.fromarray(np.clip(tone + noise, 0, 255).astype(np.uint8)))


def _blurry(picture: Image.Image, random: np.random.Generator) -> tuple[str, bytes]:
    radius = random.uniform(0.015, 0.04) * min(picture.size)
    return "jpg", _encoded(picture.filter(ImageFilter.GaussianBlur(radius)))


SINGLE: Mapping[str, Sequence[Callable[[Image.Image, np.random.Generator], tuple[str, bytes]]]] = {
    "broken": (_truncated, _not_a_picture, _bit_flipped),
    "wrong-extension": (_misnamed,),
    "colour-mode": (_other_mode,),
    "exif-turned": (_turned,),
    "tiny": (_tiny,),
    "long": (_long,),
    "dark": (_dark,),
    "bright": (_bright,),
    "blank": (_blank,),
    "blurry": (_blurry,),
    "huge": (_huge,),
}
"""What makes a defect of one picture, by kind: an ending and the file's bytes."""


def plant(
    root: Path, clean: Sequence[Image.Image], spoilt: Sequence[Image.Image], *, each: int, huge: int, seed: int = 0
) -> Planted:
    """Writes a data set with splits, in which defects of every kind are planted.

    Args:
        root: An empty folder.
        clean: Pictures without defects, all different.
        spoilt: Others, which defects are made of: `needed` says how many.
        each: Defects of each kind of one picture, and sets of copies of each kind.
        huge: Of those, huge ones, which are dear.
        seed: Of everything random.
    """
    random = np.random.default_rng(seed)
    planted, sources = Planted(root), iter(spoilt)
    places = [(split, name) for split in ("train", "train", "train", "val") for name in ("ash", "birch", "cedar")]

    def put(place: tuple[str, str], name: str, data: bytes) -> str:
        path = root / place[0] / place[1] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        planted.pictures += 1
        return path.relative_to(root).as_posix()

    for number, picture in enumerate(clean):
        put(places[number % len(places)], f"clean{number:05}.jpg", _encoded(picture))
    for kind, makers in SINGLE.items():
        for number in range(huge if kind == "huge" else each):
            ending, data = makers[number % len(makers)](next(sources), random)
            planted.note(kind, put(places[int(random.integers(len(places)))], f"{kind}{number:04}.{ending}", data))
    for number in range(each):
        for kind, others in {
            "copies": (("train", "ash"), ("train", "ash")),
            "leaked-copies": (("train", "birch"), ("val", "birch")),
            "contradicting-copies": (("train", "ash"), ("train", "cedar")),
        }.items():
            data = _encoded(next(sources))
            keys = [put(place, f"{kind}{number:04}{side}.jpg", data) for side, place in zip("ab", others, strict=True)]
            planted.note(kind, *keys)
    _plant_classes(planted, put, sources, in_class=_in_class(len(clean)))
    return planted


def needed(clean: int, *, each: int, huge: int) -> int:
    """How many pictures defects are made of, beside so many clean ones."""
    return (len(SINGLE) - 1 + 3) * each + huge + 4 * _in_class(clean) + 4


def _in_class(clean: int) -> int:
    """Pictures of each class that is planted: enough for it not to be uneven."""
    return 12 + clean // 20


def _plant_classes(
    planted: Planted,
    put: Callable[[tuple[str, str], str, bytes], str],
    sources: Iterator[Image.Image],
    *,
    in_class: int,
) -> None:
    """Defects of folders and classes."""

    def fresh() -> bytes:
        return _encoded(next(sources))

    (planted.root / "train" / "dogwood").mkdir()
    planted.note("empty-folder", "train/dogwood")
    (planted.root / "val" / "yew").mkdir()
    planted.note("unmeasured-folder", "val/yew")
    for number in range(3):
        put(("train", ".elm"), f"{number}.jpg", fresh())
    planted.pictures -= 3
    planted.note("hidden-folder", "train/.elm")
    for name in ("Holly Oak", "holly_oak"):
        for number in range(in_class):
            put(("train", name), f"{number}.jpg", fresh())
    planted.note("names-alike", "Holly Oak", "holly_oak")
    twice = [unicodedata.normalize(form, "sórrel") for form in ("NFC", "NFD")]
    for name in twice:
        for number in range(in_class):
            put(("train", name), f"{unicodedata.normalize('NFC', name) == name}{number}.jpg", fresh())
    planted.note("folder-twice", *(f"train/{name}" for name in twice))
    put(("train", "yew"), "only.jpg", fresh())
    planted.note("uneven-classes", "yew")
    for number in range(2):
        key = put(("train", "zelkova"), f"{number}.jpg", b"\xff\xd8\xff" + bytes(300))
        planted.note("broken", key)
    planted.note("unusable-class", "zelkova")
