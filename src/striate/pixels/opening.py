"""Files to Pillow pictures whose header is read and whose pixels are not yet decoded.

Pillow's readers are used one by one and not through `PIL.Image.open`, so that no other format is ever tried, sizes are
judged by the limit that was asked for, and Pillow's LOAD_TRUNCATED_IMAGES and MAX_IMAGE_PIXELS, which other code may set
for the whole process, do not change what is read. (But in WebP, Pillow 13 keeps to twice MAX_IMAGE_PIXELS by itself.)
"""

from __future__ import annotations

import io
import types
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from striate.errors import PictureError
from striate.pixels import tiff
from striate.pixels.containers import plain_gif, plain_png, truncated, webp_size


@dataclass(frozen=True)
class OpenedPicture:
    """A picture whose header is read.

    Attributes:
        picture: Pillow's picture; its size is the stored one, before the orientation is applied.
        format: The name of the format, such as `"JPEG"`.
        orientation: EXIF's orientation, 1 to 8; 1 is upright.
        black: What black is in a picture of 16 bits.
        white: What white is in a picture of 16 bits.
    """

    picture: Image.Image
    format: str
    orientation: int = 1
    black: int = 0
    white: int = 65535


class _StrictFile(ImageFile.ImageFile):  # type: ignore[misc]  # Pillow is not followed by the type checker
    """What all readers share; among the bases it stands after Pillow's reader, so as to be what that one builds on."""

    # ImageFile.load obeys the module's LOAD_TRUNCATED_IMAGES, which other code may set: this is the same function with
    # a False of its own.
    load = types.FunctionType(
        ImageFile.ImageFile.load.__code__,
        {**vars(ImageFile), "LOAD_TRUNCATED_IMAGES": False},
        "load",
        ImageFile.ImageFile.load.__defaults__,
        ImageFile.ImageFile.load.__closure__,
    )

    def getexif(self) -> Image.Exif:
        """Nothing: Pillow's own reading of EXIF warns where it is damaged, and the orientation is read elsewhere."""
        return Image.Exif()


class _Jpeg(JpegImageFile, _StrictFile):  # type: ignore[misc]
    def load_read(self, read_bytes: int) -> bytes:
        """The next bytes of the file: Pillow's own would make up an end where LOAD_TRUNCATED_IMAGES is set."""
        data: bytes = self.fp.read(read_bytes)
        return data


class _Png(PngImageFile, _StrictFile):  # type: ignore[misc]
    pass


class _Bmp(BmpImageFile, _StrictFile):  # type: ignore[misc]
    pass


class _Gif(GifImageFile, _StrictFile):  # type: ignore[misc]
    pass


class _Tiff(TiffImageFile, _StrictFile):  # type: ignore[misc]
    def load_prepare(self) -> None:
        """Room for the pixels: made here, Pillow does not compare it with MAX_IMAGE_PIXELS."""
        self.im = Image.new(self.mode, self.size).im
        super().load_prepare()


class _WebP(WebPImageFile, _StrictFile):  # type: ignore[misc]
    pass


def open_picture(data: bytes, *, max_pixels: int, name: str) -> OpenedPicture:
    """The picture in the bytes of a file, its header read and its size found to be within the limit.

    Raises:
        PictureError: If the bytes are no picture, or one that cannot be read or has too many pixels.
    """
    if not data:
        raise PictureError(name, "the file is empty")
    for prefix, picture_format, opener in _FORMATS:
        if data.startswith(prefix) and (picture_format != "WebP" or data[8:12] == b"WEBP"):
            try:
                opened = opener(data, max_pixels, name)
            except PictureError:
                raise
            except Exception as error:  # Pillow's readers raise whatever damaged bytes lead them to
                raise PictureError(name, reason_for(error, picture_format, "header")) from error
            check_size(*opened.picture.size, max_pixels=max_pixels, name=name)
            return opened
    raise PictureError(name, "the file is no JPEG, PNG, BMP, GIF, TIFF or WebP picture")


def check_size(width: int, height: int, *, max_pixels: int, name: str) -> None:
    """Raise `PictureError` for a picture without pixels, or with more than the limit."""
    if width < 1 or height < 1:
        raise PictureError(name, f"the picture has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise PictureError(
            name,
            f"the picture has {width * height:,} pixels ({width} x {height}), more than the limit of {max_pixels:,}",
        )


def reason_for(error: Exception, picture_format: str, part: str) -> str:
    """Why Pillow could not read a picture, in words that are not Pillow's.

    Args:
        error: What Pillow raised.
        picture_format: The name of the format, such as `"JPEG"`.
        part: What was being read: `"header"` or `"data"`.
    """
    message = str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it"
    if isinstance(error, Image.DecompressionBombError):
        return "the picture has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows"
    if "truncated" in message.lower():
        return truncated(picture_format)
    if message.startswith(("cannot handle ", "Unsupported ", "unknown pixel mode")):
        return f"the picture is of a kind of {picture_format} that cannot be read ({message})"
    return f"the {picture_format} {part} is damaged"


def _open_jpeg(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    picture = _Jpeg(io.BytesIO(data))
    return OpenedPicture(picture, "JPEG", tiff.exif_orientation(picture.info.get("exif", b"")))


def _open_png(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    data, exif = plain_png(data, name)
    return OpenedPicture(_Png(io.BytesIO(data)), "PNG", tiff.exif_orientation(exif))


def _open_bmp(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    return OpenedPicture(_Bmp(io.BytesIO(data)), "BMP")


def _open_gif(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    return OpenedPicture(_Gif(io.BytesIO(plain_gif(data, name))), "GIF")


def _open_webp(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    check_size(*webp_size(data, name), max_pixels=max_pixels, name=name)
    picture = _WebP(io.BytesIO(data))
    return OpenedPicture(picture, "WebP", tiff.exif_orientation(picture.info.get("exif", b"")))


def _open_tiff(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    directory = tiff.read_directory(data)
    if directory is None or directory.cut:
        raise PictureError(name, truncated("TIFF"))
    samples = directory.number(tiff.SAMPLES_PER_PIXEL, 1)
    if samples > 6:
        raise PictureError(name, f"the picture has {samples} samples per pixel; at most 6 can be read")
    # Pillow hands values of 12 bits out as they are, and does not turn 16 bits round where white is zero.
    white = 4095 if directory.number(tiff.BITS_PER_SAMPLE, 1) == 12 else 65535
    black, white = (white, 0) if directory.number(tiff.PHOTOMETRIC, 1) == 0 else (0, white)
    picture = _Tiff(io.BytesIO(tiff.plain_tiff(directory)))
    return OpenedPicture(picture, "TIFF", tiff.directory_orientation(directory), black, white)


_FORMATS: tuple[tuple[bytes | tuple[bytes, ...], str, Callable[[bytes, int, str], OpenedPicture]], ...] = (
    (b"\xff\xd8\xff", "JPEG", _open_jpeg),
    (b"\x89PNG\r\n\x1a\n", "PNG", _open_png),
    (b"BM", "BMP", _open_bmp),
    ((b"GIF87a", b"GIF89a"), "GIF", _open_gif),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF", _open_tiff),
    (b"RIFF", "WebP", _open_webp),
)
