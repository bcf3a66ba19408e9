"""What all of Pillow's readers share here: nothing is repaired, whatever other code has set."""

from __future__ import annotations

import types
from dataclasses import dataclass

from PIL import Image, ImageFile


@dataclass(frozen=True)
class OpenedPicture:
    """A picture whose header is read.

    Attributes:
        picture: Pillow's picture; its size is the stored one, before the orientation is applied.
        format: The name of the format, such as `"JPEG"`.
        orientation: EXIF's orientation, 1 to 8; 1 is upright.
        black: What black is in a picture of 16 bits.
        white: What white is in a picture of 16 bits.
        stated: What white is by the file's own words, if its values keep to them: fewer bits than those that they are in.
    """

    picture: Image.Image
    format: str
    orientation: int = 1
    black: int = 0
    white: int = 65535
    stated: int | None = None


class StrictFile(ImageFile.ImageFile):  # type: ignore[misc]  # Pillow is not followed by the type checker
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
