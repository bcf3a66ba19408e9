"""Files to Pillow pictures whose header is read and whose pixels are not yet decoded.

Pillow's readers are used one by one and not through `PIL.Image.open`, so that no other format is ever tried, sizes are
judged by the limit that was asked for, and Pillow's LOAD_TRUNCATED_IMAGES and MAX_IMAGE_PIXELS, which other code may set
for the whole process, do not change what is read. (But in WebP, Pillow 13 keeps to twice MAX_IMAGE_PIXELS by itself.)
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from striate.errors import PictureError
from striate.pixels import tiff
from striate.pixels.containers import plain_gif, plain_png, png_stated_white, truncated, webp_size
from striate.pixels.formats import DEVELOP, heif_kind, unread_reason
from striate.pixels.limits import NO_MEMORY, check_scans, check_segments, check_size, check_tiles, is_memory_missing
from striate.pixels.optional_formats import open_avif, open_heic, open_jpeg2000
from striate.pixels.strict_reading import OpenedPicture, StrictFile


class _Jpeg(JpegImageFile, StrictFile):  # type: ignore[misc]
    def load_read(self, read_bytes: int) -> bytes:
        """The next bytes of the file: Pillow's own would make up an end where LOAD_TRUNCATED_IMAGES is set."""
        data: bytes = self.fp.read(read_bytes)
        return data


class _Png(PngImageFile, StrictFile):  # type: ignore[misc]
    pass


class _Bmp(BmpImageFile, StrictFile):  # type: ignore[misc]
    pass


class _Gif(GifImageFile, StrictFile):  # type: ignore[misc]
    pass


class _Tiff(TiffImageFile, StrictFile):  # type: ignore[misc]
    def load_prepare(self) -> None:
        """Room for the pixels: made here, Pillow does not compare it with MAX_IMAGE_PIXELS."""
        self.im = Image.new(self.mode, self.size).im
        super().load_prepare()


class _WebP(WebPImageFile, StrictFile):  # type: ignore[misc]
    _decoder: Any

    def load(self) -> Any:  # type: ignore[override]
        """The first frame, once; its decoder, which holds the canvas twice, is let go before Pillow makes room."""
        if self._decoder is not None:
            data, *_ = self._get_next()
            self._decoder = None
            self.fp = io.BytesIO(data)
            self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 0, self.rawmode)]
        return StrictFile.load(self)


def open_picture(data: bytes, *, max_pixels: int, name: str) -> OpenedPicture:
    """The picture in the bytes of a file, its header read and its size found to be within the limit.

    Raises:
        PictureError: If the bytes are no picture, or one that cannot be read or has too many pixels.
    """
    if not data:
        raise PictureError(name, "the file is empty")
    picture_format = _format_of(data)
    if not picture_format:
        raise PictureError(name, unread_reason(data))
    try:
        opened = _OPENERS[picture_format](data, max_pixels, name)
    except PictureError:
        raise
    except Exception as error:  # Pillow's readers raise whatever damaged bytes lead them to
        raise PictureError(name, reason_for(error, picture_format, "header")) from error
    check_size(*opened.picture.size, max_pixels=max_pixels, name=name, reader=picture_format)
    return opened


def _format_of(data: bytes) -> str:
    """The name of the format by the file's first bytes; empty for none that is read."""
    kind = heif_kind(data)
    if kind in _OPENERS:
        return kind
    for prefix, picture_format in _PREFIXES:
        if data.startswith(prefix) and (picture_format != "WebP" or data[8:12] == b"WEBP"):
            return picture_format
    return ""


@contextmanager
def naming_memory(name: str) -> Iterator[None]:
    """Whoever runs out of memory within it has that as the picture's reason."""
    try:
        yield
    except MemoryError as error:
        raise PictureError(name, NO_MEMORY) from error


def reason_for(error: Exception, picture_format: str, part: str, *, pixels: int = 0) -> str:
    """Why Pillow could not read a picture, in words that are not Pillow's.

    Args:
        error: What Pillow raised.
        picture_format: The name of the format, such as `"JPEG"`.
        part: What was being read: `"header"` or `"data"`.
        pixels: How many the picture has, where that is known: many a reader calls it damage when memory is missing.
    """
    message = str(error)
    if isinstance(error, MemoryError) or is_memory_missing(picture_format, pixels):
        return NO_MEMORY
    if isinstance(error, Image.DecompressionBombError):
        return "the picture has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows"
    if "truncated" in message.lower():
        return truncated(picture_format)
    if message.startswith(("cannot handle ", "Unsupported ", "unknown pixel mode")):
        return f"the picture is of a kind of {picture_format} that cannot be read ({message})"
    return f"the {picture_format} {part} is damaged"


def _open_jpeg(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    check_segments(data, name=name)
    picture = _Jpeg(io.BytesIO(data))
    progressive = "progressive JPEG" if picture.info.get("progressive") else ""
    check_size(*picture.size, max_pixels=max_pixels, name=name, reader=progressive)
    check_scans(data, math.prod(picture.size), max_pixels=max_pixels, name=name)
    return OpenedPicture(picture, "JPEG", tiff.exif_orientation(picture.info.get("exif", b"")))


def _open_png(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    plain, exif = plain_png(data, name)
    return OpenedPicture(_Png(io.BytesIO(plain)), "PNG", tiff.exif_orientation(exif), stated=png_stated_white(data))


def _open_bmp(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    return OpenedPicture(_Bmp(io.BytesIO(data)), "BMP")


def _open_gif(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    return OpenedPicture(_Gif(io.BytesIO(plain_gif(data, name))), "GIF")


def _open_webp(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    size = webp_size(data, name)
    check_size(*size, max_pixels=max_pixels, name=name, reader="WebP")
    try:
        picture = _WebP(io.BytesIO(data))
    except Exception as error:
        raise PictureError(name, reason_for(error, "WebP", "header", pixels=math.prod(size))) from error
    return OpenedPicture(picture, "WebP", tiff.exif_orientation(picture.info.get("exif", b"")))


def _open_tiff(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    directory = tiff.read_directory(data)
    if directory is None or directory.cut:
        raise PictureError(name, truncated("TIFF"))
    if tiff.is_raw(directory):
        raise PictureError(name, f"the file is a camera's raw picture, which cannot be read: {DEVELOP}")
    samples = directory.number(tiff.SAMPLES_PER_PIXEL, 1)
    if samples > 6:
        raise PictureError(name, f"the picture has {samples} samples per pixel; at most 6 can be read")
    # Pillow hands values of 12 bits out as they are, and does not turn 16 bits round where white is zero.
    white = 4095 if directory.number(tiff.BITS_PER_SAMPLE, 1) == 12 else 65535
    black, white = (white, 0) if directory.number(tiff.PHOTOMETRIC, 1) == 0 else (0, white)
    size = directory.number(tiff.WIDTH, 0), directory.number(tiff.HEIGHT, 0)
    check_tiles(size, (directory.number(tiff.TILE_WIDTH, 0), directory.number(tiff.TILE_HEIGHT, 0)), name=name)
    picture = _Tiff(io.BytesIO(tiff.plain_tiff(directory)))
    orientation = tiff.directory_orientation(directory)
    return OpenedPicture(picture, "TIFF", orientation, black, white, tiff.stated_white(directory))


_PREFIXES: tuple[tuple[bytes | tuple[bytes, ...], str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    ((b"GIF87a", b"GIF89a"), "GIF"),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    (b"RIFF", "WebP"),
    ((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000"),
)
_OPENERS: dict[str, Callable[[bytes, int, str], OpenedPicture]] = {
    "JPEG": _open_jpeg,
    "PNG": _open_png,
    "BMP": _open_bmp,
    "GIF": _open_gif,
    "TIFF": _open_tiff,
    "WebP": _open_webp,
    "AVIF": open_avif,
    "JPEG 2000": open_jpeg2000,
    "HEIC": open_heic,
}
