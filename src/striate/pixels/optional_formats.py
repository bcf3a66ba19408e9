"""AVIF, JPEG 2000 and HEIC: formats that not every installation reads, loaded when the first such file is met."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import PIL
from PIL import Image, ImageFile

from striate.errors import PictureError
from striate.pixels import tiff
from striate.pixels.strict_reading import OpenedPicture, StrictFile

RULES = 2
"""Counted up when the same file comes to give other pixels, or another reason why it gives none."""


def open_avif(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    """An AVIF picture, by Pillow from 11.3 on; what turns it upright is in the file as HEIF has it, and EXIF says the same."""
    reader = _avif_reader()
    if reader is None:
        raise PictureError(name, _not_in_pillow("an AVIF"))
    picture = reader(io.BytesIO(data))
    return OpenedPicture(picture, "AVIF", tiff.exif_orientation(picture.info.get("exif", b"")))


def open_jpeg2000(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    """A JPEG 2000 picture, by Pillow; more than 8 bits of grey are given as 16."""
    if not hasattr(Image.core, "jpeg2k_decoder"):
        raise PictureError(name, _not_in_pillow("a JPEG 2000"))
    return OpenedPicture(_jpeg2000_reader()(io.BytesIO(data)), "JPEG 2000")


def open_heic(data: bytes, max_pixels: int, name: str) -> OpenedPicture:
    """A HEIC picture, by pillow-heif, which turns it upright as the file has it; in HEIF, EXIF does not count for that."""
    if not _reads_heic():
        raise PictureError(
            name, "the file is a HEIC picture, and what reads those is not installed: pip install pillow-heif"
        )
    return OpenedPicture(_Heic(io.BytesIO(data)), "HEIC")


@cache
def _reads_heic() -> bool:
    try:
        import pillow_heif
    except ImportError:  # not there, or not for this system
        return False
    return bool(pillow_heif.__version__)


def decoder_versions() -> str:
    """What decodes, with its versions: the same pictures give the same pixels and the same reasons for as long as it says the same."""
    from importlib import metadata

    try:
        heif = metadata.version("pillow-heif")
    except metadata.PackageNotFoundError:
        heif = "none"
    return f"rules {RULES}, pillow {PIL.__version__}, pillow-heif {heif}"


def _not_in_pillow(kind: str) -> str:
    return (
        f"the file is {kind} picture, which this Pillow ({PIL.__version__}) cannot read: "
        "pip install --upgrade --force-reinstall pillow"
    )


@cache
def _avif_reader() -> Any:
    try:
        from PIL import AvifImagePlugin
    except ImportError:  # Pillow before 11.3
        return None
    if not AvifImagePlugin.SUPPORTED:
        return None
    return type("_Avif", (AvifImagePlugin.AvifImageFile, StrictFile), {})


@cache
def _jpeg2000_reader() -> Any:
    from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

    # Pillow's own load is ImageFile's, called by its name.
    return type("_Jpeg2000", (Jpeg2KImageFile, StrictFile), {"load": StrictFile.load})


class _Heic(StrictFile):
    """pillow-heif's picture, read strictly: its own plugin makes up pixels where LOAD_TRUNCATED_IMAGES is set."""

    format = "HEIC"
    fp: Any

    def _open(self) -> None:
        from pillow_heif import HeifFile

        file = HeifFile(self.fp, convert_hdr_to_8bit=True, remove_stride=False)
        self._heif = file[file.primary_index]
        self._size, self._mode = self._heif.size, self._heif.mode
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 0, self.mode)]

    def load(self) -> Any:  # type: ignore[override]  # there it is a function, made of Pillow's
        """The pixels, decoded by libheif."""
        if self.tile:
            data = self._heif.data
            self._size = self._heif.size  # decoding may find another
            self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 0, (self.mode, self._heif.stride, 1))]
            self.fp = io.BytesIO(data)
        return super().load()

    def load_seek(self, position: int) -> None:
        """Nothing: the decoded pixels begin where they begin."""
