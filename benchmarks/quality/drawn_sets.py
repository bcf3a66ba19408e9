"""Stand-ins for sets that nobody tuned for: made of photographs, of filtered noise, and of shapes drawn on photographs, by a seed."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from quality.sets import SEED, Picture, Pools, Source, cifar10_pictures, files

QUALITY = 85
"""Of JPEG."""


def jpeg(picture: Image.Image, label: str) -> Picture:
    """An encoded picture."""
    stream = io.BytesIO()
    picture.save(stream, "jpeg", quality=QUALITY)
    return Picture(stream.getvalue(), ".jpg", label)


def small_photographs(data: Path) -> Pools:
    """Imagenette's photographs, the middle of each shrunk to 100 pixels."""
    found = files(data / "imagenette" / "train") + files(data / "imagenette" / "val")
    made = []
    for picture in found:
        with Image.open(io.BytesIO(picture.content)) as opened:
            whole = opened.convert("RGB")
        edge = min(whole.size)
        left, top = (whole.width - edge) // 2, (whole.height - edge) // 2
        box = (left, top, left + edge, top + edge)
        made.append(jpeg(whole.resize((100, 100), Image.Resampling.BICUBIC, box=box), picture.label))
    return Pools(made, [])


def grey_pairs(data: Path) -> Pools:
    """Aeroplanes and birds, grey, 28 pixels, nine to one: 4,050 and 450."""
    made = []
    for name, count in (("airplane", 4_050), ("bird", 450)):
        own = [picture for picture in cifar10_pictures(data, "train") if picture.label == name]
        for picture in own[:count]:
            with Image.open(io.BytesIO(picture.content)) as opened:
                made.append(jpeg(opened.convert("L").resize((28, 28), Image.Resampling.BICUBIC), name))
    return Pools(made, [])


TEXTURES = 12
TEXTURE_SIDE = 96


def textures(data: Path) -> Pools:
    """Twelve textures of 96 pixels: noise through two oriented filters each, seen turned a little, nearer or farther, in any light.

    The filters are drawn once; a picture's turn, scale, contrast, brightness and tint tell nothing of its class.
    """
    generator = np.random.default_rng(SEED)
    kinds = [
        [(generator.uniform(0, math.pi), generator.uniform(0.08, 0.3), generator.uniform(0.15, 0.5)) for _ in range(2)]
        for _ in range(TEXTURES)
    ]
    made = []
    for number in range(250 * TEXTURES):
        kind = number % TEXTURES
        made.append(jpeg(texture(kinds[kind], generator), f"texture {kind:02}"))
    return Pools(made, [])


def texture(filters: list[tuple[float, float, float]], generator: np.random.Generator) -> Image.Image:
    """One picture: white noise through filters of (orientation in radians, frequency in cycles a pixel, bandwidth as a share of it)."""
    side = TEXTURE_SIDE
    vertical, horizontal = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    turn, scale = generator.normal(0, math.radians(8)), float(np.exp(generator.normal(0, 0.1)))
    spectrum = np.zeros((side, side))
    for orientation, frequency, bandwidth in filters:
        centre = frequency * scale
        along = math.cos(orientation + turn) * centre, math.sin(orientation + turn) * centre
        for sign in (1, -1):
            distance = (vertical - sign * along[0]) ** 2 + (horizontal - sign * along[1]) ** 2
            spectrum += np.exp(-distance / (2 * (bandwidth * centre) ** 2))
    noise = np.fft.fft2(generator.normal(size=(side, side)))
    waves = np.fft.ifft2(noise * spectrum).real
    waves /= waves.std()
    rough = generator.normal(0, 0.6, (side, side))
    light = (waves + rough) * generator.uniform(12, 40) + generator.uniform(80, 170)
    tint = generator.uniform(0.75, 1.25, 3)
    return Image.fromarray(np.clip(light[..., None] * tint, 0, 255).astype(np.uint8))


SIGNS = ("circle", "ring", "triangle", "square", "pentagon", "star", "cross", "arrow", "crescent", "bolt")
SIGN_SIDE = 100


def signs(data: Path) -> Pools:
    """Ten shapes on parts of photographs, 100 pixels: of any size, colour and place, turned up to 25 degrees, some half transparent."""
    generator = np.random.default_rng(SEED)
    scenes = []
    for path in sorted((data / "photos").iterdir()):
        if path.suffix in (".jpg", ".jpeg", ".bmp"):
            with Image.open(path) as opened:
                scene = opened.convert("RGB")
            scale = 400 / min(scene.size)
            scenes.append(scene.resize((round(scene.width * scale), round(scene.height * scale))))
    made = []
    for number in range(3_000):
        label = SIGNS[number % len(SIGNS)]
        made.append(jpeg(sign(label, scenes[int(generator.integers(len(scenes)))], generator), label))
    return Pools(made, [])


def sign(label: str, scene: Image.Image, generator: np.random.Generator) -> Image.Image:
    """A shape on a part of a scene, mirrored or not."""
    edge = int(generator.integers(SIGN_SIDE, 3 * SIGN_SIDE))
    left, top = generator.integers(0, scene.width - edge + 1), generator.integers(0, scene.height - edge + 1)
    ground = scene.resize((SIGN_SIDE, SIGN_SIDE), box=(left, top, left + edge, top + edge))
    large = 4 * SIGN_SIDE  # drawn four times as large, so that edges are smooth
    mask = Image.new("L", (large, large), 0)
    draw_shape(ImageDraw.Draw(mask), label, large, float(generator.uniform(0.5, 0.95)))
    if generator.random() < 0.5:
        mask = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    room = 0.2 * large
    mask = mask.rotate(
        float(generator.uniform(-25, 25)),
        Image.Resampling.BILINEAR,
        translate=(float(generator.uniform(-room, room)), float(generator.uniform(-room, room))),
    )
    mask = mask.resize((SIGN_SIDE, SIGN_SIDE), Image.Resampling.BOX)
    opacity = float(generator.uniform(0.45, 1.0))
    colour = tuple(int(value) for value in generator.integers(0, 256, 3))
    ground.paste(Image.new("RGB", ground.size, colour), mask=mask.point(lambda value: int(value * opacity)))
    return ground


def draw_shape(draw: ImageDraw.ImageDraw, label: str, side: int, size: float) -> None:
    """Fills a shape in the middle; `size` is its share of half the side."""
    middle, radius = side / 2, size * side / 3

    def polygon(points: list[tuple[float, float]]) -> None:
        draw.polygon([(middle + radius * x, middle + radius * y) for x, y in points], fill=255)

    def corners(count: int, *radii: float) -> list[tuple[float, float]]:
        angles = [2 * math.pi * index / count - math.pi / 2 for index in range(count)]
        return [
            (radii[index % len(radii)] * math.cos(angle), radii[index % len(radii)] * math.sin(angle))
            for index, angle in enumerate(angles)
        ]

    def disc(share: float, fill: int, shift: float = 0.0) -> None:
        own = share * radius
        draw.ellipse(
            (middle + shift * radius - own, middle - own, middle + shift * radius + own, middle + own), fill=fill
        )

    if label == "triangle":
        polygon(corners(3, 1.1))
    elif label == "square":
        polygon([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)])
    elif label == "pentagon":
        polygon(corners(5, 1.0))
    elif label == "star":
        polygon(corners(10, 1.1, 0.45))
    elif label == "cross":
        polygon([(-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1)])
        polygon([(-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3)])
    elif label == "arrow":
        polygon([(-1, -0.25), (0.1, -0.25), (0.1, -0.7), (1, 0), (0.1, 0.7), (0.1, 0.25), (-1, 0.25)])
    elif label == "bolt":
        polygon([(0.2, -1.1), (-0.6, 0.2), (-0.05, 0.2), (-0.2, 1.1), (0.6, -0.25), (0.05, -0.25)])
    else:
        disc(1.0, 255)
        if label == "ring":
            disc(0.6, 0)
        elif label == "crescent":
            disc(0.85, 0, shift=0.45)


STAND_INS = {
    "small-photographs": Source("photographs shrunk to 100 px", small_photographs, test=1_000),
    "grey-pairs": Source("grey pairs of 28 px, nine to one", grey_pairs, learn=3_000, test=1_500),
    "textures": Source("textures, 96 px", textures, test=1_200),
    "signs": Source("signs on photographs, 100 px", signs, test=1_000),
}
"""By name."""
