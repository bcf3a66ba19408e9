"""`striate.filter_picture`: a hand-made kernel on a picture, as a picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from striate.durable_writing import check_writable, write_durably
from striate.errors import StriateError, UnknownNameError, UsageError
from striate.nn import NamedKernel, cross_correlate2d, named_kernel
from striate.pixels import PictureSource, decode, measure
from striate.pixels.decoding import held

Mapping: TypeAlias = Literal["clip", "absolute", "signed"]
"""How responses become pixels; `filter_picture` says what each does."""

WRITTEN_FORMATS = {
    ".bmp": "BMP",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""File endings that `write_picture` knows, and Pillow's names of what they mean."""

_BLOCK = 1 << 20  # pixels filtered at a time: a large picture needs little more memory than its own


def filter_picture(
    picture: PictureSource,
    kernel: str | NamedKernel | npt.NDArray[Any],
    *,
    mapping: Mapping | None = None,
    contrast: float = 4.0,
    grey: bool = False,
) -> npt.NDArray[np.uint8]:
    """Slides a kernel over a picture, as networks do (no flip), and maps the responses to pixels.

    Beyond the border the nearest pixel is repeated, so that the size stays and the frame is no edge. Colours are
    filtered each on its own. A response r is in grey levels, 0 to 255, before it is mapped:

    - `"clip"`: r, rounded, and clipped to 0..255; for blurs and sharpening.
    - `"absolute"`: contrast |r| / gain, clipped; black where nothing changes, whichever way it changes elsewhere.
    - `"signed"`: 127.5 + contrast r / (2 gain), clipped; mid-grey (128) where nothing changes, brighter where r > 0.

    The gain is the sum of the positive or of the negative weights, whichever is larger (4 for Sobel): |r| / gain is 255
    at a step from black to white, whatever the kernel. Nothing depends on what else is in the picture, so pictures can
    be compared with one another.

    Args:
        picture: As `striate.pixels.decode` takes it.
        kernel: A name of `striate.nn.list_kernels()`, a `NamedKernel`, or an array (height, width) of odd sizes.
        mapping: One of the above; None: what `natural_mapping` says.
        contrast: For `"absolute"` and `"signed"`: a step of 255 / contrast grey levels becomes white, and so does any
            stronger one. Edges in photographs are weak: at 1 nothing is clipped, and little is seen.
        grey: Whether to make the picture grey first.

    Returns:
        (H, W, 3) uint8, RGB; (H, W, 1) with `grey`, or if the picture has no colour.

    Raises:
        PictureError: If the picture cannot be read.
        UnknownNameError: If there is no such kernel or mapping.
        UsageError: If the array is no kernel, or the contrast no number above 0.

    Example:
        >>> step = np.array([[0, 0, 255, 255]] * 3, np.uint8)
        >>> filter_picture(step, "sobel_x")[1, :, 0]
        array([  0, 255, 255,   0], dtype=uint8)
        >>> filter_picture(step, "sobel_y", mapping="signed")[1, :, 0]
        array([128, 128, 128, 128], dtype=uint8)
    """
    weights = _weights(kernel)
    if mapping is None:
        mapping = natural_mapping(kernel)
    if mapping not in get_args(Mapping):
        raise UnknownNameError("mapping", mapping, get_args(Mapping))
    if not (isinstance(contrast, int | float) and 0 < contrast < np.inf):
        raise UsageError(f"filter_picture: contrast must be a finite number above 0, got {contrast!r}")
    # The largest response that a picture can give, in units of its 255 grey levels.
    gain = max(float(weights[weights > 0].sum()), float(-weights[weights < 0].sum())) or 1.0
    picture = held(picture)
    channels = 1 if grey else measure(picture).channels_needed
    pixels = decode(picture, channels=channels)
    result = np.empty_like(pixels)
    above, beside = weights.shape[0] // 2, weights.shape[1] // 2
    rows = max(1, _BLOCK // pixels.shape[1])
    for channel in range(channels):
        padded = np.pad(pixels[..., channel], ((above, above), (beside, beside)), mode="edge")
        for start in range(0, len(pixels), rows):
            responses = cross_correlate2d(padded[start : start + rows + 2 * above], weights)
            result[start : start + rows, :, channel] = _to_pixels(responses.numpy(), mapping, contrast / gain)
    return result


def natural_mapping(kernel: str | NamedKernel | npt.NDArray[Any]) -> Mapping:
    """The mapping that shows what a kernel does: `"absolute"` if its weights sum to 0, as those of edges do, else `"clip"`.

    Args:
        kernel: As `filter_picture` takes it.

    Raises:
        UnknownNameError: If there is no such kernel.
        UsageError: If the array is no kernel.

    Example:
        >>> natural_mapping("sobel_x"), natural_mapping("box_blur")
        ('absolute', 'clip')
    """
    weights = _weights(kernel).astype(np.float64)
    return "absolute" if abs(weights.sum()) <= 1e-6 * np.abs(weights).sum() else "clip"


def write_picture(pixels: npt.NDArray[np.uint8], path: str | Path) -> None:
    """Writes a picture to a file, whole or not at all, in the format that its ending names.

    Args:
        pixels: (H, W, 3), RGB, or (H, W, 1), grey, uint8.
        path: The file; one that is there is replaced.

    Raises:
        UsageError: If the ending is unknown, or there is no such folder.
        StriateError: If the disk is full; what was there is as it was.
    """
    path = Path(path)
    check_output(path)
    encoded = BytesIO()
    options = {"quality": 95} if WRITTEN_FORMATS[path.suffix.lower()] in ("JPEG", "WEBP") else {}
    try:
        Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(
            encoded, WRITTEN_FORMATS[path.suffix.lower()], **options
        )
    except (OSError, ValueError) as error:  # JPEG and WebP have a largest size
        raise UsageError(
            f"cannot write {path}: a picture of {pixels.shape[1]}x{pixels.shape[0]} does not fit that format ({error})"
        ) from error
    try:
        write_durably(path, encoded.getvalue())
    except OSError as error:
        raise StriateError(f"cannot write {path}: {error.strerror or error}") from error


def check_output(path: str | Path, *, picture: str | Path | None = None) -> None:
    """Finds before any work is done what would keep a picture from being written.

    Args:
        path: Where it is to be written.
        picture: The picture that it is made of, which it must not replace.

    Raises:
        UsageError: If the ending is unknown, the folder does not exist or cannot be written, or the file is a folder or
            the picture itself.
    """
    path = Path(path)
    check_writable(path, endings=WRITTEN_FORMATS)
    if picture is not None and path.exists() and Path(picture).exists() and path.samefile(picture):
        raise UsageError(f"cannot write {path}: it is the picture itself; name another --output")


def _weights(kernel: str | NamedKernel | npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    if isinstance(kernel, str):
        kernel = named_kernel(kernel)
    if isinstance(kernel, NamedKernel):
        return np.asarray(kernel.tensor(torch.float32).numpy())
    weights = np.asarray(kernel)
    odd = weights.ndim == 2 and all(size % 2 for size in weights.shape)
    if not odd or weights.dtype.kind not in "biuf" or not np.isfinite(weights).all():
        raise UsageError(
            "filter_picture: kernel must be a name, or an array of finite numbers of shape (height, width), both odd; "
            f"got {weights.dtype} of shape {weights.shape}"
        )
    return weights.astype(np.float32)


def _to_pixels(responses: npt.NDArray[np.float32], mapping: Mapping, scale: float) -> npt.NDArray[np.uint8]:
    if mapping == "absolute":
        responses = np.abs(responses) * np.float32(scale)
    elif mapping == "signed":
        responses = np.float32(127.5) + responses * np.float32(scale / 2)
    return np.rint(responses).clip(0, 255).astype(np.uint8)
