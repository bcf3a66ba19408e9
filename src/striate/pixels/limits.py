"""What a picture may cost, found from what it states about itself, before the work."""

from __future__ import annotations

from striate.errors import PictureError


def check_size(width: int, height: int, *, max_pixels: int, name: str) -> None:
    """Raise `PictureError` for a picture without pixels, or with more than the limit."""
    if width < 1 or height < 1:
        raise PictureError(name, f"the picture has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise PictureError(
            name,
            f"the picture has {width * height:,} pixels ({width} x {height}), more than the limit of {max_pixels:,}",
        )
