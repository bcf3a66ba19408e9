"""The one decoder: a picture from a file, bytes, Pillow or an array, to upright pixels of 8 bits."""

from __future__ import annotations

import io
import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError, UsageError
from striate.pixels.arrays import array_picture, is_tensor
from striate.pixels.colours import GREY_MODES, bands, flatten
from striate.pixels.limits import check_size
from striate.pixels.opening import naming_memory, open_picture, reason_for
from striate.pixels.strict_reading import OpenedPicture
from striate.pixels.tiff import exif_orientation

DEFAULT_MAX_PIXELS = 100_000_000
"""The most pixels that a picture may have unless another limit is given: 100 megapixels, or up to 900 MB while decoding;
formats whose readers take more memory may have fewer, see `striate.pixels.limits`."""

PictureSource: TypeAlias = (
    str
    | os.PathLike[str]
    | os.PathLike[bytes]
    | bytes
    | bytearray
    | memoryview
    | BinaryIO
    | Image.Image
    | npt.NDArray[np.uint8]
)
"""A path, an encoded file (its bytes, or opened to read them), a Pillow picture, or an array as
`striate.pixels.arrays.array_picture` takes it."""

_EXPECTED = "expected a path, a picture file's bytes, a file opened with mode 'rb', a PIL picture or an array of uint8"

_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class PictureFacts:
    """What the header of a picture tells.

    Attributes:
        width: Pixels from left to right, once upright.
        height: Pixels from top to bottom, once upright.
        channels_needed: 3 if the picture is stored in colour, 1 if in grey or with a palette of greys.
        mode: Pillow's name of the stored colour mode, such as `"RGB"`, `"L"`, `"P"` or `"I;16"`.
        format: `"JPEG"`, `"PNG"`, `"BMP"`, `"GIF"`, `"TIFF"`, `"WebP"`, `"AVIF"`, `"JPEG 2000"`, `"HEIC"`; for a PIL picture
            what it says, else `"PIL"`; `"array"`.
        exif_orientation: 1 to 8; 1 is upright, and 5 to 8 exchange width and height.
    """

    width: int
    height: int
    channels_needed: int
    mode: str
    format: str
    exif_orientation: int


def decode(
    source: PictureSource, *, channels: int = 3, max_pixels: int = DEFAULT_MAX_PIXELS, name: str | None = None
) -> npt.NDArray[np.uint8]:
    """Pixels of one picture: (H, W, channels) uint8 in 0..255, RGB or grey, upright, in memory of their own.

    JPEG, PNG, BMP, GIF (its first frame), TIFF (its first page), WebP (its first frame), AVIF, JPEG 2000, and HEIC where
    pillow-heif is installed, are read, whatever the file is called. The file's orientation is applied. What each colour
    mode becomes is stated in `striate.pixels.colours`; in short: transparency is composited on white, 16 bits are scaled
    to 8, and RGB becomes grey as Pillow's L. A picture that is damaged in any way that can be known is refused, and never
    repaired. (Only PNG has checksums: elsewhere a changed byte in the midst of the data may decode to wrong pixels, and
    nobody can tell.)

    May be called from any number of threads. A PIL picture is loaded by Pillow, under Pillow's own settings. (For some
    damaged TIFF files the library libtiff writes a line to standard error, past Python.)

    Args:
        source: A path, the bytes of a picture file, such a file opened with mode "rb" (read from its beginning where
            that is possible), a PIL picture, or a uint8 array of shape (H, W) or (H, W, 1), grey, (H, W, 2), grey and
            alpha, (H, W, 3), RGB, or (H, W, 4), RGB and alpha, which is treated as a file with these channels is.
        channels: 3 for RGB, 1 for grey.
        max_pixels: The most pixels (width times height, in pixels) that the picture may have, read from its header
            before anything is decoded. What else costs much is refused by it too, see `striate.pixels.limits`: large files,
            formats whose readers take much memory, JPEGs of very many scans.
        name: What errors call the picture; without it the path, or what kind of source it is.

    Raises:
        PictureError: If the picture cannot be read; it names the picture and the reason.
        UsageError: If `channels` is neither 1 nor 3, or `max_pixels` is not positive.

    Example:
        >>> import numpy as np
        >>> decode(np.full((2, 4), 200, np.uint8)).shape
        (2, 4, 3)
        >>> decode(b"hello", name="hello.jpg")
        Traceback (most recent call last):
        striate.errors.PictureError: hello.jpg: the file is no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture
    """
    picture = decode_to_picture(source, channels=channels, max_pixels=max_pixels, name=name)
    with naming_memory(picture_name(source, name)):
        pixels = np.empty((picture.height, picture.width, channels), np.uint8)
        for top, band in bands(picture):  # Pillow makes two copies on the way
            pixels[top : top + band.height] = np.asarray(band).reshape(band.height, band.width, channels)
        return pixels


def measure(source: PictureSource, *, max_pixels: int = DEFAULT_MAX_PIXELS, name: str | None = None) -> PictureFacts:
    """The size and kind of one picture, from its header; no pixel is decoded, and damage to them may not be seen.

    Args:
        source: As `decode` takes it.
        max_pixels: The most pixels that the picture may have.
        name: What errors call the picture.

    Raises:
        PictureError: If the header cannot be read, or states more pixels than the limit.
        UsageError: If `max_pixels` is not positive.

    Example:
        >>> import numpy as np
        >>> measure(np.zeros((2, 4, 3), np.uint8))
        PictureFacts(width=4, height=2, channels_needed=3, mode='RGB', format='array', exif_orientation=1)
    """
    _check_max_pixels(max_pixels)
    name = picture_name(source, name)
    with naming_memory(name):
        opened = _open(source, max_pixels, name)
    picture = opened.picture
    width, height = picture.size if opened.orientation < 5 else picture.size[::-1]
    try:
        grey = picture.mode in GREY_MODES or (picture.mode in ("P", "PA") and _has_grey_palette(picture))
    except Exception as error:  # Pillow raises whatever a damaged palette leads it to
        raise PictureError(name, reason_for(error, opened.format, "header")) from error
    return PictureFacts(width, height, 1 if grey else 3, picture.mode, opened.format, opened.orientation)


def decode_to_picture(source: PictureSource, *, channels: int, max_pixels: int, name: str | None) -> Image.Image:
    """`decode`, up to Pillow's picture in mode RGB or L: what comes next may need it so."""
    if channels not in (1, 3):
        raise UsageError(f"channels is {channels!r}; expected 1 (grey) or 3 (RGB)")
    _check_max_pixels(max_pixels)
    name = picture_name(source, name)
    with naming_memory(name):
        opened = _open(source, max_pixels, name)
    try:
        if isinstance(source, Image.Image):
            picture = source.copy()  # what is done below may change a picture's palette
        else:
            picture = opened.picture
            picture.load()
        picture = flatten(
            picture, channels=channels, black=opened.black, white=opened.white, stated=opened.stated, name=name
        )
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever damaged bytes lead them to
        pixels = math.prod(opened.picture.size)
        raise PictureError(name, reason_for(error, opened.format, "data", pixels=pixels)) from error
    transposition = _TO_UPRIGHT.get(opened.orientation)
    with naming_memory(name):
        return picture if transposition is None else picture.transpose(transposition)


def picture_name(source: object, name: str | None) -> str:
    """What errors call a picture: the name that was given, else its path, else what kind of source it is."""
    if name is not None:
        return name
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source) or "''"
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "")) or "a PIL picture"
    if isinstance(source, np.ndarray):
        return "an array"
    if source is None:
        return "None"
    opened_as = getattr(source, "name", None) if hasattr(source, "read") else None
    return opened_as if isinstance(opened_as, str) and opened_as else "a picture in memory"


def held(source: PictureSource, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> PictureSource:
    """A source that can be read again: the bytes of an open file, which may be a pipe; anything else as it is.

    Raises:
        PictureError: If the file cannot be read.
    """
    if isinstance(source, Image.Image | np.ndarray) or not hasattr(source, "read"):
        return source
    return _read_stream(source, max_pixels, picture_name(source, None))


def is_url(text: str) -> bool:
    """Whether a text is an address on a network or the content of a page, and no path.

    Example:
        >>> is_url("https://example.org/cat.jpg"), is_url("photos/cat.jpg"), is_url("C:/cat.jpg")
        (True, False, False)
    """
    return re.match(r"[a-z][a-z0-9+.-]+:/{1,2}|data:image", text, re.IGNORECASE) is not None


def _check_max_pixels(max_pixels: int) -> None:
    if max_pixels < 1:
        raise UsageError(f"max_pixels is {max_pixels!r}; expected at least 1")


def _open(source: PictureSource, max_pixels: int, name: str) -> OpenedPicture:
    """Any source as a picture whose size is known to be within the limit."""
    if isinstance(source, np.ndarray):
        return OpenedPicture(array_picture(source, max_pixels=max_pixels, name=name), "array")
    if isinstance(source, Image.Image):
        check_size(*source.size, max_pixels=max_pixels, name=name)
        exif = source.info.get("exif", b"")
        orientation = exif_orientation(exif) if isinstance(exif, bytes) else 1
        return OpenedPicture(source, source.format or "PIL", orientation)
    if isinstance(source, str | os.PathLike):
        return open_picture(_read_file(os.fsdecode(source), max_pixels, name), max_pixels=max_pixels, name=name)
    if isinstance(source, bytes | bytearray | memoryview):
        return open_picture(bytes(source), max_pixels=max_pixels, name=name)
    if hasattr(source, "read"):
        return open_picture(_read_stream(source, max_pixels, name), max_pixels=max_pixels, name=name)
    if is_tensor(source):
        raise PictureError(
            name, "expected an array, got a tensor: give its pixels as a NumPy array of uint8 and shape (H, W, 3)"
        )
    got = "None" if source is None else type(source).__name__
    raise PictureError(name, f"{_EXPECTED}, got {got}")


def _most_bytes(max_pixels: int) -> int:
    """The largest file that may be read for a picture of so many pixels."""
    return 8 * max_pixels + (64 << 20)


def _read_file(path: str, max_pixels: int, name: str) -> bytes:
    try:
        status = Path(path).stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= _most_bytes(max_pixels):
            return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        if is_url(path):
            reason = "this is a URL, and nothing is downloaded: save the picture, and give the path of the file"
        elif isinstance(error, FileNotFoundError):
            reason = "there is no such file"
            if "\\" in path and os.sep == "/":
                reason += "; folders are separated by slashes here, not by backslashes"
        elif isinstance(error, PermissionError):
            reason = "there is no permission to read the file"
        elif isinstance(error, OSError):
            reason = f"the file cannot be read ({error.strerror})"
        else:
            reason = "this is no path: it has a zero byte in it"
        raise PictureError(name, reason) from error
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(name, "this is a folder, not a picture file")
    if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device might never end
        raise PictureError(name, "this is not an ordinary file")
    raise PictureError(name, _too_many_bytes(f"{status.st_size:,}", max_pixels))


def _read_stream(stream: Any, max_pixels: int, name: str) -> bytes:
    """The bytes of an open file, from its beginning where it can go there: who wrote it to memory stands at its end."""
    most = _most_bytes(max_pixels)
    try:
        if getattr(stream, "seekable", bool)():
            stream.seek(0)
        data = stream.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: it is closed, or not UTF-8 where it is opened as text
        why = getattr(error, "strerror", None) or error
        opened_as_text = isinstance(stream, io.TextIOBase)
        reason = _OPENED_AS_TEXT if opened_as_text and not stream.closed else f"the open file cannot be read ({why})"
        raise PictureError(name, reason) from error
    if isinstance(data, str):
        raise PictureError(name, _OPENED_AS_TEXT)
    if not isinstance(data, bytes):
        raise PictureError(name, f"{_EXPECTED}, got {type(stream).__name__}")
    if len(data) > most:
        raise PictureError(name, _too_many_bytes(f"more than {most:,}", max_pixels))
    return data


_OPENED_AS_TEXT = "the file is opened as text: open it with mode 'rb'"


def _too_many_bytes(count: str, max_pixels: int) -> str:
    return f"the file has {count} bytes, more than a picture of {max_pixels:,} pixels can need"


def _has_grey_palette(picture: Image.Image) -> bool:
    layout, colours = picture.palette.getdata()  # Image.getpalette would decode the pixels
    single = Image.new("P", (1, 1))
    single.putpalette(colours, layout)
    values = np.array(single.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((values == values[:, :1]).all())
