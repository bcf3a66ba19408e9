"""Clips: the frames of a GIF file, of a folder of numbered pictures, of an array, or of pictures one after another."""

from __future__ import annotations

import io
import itertools
import os
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from striate.errors import DataError, PictureError
from striate.pixels.containers import truncated
from striate.pixels.decoding import DEFAULT_MAX_PIXELS, picture_name
from striate.pixels.limits import check_size
from striate.pixels.opening import naming_memory, reason_for
from striate.pixels.walking import PictureWalk, is_picture_name

GIF = b"GIF8"
"""A GIF file begins so."""

GIF_END = b";"
"""And ends so, but for zeros that some programs put behind."""

PACKED = b"striate frames 1\n"
"""So begins what `pack_frames` makes."""

MOST_FRAMES = 10_000
"""Of one clip."""

MOST_BYTES = 1 << 30
"""Of all files of a clip together."""


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """By which names are sorted so that the numbers in them count as numbers.

    Example:
        >>> sorted(["10.png", "9.png", "a2.png", "a10.png"], key=natural_order)
        ['9.png', '10.png', 'a2.png', 'a10.png']
    """
    parts = re.findall(r"(\D*)([0-9]*)", name)
    return tuple((text, int(digits) if digits else -1) for text, digits in parts)


def frame_names(folder: str | Path) -> list[str]:
    """The pictures right in a folder, in the natural order of their names.

    Raises:
        DataError: The folder cannot be read.
    """
    _, files = PictureWalk(Path(folder)).listing(folder)
    return sorted((name for name in files if is_picture_name(name)), key=lambda name: (natural_order(name), name))


def read_clip(path: str | Path, *, name: str | None = None) -> bytes:
    """The bytes of a GIF file, or of the frames of a folder as `pack_frames` puts them together.

    Raises:
        PictureError: There is no such file, it holds no frames, or they are too many or too large.
    """
    path, name = Path(path), name or os.fsdecode(path)
    try:
        if not path.is_dir():
            if (size := path.stat().st_size) > MOST_BYTES:
                raise PictureError(name, f"it has {size:,} bytes; expected at most {MOST_BYTES:,}")
            return path.read_bytes()
        names = frame_names(path)
        if not names:
            raise PictureError(name, "there is no frame in the folder")
        if len(names) > MOST_FRAMES:
            raise PictureError(name, f"it has {len(names):,} frames; expected at most {MOST_FRAMES:,}")
        if (size := sum((path / one).stat().st_size for one in names)) > MOST_BYTES:
            raise PictureError(name, f"its frames have {size:,} bytes; expected at most {MOST_BYTES:,}")
        return pack_frames([(path / one).read_bytes() for one in names])
    except FileNotFoundError as error:
        raise PictureError(name, "there is no such file or folder") from error
    except (OSError, ValueError, DataError) as error:
        raise PictureError(name, f"it cannot be read ({getattr(error, 'strerror', None) or error})") from error


def pack_frames(frames: Sequence[bytes]) -> bytes:
    """The files of a clip's frames as one: their number, their lengths, and what is in them.

    Example:
        >>> unpack_frames(pack_frames([b"first", b"second"]), "a clip")
        [b'first', b'second']
    """
    return b"".join([PACKED, struct.pack(f"<I{len(frames)}Q", len(frames), *map(len, frames)), *frames])


def unpack_frames(packed: bytes, name: str) -> list[bytes]:
    """What `pack_frames` was given.

    Raises:
        PictureError: It is no such thing, or not whole.
    """
    start = len(PACKED)
    try:
        (count,) = struct.unpack_from("<I", packed, start)
        if not 0 < count <= MOST_FRAMES:
            raise PictureError(name, f"it has {count:,} frames; expected 1 to {MOST_FRAMES:,}")
        lengths = struct.unpack_from(f"<{count}Q", packed, start + 4)
    except struct.error as error:
        raise PictureError(name, "the packed frames are cut short") from error
    ends = list(itertools.accumulate(lengths, initial=start + 4 + 8 * count))
    if ends[-1] != len(packed):
        raise PictureError(name, "the packed frames are cut short, or something follows them")
    return [packed[begin:end] for begin, end in itertools.pairwise(ends)]


def chosen_places(count: int, wanted: int) -> npt.NDArray[np.int64]:
    """Which of `count` frames stand for each of `wanted`: evenly taken, from the middle of equal parts; of fewer, some come again.

    Example:
        >>> chosen_places(4, 4).tolist(), chosen_places(9, 3).tolist(), chosen_places(2, 5).tolist()
        ([0, 1, 2, 3], [1, 4, 7], [0, 0, 1, 1, 1])
    """
    return (2 * np.arange(wanted) + 1) * count // (2 * wanted)


def frames_of(clip: Any, wanted: int, *, name: str, limit: int | None = None) -> list[Any]:
    """`wanted` frames of a clip, evenly taken, each as `striate.pixels.decode` takes pictures.

    Args:
        clip: A path of a GIF file or a folder of frames; the bytes of a GIF, or what `read_clip` gives; (T, H, W) or (T, H, W, 3)
            uint8; or a list of pictures.
        wanted: How many.
        name: What errors call the clip.
        limit: The most pixels that a frame may have.

    Raises:
        PictureError: It cannot be read, or is no clip.
    """
    if isinstance(clip, str | os.PathLike):
        clip = read_clip(os.fsdecode(clip), name=name)
    if isinstance(clip, bytes):
        if clip.startswith(GIF):
            return _gif_frames(clip, wanted, name, limit or DEFAULT_MAX_PIXELS)
        if not clip.startswith(PACKED):
            raise PictureError(name, "it is no clip: neither a GIF file nor a folder of numbered frames")
        clip = unpack_frames(clip, name)
    if isinstance(clip, np.ndarray):
        _check_array(clip, name)
    if not isinstance(clip, list | tuple | np.ndarray):
        raise PictureError(name, f"a clip is a GIF file, a folder of frames, or an array, got {type(clip).__name__}")
    if not 0 < len(clip) <= MOST_FRAMES:
        raise PictureError(name, f"it has {len(clip):,} frames; expected 1 to {MOST_FRAMES:,}")
    return [clip[int(place)] for place in chosen_places(len(clip), wanted)]


def frame_count(clip: bytes, name: str) -> int:
    """How many frames there are in what `read_clip` gives.

    Raises:
        PictureError: It is no clip, or damaged.
    """
    if clip.startswith(PACKED):
        return len(unpack_frames(clip, name))
    if not clip.startswith(GIF):
        raise PictureError(name, "it is no clip: neither a GIF file nor a folder of numbered frames")
    with _opened_gif(clip, name, DEFAULT_MAX_PIXELS) as gif:
        return _count(gif, name)


def clip_name(clip: Any) -> str:
    """What messages and predictions call a clip."""
    if isinstance(clip, list | tuple):
        return "a list of frames"
    return "a clip in memory" if isinstance(clip, bytes) else picture_name(clip, None)


def _gif_frames(data: bytes, wanted: int, name: str, limit: int) -> list[Image.Image]:
    """Frames of a GIF, each drawn over what stays of those before it."""
    with _opened_gif(data, name, limit) as gif:
        places = chosen_places(_count(gif, name), wanted).tolist()
        frames: dict[int, Image.Image] = {}
        for place, frame in enumerate(_drawn(gif, places[-1], name)):
            check_size(*frame.size, max_pixels=limit, name=name)
            if place in places:
                with naming_memory(name):
                    frames[place] = frame.convert("RGBA")
    return [frames[place] for place in places]


def _opened_gif(data: bytes, name: str, limit: int) -> GifImageFile:
    if data.rstrip(b"\0")[-1:] != GIF_END:  # Pillow takes what is there for the whole
        raise PictureError(name, truncated("GIF"))
    try:
        gif = GifImageFile(io.BytesIO(data))
    except Exception as error:  # Pillow's readers raise whatever damaged bytes lead them to
        raise PictureError(name, reason_for(error, "GIF", "header")) from error
    check_size(*gif.size, max_pixels=limit, name=name)
    return gif


def _count(gif: GifImageFile, name: str) -> int:
    try:
        count = int(gif.n_frames)
        gif.seek(0)
    except Exception as error:
        raise PictureError(name, reason_for(error, "GIF", "data")) from error
    if count > MOST_FRAMES:
        raise PictureError(name, f"it has {count:,} frames; expected at most {MOST_FRAMES:,}")
    return count


def _drawn(gif: GifImageFile, last: int, name: str) -> Iterator[Image.Image]:
    for place in range(last + 1):
        try:
            gif.seek(place)
            gif.load()
        except Exception as error:
            raise PictureError(name, reason_for(error, "GIF", "data", pixels=gif.width * gif.height)) from error
        yield gif


def _check_array(clip: npt.NDArray[Any], name: str) -> None:
    if clip.dtype != np.uint8 or not (clip.ndim == 3 or (clip.ndim == 4 and clip.shape[3] in (1, 3))):
        raise PictureError(
            name,
            f"expected an array of uint8 and shape (frames, H, W) or (frames, H, W, 3), got {clip.dtype} of shape {clip.shape}",
        )
