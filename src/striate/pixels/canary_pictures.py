"""Canary pictures: a few small encoded pictures that go through every step between a file and the network, and how they come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.pixels.decoding import decode

CANARY_FILES = ("0.png", "1.png", "2.jpg", "3.png", "4.jpg", "5.png")
"""Every bundle has all of these, one of each kind: as it is, turned by EXIF, JPEG, see-through, larger than the input, smaller than it."""

PIXEL_TOLERANCE = 0.5
"""Levels of 255 that a canary's prepared pixels may be off by on average. Versions of the decoders round some pixels by one level; another
filter of the same kind gives 1.3 and more."""

SAMPLED = 256
"""So many pixels of each prepared canary are sealed."""

SAMPLED_COLOURS = ((0, 0, 0), (255, 255, 255), (224, 96, 32))
"""Red, green and blue of the colours whose normalised values are sealed; of grey the first. In bf16 and int8 the logits may differ so
much by rounding that a mean or deviation that is slightly wrong does not show in them."""

COLOUR_TOLERANCE = 1e-4
"""Of the range from black to white that normalised values may be off by: computed in float32, they are off by 1e-7."""

SIDE = 160
"""Longest side in pixels of a canary that need not be larger: small to ship, large enough to be resized by most networks."""

LARGER, SMALLER = (1.62, 1.37), (0.55, 0.7)
"""Height and width of the canaries that are shrunk and enlarged, beside what pictures are resized to: no whole ratio, another shape."""

TEXTURE = 60
"""Of 255: so much brighter every other pixel of these two is. A filter that leaves pixels out, or weighs them otherwise, shows in it."""

DRAWN_SIZES = ((150, 120), (120, 150), (140, 140), (96, 160))
"""Height and width in pixels of the pictures that are drawn as canaries, as nobody gave any."""


def make_canaries(pictures: Sequence[bytes | npt.NDArray[np.uint8]], size: tuple[int, int]) -> dict[str, bytes]:
    """The six canaries of a bundle by their file names, one of each kind; so a runtime that forgets a step gives other logits.

    The first is a lossless copy, the second lies on its side with an EXIF tag that turns it upright, the third is a JPEG file, and the
    fourth is see-through at one edge. Pictures may be of the network's size already, or without any detail, so the fifth and the sixth
    have a fine texture; the one is larger and must be shrunk, the other is smaller and must be enlarged.

    Args:
        pictures: Any number but none: encoded, or (H, W) or (H, W, 3) uint8. With fewer than six, some serve twice.
        size: Height and width in pixels that pictures are resized to.
    """
    canaries = {}
    for kind, file in enumerate(CANARY_FILES):
        image = Image.fromarray(_squeezed(decode(pictures[kind % len(pictures)])))
        canaries[file] = _resized_canary(image, kind, size) if kind >= 4 else _plain_canary(image, kind)
    return canaries


def drawn_pictures() -> list[bytes | npt.NDArray[np.uint8]]:
    """Four pictures with what photographs have, smooth shades, edges, texture and colours: (H, W, 3) uint8, always the same."""
    generator = np.random.default_rng(0)
    pictures: list[bytes | npt.NDArray[np.uint8]] = []
    for height, width in DRAWN_SIZES:
        rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        shade = np.stack([rows, columns, 1 - rows * columns], axis=2) * generator.uniform(80, 200, 3)
        for _ in range(6):
            centre, radius = generator.uniform(0, 1, 2), generator.uniform(0.08, 0.35)
            disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
            waves = 25 * np.sin(generator.uniform(20, 120) * (rows * generator.normal() + columns * generator.normal()))
            shade[disc] = generator.uniform(0, 255, 3) + waves[disc][:, np.newaxis]
        pictures.append((shade + generator.normal(0, 6, shade.shape)).clip(0, 255).astype(np.uint8))
    return pictures


def sample_pixels(pixels: npt.NDArray[np.uint8]) -> str:
    """The values of up to 256 pixels spread over a prepared picture, in hexadecimal digits.

    Args:
        pixels: (H, W, C) uint8.

    Example:
        >>> sample_pixels(np.full((1, 2, 1), 255, np.uint8))
        'ffff'
    """
    every = pixels.reshape(-1, pixels.shape[2])
    # Steps of the golden ratio fall in with no pattern of rows and columns.
    places = (np.arange(SAMPLED) * 0.6180339887498949 % 1 * len(every)).astype(np.int64)
    # numpy.unique would load numpy's masked arrays, which takes longer than all of this.
    return every[sorted(set(places.tolist()))].tobytes().hex()


def fault_of_pixels(sample: str, pixels: npt.NDArray[np.uint8]) -> str:
    """How a prepared picture differs from the one that was sampled, further than other versions of the same libraries make it, or `""`."""
    sealed, found = (np.frombuffer(bytes.fromhex(text), np.uint8) for text in (sample, sample_pixels(pixels)))
    off = float(np.abs(sealed.astype(int) - found).mean()) if len(sealed) == len(found) else 255.0
    if off <= PIXEL_TOLERANCE:
        return ""
    return (
        f"its pixels differ by {off:.2g} of 255 levels on average, allowed is {PIXEL_TOLERANCE:g}; "
        "decoding, resizing or cropping is not what was sealed"
    )


def sample_colours(normalise: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]], channels: int) -> str:
    """What a network gets for `SAMPLED_COLOURS`, in hexadecimal digits of little-endian float32: (3, C), channels in its own order.

    Args:
        normalise: Makes (3, 1, 1, C) uint8 a network's input, (3, C, 1, 1).
        channels: 3 or 1.
    """
    colours = np.array(SAMPLED_COLOURS, np.uint8)[:, np.newaxis, np.newaxis, :channels]
    return normalise(colours).astype("<f4").tobytes().hex()


def fault_of_colours(sample: str, found: str) -> str:
    """How normalised colours differ from the sealed ones, or `""`.

    Args:
        sample: The sealed ones, as `sample_colours` wrote them; `""` if there are none, as in bundles of earlier versions.
        found: Those of the preprocessing in use.
    """
    if not sample:
        return ""
    black, white, colour = np.frombuffer(bytes.fromhex(sample), "<f4").astype(np.float64).reshape(3, -1)
    differences = np.abs([black, white, colour] - np.frombuffer(bytes.fromhex(found), "<f4").reshape(3, -1))
    off = float((differences / np.maximum(np.abs(white - black), 1e-30)).max())
    if off <= COLOUR_TOLERANCE:
        return ""
    return (
        f"its normalised colours differ by {off:.2g} of the range from black to white, allowed is {COLOUR_TOLERANCE:g}; "
        "mean, deviation, range or order of channels is not what was sealed"
    )


def _plain_canary(image: Image.Image, kind: int) -> bytes:
    """One of the first four kinds."""
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    buffer = BytesIO()
    if kind == 1:
        exif = Image.Exif()
        exif[0x0112] = 6  # orientation: turn a quarter clockwise to see it upright
        image.transpose(Image.Transpose.ROTATE_90).save(buffer, "PNG", exif=exif)
    elif kind == 2:
        image.save(buffer, "JPEG", quality=92, subsampling=0)
    elif kind == 3:
        alpha = np.full((image.height, image.width), 255, np.uint8)
        alpha[:, : max(1, image.width // 4)] = 96
        image.putalpha(Image.fromarray(alpha))
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def _resized_canary(image: Image.Image, kind: int, size: tuple[int, int]) -> bytes:
    """The fifth, to be shrunk, or the sixth, to be enlarged."""
    height, width = size
    tall, wide = LARGER if kind == 4 else SMALLER
    image = image.resize((max(1, round(wide * width)), max(1, round(tall * height))), Image.Resampling.BICUBIC)
    if kind == 5:
        image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    pixels = np.asarray(image).astype(np.int64)
    rows, columns = np.mgrid[: image.height, : image.width]
    board = ((rows + columns) % 2).reshape(rows.shape + (1,) * (pixels.ndim - 2))
    textured = Image.fromarray((pixels * (255 - TEXTURE) // 255 + TEXTURE * board).astype(np.uint8))
    buffer = BytesIO()
    if kind == 4:
        textured.save(buffer, "JPEG", quality=92, subsampling=0)
    else:
        textured.save(buffer, "PNG")
    return buffer.getvalue()


def _squeezed(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 1) as (H, W), which is what PIL takes for grey."""
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
