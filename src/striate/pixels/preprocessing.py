"""What is done to a picture before a network sees it: one frozen object, the same for training and for prediction."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError, UsageError
from striate.pixels.canary_pictures import (
    CANARY_FILES,
    fault_of_colours,
    fault_of_pixels,
    make_canaries,
    sample_colours,
    sample_pixels,
)
from striate.pixels.decoding import (
    DEFAULT_MAX_PIXELS,
    PictureSource,
    decode_to_picture,
    picture_name,
)
from striate.pixels.opening import naming_memory
from striate.pixels.preprocessing_settings import (
    LEVELS,
    ChannelOrder,
    Colour,
    Filter,
    PixelRange,
    ResizeRule,
    check_choice,
    checked_size,
    checked_statistics,
    checked_whole_number,
)

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_CONSTANTS = {"decoder": "pillow", "exif": "applied"}
_SETTINGS = ("colour", "resize", "resize_size", "filter", "crop", "fill", "range", "mean", "std")
_ADDED = {"channel_order": "rgb"}  # settings of a later version: written where they say something else than before
_BLOCK = 1 << 16  # values normalised at a time: they stay in the processor's cache


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Decode, resize, crop, normalise: the rule that turns any picture into a network's input; the `Encoding` of pictures.

    Resizing and cropping end in uint8, so that a picture that is kept as bytes is the same as one that is read anew.
    Sizes are (height, width) in pixels.

    Attributes:
        colour: `"rgb"`, three channels, or `"grey"`, one.
        resize: `"shorter_side"`: in proportion, to the smallest size that covers `resize_size`. Where that is a square,
            the shorter side becomes its side, and the other side is rounded down, which is torchvision's rule.
            `"exact"`: to `resize_size`, whatever the proportions.
            `"pad"`: in proportion, to the largest size that fits into `resize_size` (rounded to the nearest pixel, at
            least 1), then filled up to it evenly on both sides, an odd pixel at the bottom or right.
            `"none"`: not at all.
        resize_size: What `resize` asks for; None with `"none"`.
        filter: `"bilinear"` or `"bicubic"`, Pillow's, which averages all the pixels that make one (antialiasing).
        crop: The centre that is kept; a smaller picture is filled up to it evenly on both sides, an odd pixel at the
            bottom or right. Where an odd number of pixels is cut off, the one more goes as in torchvision's CenterCrop
            (half of it is rounded to the nearest, and to even between two). None: nothing is cut off.
        fill: The value, 0 to 255, of what is filled up.
        mean: Subtracted, one for each channel as the network gets them, where pixels have the range `range`.
        std: Divided by afterwards, likewise.
        range: `"0..1"`, or `"0..255"`, as Caffe's networks have it.
        channel_order: In which order the network gets the three channels: `"rgb"`, or `"bgr"`, as Caffe's networks have
            it. Pixels are in the order RGB everywhere before.

    Raises:
        UsageError: If a setting makes no sense, or the rule does not give every picture the same size.

    Example:
        >>> import numpy as np
        >>> rule = Preprocessing(
        ...     colour="grey", resize="exact", resize_size=(28, 28), mean=(0.1307,), std=(0.3081,)
        ... )
        >>> pixels = rule.pixels(np.full((100, 80), 255, np.uint8))
        >>> pixels.shape, rule.normalise(pixels[np.newaxis]).shape
        ((28, 28, 1), (1, 1, 28, 28))
    """

    kind: ClassVar[str] = "picture"
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.uint8)
    canary_files: ClassVar[tuple[str, ...]] = CANARY_FILES

    colour: Colour
    resize: ResizeRule
    resize_size: tuple[int, int] | None = None
    filter: Filter = "bilinear"
    crop: tuple[int, int] | None = None
    fill: int = 0
    mean: tuple[float, ...]
    std: tuple[float, ...]
    range: PixelRange = "0..1"
    channel_order: ChannelOrder = "rgb"
    _scale: npt.NDArray[np.float32] = field(init=False, repr=False, compare=False)
    _shift: npt.NDArray[np.float32] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = (
            ("colour", Colour),
            ("resize", ResizeRule),
            ("filter", Filter),
            ("range", PixelRange),
            ("channel_order", ChannelOrder),
        )
        for name, known in choices:
            check_choice(name, getattr(self, name), get_args(known))
        if self.channel_order == "bgr" and self.colour == "grey":
            raise UsageError("channel_order 'bgr' is for three channels; grey pictures have one")
        settle = object.__setattr__  # a frozen object is settled once, here
        settle(self, "resize_size", checked_size("resize_size", self.resize_size))
        settle(self, "crop", checked_size("crop", self.crop))
        settle(self, "fill", checked_whole_number("fill", self.fill, 0, 255))
        settle(self, "mean", checked_statistics("mean", self.mean, self.channels, self.range))
        settle(self, "std", checked_statistics("std", self.std, self.channels, self.range))
        if (self.resize == "none") != (self.resize_size is None):
            wants = "no resize_size" if self.resize == "none" else "a resize_size (height, width)"
            raise UsageError(f"resize {self.resize!r} takes {wants}, got {self.resize_size}")
        if self.crop is None and self.resize in ("none", "shorter_side"):
            raise UsageError(
                f"resize {self.resize!r} without crop gives pictures of different sizes; give crop as (height, width)"
            )
        mean, deviation = (np.array(values) for values in self.statistics)
        settle(self, "_scale", (1 / (255 * deviation)).astype(np.float32).reshape(-1, 1, 1))
        settle(self, "_shift", (-mean / deviation).astype(np.float32).reshape(-1, 1, 1))

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return 3 if self.colour == "rgb" else 1

    @property
    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each channel as the network gets them, where pixels go from 0 to 1."""
        levels = LEVELS[self.range]
        return tuple(value / levels for value in self.mean), tuple(value / levels for value in self.std)

    @property
    def scale_and_shift(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What `normalise` multiplies bytes by and what it then adds: (C,) float32 each, of the channels as the network gets them."""
        return self._scale.reshape(-1), self._shift.reshape(-1)

    @property
    def reverses_channels(self) -> bool:
        """Whether the network gets the channels in the opposite order of pixels: blue, green, red."""
        return self.channel_order == "bgr"

    @property
    def size(self) -> tuple[int, int]:
        """The (height, width) in pixels of every prepared picture."""
        return cast("tuple[int, int]", self.crop or self.resize_size)  # there is one: __post_init__ sees to it

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every prepared picture."""
        return (*self.size, self.channels)

    @property
    def largest(self) -> tuple[int, ...]:
        """The larger of what pictures are resized to and what is left of that, (height, width) in pixels."""
        return max(self.size, self.resize_size or self.size, key=math.prod)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of `to_dict()` as JSON with sorted keys: equal for equal rules, everywhere."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def of_pixels(self) -> Preprocessing:
        """The rule without what makes an input of pixels: rules that resize and crop alike have the same."""
        nothing, one = (0.0,) * self.channels, (1.0,) * self.channels
        return replace(self, mean=nothing, std=one, range="0..1", channel_order="rgb")

    @property
    def stored_digest(self) -> str:
        """The digest of `of_pixels`: mean, deviation, range and order of channels change no pixel."""
        return self.of_pixels.digest

    def pixels(
        self, source: PictureSource, *, max_pixels: int = DEFAULT_MAX_PIXELS, name: str | None = None
    ) -> npt.NDArray[np.uint8]:
        """One picture decoded, resized and cropped: (H, W, C) uint8 in 0..255, of `size` and `channels`.

        Args:
            source: A picture, as `striate.pixels.decode` takes it.
            max_pixels: The most pixels that the picture may have.
            name: What errors call the picture.

        Raises:
            PictureError: If the picture cannot be read; it names the picture and the reason.
        """
        picture = decode_to_picture(source, channels=self.channels, max_pixels=max_pixels, name=name)
        return self.fitted(picture, picture_name(source, name))

    def encode(
        self, item: PictureSource, *, name: str | None = None, limit: int | None = None
    ) -> npt.NDArray[np.uint8]:
        """`pixels`, as every `Encoding` calls it; `limit` is the most pixels that the picture may have."""
        return self.pixels(item, max_pixels=DEFAULT_MAX_PIXELS if limit is None else limit, name=name)

    def ready(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """`normalise`, as every `Encoding` calls it."""
        return self.normalise(batch)

    def canaries(self, items: Sequence[bytes | npt.NDArray[np.uint8]]) -> dict[str, bytes]:
        """Six small encoded pictures by their files' names, which go through every step between a file and the network.

        Args:
            items: Any number of pictures but none: encoded, or (H, W) or (H, W, 3) uint8.
        """
        return make_canaries(items, self.resize_size or self.size)

    def sample(self, encoded: npt.NDArray[np.uint8]) -> str:
        """Some values of a prepared picture, and what the network gets for three colours, in hexadecimal digits."""
        return sample_pixels(encoded) + sample_colours(self.normalise, self.channels)

    def fault(self, sample: str, encoded: npt.NDArray[np.uint8]) -> str:
        """How a prepared picture, or the way it is normalised, differs from what was sampled; `""` if only by rounding."""
        colours = sample_colours(self.normalise, self.channels)
        end = len(sample_pixels(encoded))
        if len(sample) != end + len(colours):  # sealed by an earlier version, or of another size
            return fault_of_pixels(sample, encoded)
        return fault_of_pixels(sample[:end], encoded) or fault_of_colours(sample[end:], colours)

    def resized(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """One decoded picture resized and cropped: what `pixels` does after decoding.

        Args:
            pixels: (H, W, C) uint8 in 0..255, of `channels`.

        Returns:
            (H, W, C) uint8 of `size`, in memory of its own.

        Raises:
            UsageError: If the array is of another type or shape.
            PictureError: If the picture is so long and thin that it would have too many pixels, once resized.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != self.channels or 0 in pixels.shape:
            raise UsageError(
                f"expected pixels of uint8 and shape (H, W, {self.channels}), "
                f"got {pixels.dtype} of shape {pixels.shape}"
            )
        picture = Image.fromarray(pixels if self.channels == 3 else pixels[:, :, 0])
        return self.fitted(picture, picture_name(pixels, None))

    def normalise(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Prepared pictures as a network's input: (pixels / 255 - mean) / std, or (pixels - mean) / std by `range`.

        The channels are put into the order that the network takes. It is computed as pixels * scale + shift in float32,
        each value by itself: the same picture gives the same bits, in any batch and on any machine.

        Args:
            pixels: (N, H, W, C) uint8 in 0..255, of `channels`; height and width may be any.

        Returns:
            (N, C, H, W) float32, C-contiguous.

        Raises:
            UsageError: If the array is of another type or shape.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != self.channels:
            raise UsageError(
                f"expected pixels of uint8 and shape (N, H, W, {self.channels}), "
                f"got {pixels.dtype} of shape {pixels.shape}"
            )
        count, height, width, channels = pixels.shape
        images = np.empty((count, channels, height, width), np.float32)
        if self.reverses_channels:
            pixels = pixels[..., ::-1]
        step = max(1, _BLOCK // max(1, channels * height * width))
        for start in range(0, count, step):
            block = images[start : start + step]
            block[...] = pixels[start : start + step].transpose(0, 3, 1, 2)
            block *= self._scale
            block += self._shift
        return images

    def restored(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """What `normalise` would make these inputs of: (N, C, H, W) float -> (N, H, W, C) uint8 in 0..255, RGB or grey."""
        mean, deviation = (np.array(values).reshape(-1, 1, 1) for values in self.statistics)
        pixels = np.rint((images * deviation + mean) * 255).clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pixels[..., ::-1] if self.reverses_channels else pixels)

    def to_dict(self) -> dict[str, Any]:
        """The rule in JSON's types, with what is the same for all rules: the decoder and EXIF.

        What a later version added is there only where it says something else than before: so that a rule has the digest
        that it always had.
        """
        settings = {name: getattr(self, name) for name in _SETTINGS}
        settings |= {name: getattr(self, name) for name, usual in _ADDED.items() if getattr(self, name) != usual}
        return {
            **_CONSTANTS,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """The rule that `to_dict` wrote.

        Args:
            values: All the keys of `to_dict`, and no others; those that a later version added may be missing.

        Raises:
            UsageError: If a key is missing or unknown, or a value makes no sense.
        """
        known = {*_CONSTANTS, *_SETTINGS}
        missing, unknown = sorted(known - set(values)), sorted(set(values) - known - set(_ADDED))
        faults = [f"lacks {', '.join(missing)}"] if missing else []
        faults += [f"has unknown {', '.join(unknown)}"] if unknown else []
        if faults:
            raise UsageError(f"the preprocessing {' and '.join(faults)}; expected the keys {', '.join(sorted(known))}")
        for key, constant in _CONSTANTS.items():
            if values[key] != constant:
                raise UsageError(f"the preprocessing's {key} is {values[key]!r}; expected {constant!r}")
        added = {name: values.get(name, usual) for name, usual in _ADDED.items()}
        return cls(**{name: values[name] for name in _SETTINGS}, **added)

    def fitted(self, picture: Image.Image, name: str) -> npt.NDArray[np.uint8]:
        """A decoded picture resized, filled up and cropped: what `pixels` does after decoding.

        Args:
            picture: Of mode RGB or L, by the rule's `channels`.
            name: What errors call it.

        Raises:
            PictureError: If the picture is so long and thin that it would have too many pixels, once resized.
        """
        with naming_memory(name):
            return self._resized_and_cropped(picture, name)

    def _resized_and_cropped(self, picture: Image.Image, name: str) -> npt.NDArray[np.uint8]:
        width, height = self._resized_size(*picture.size)
        # Pillow resizes one side first, the width unless the height shrinks by far more: there is a picture in between.
        if width * max(height, picture.height) > max(DEFAULT_MAX_PIXELS, math.prod(self.size)):
            raise PictureError(
                name,
                f"the picture is too long and thin: {picture.width} x {picture.height} pixels would be resized to "
                f"{width} x {height} by way of more than {DEFAULT_MAX_PIXELS:,} pixels",
            )
        pixels = np.asarray(picture.resize((width, height), _FILTERS[self.filter])).reshape(height, width, -1)
        if self.resize == "pad" and self.resize_size is not None:
            pixels = self._centred(pixels, self.resize_size)
        if self.crop is not None:
            pixels = self._centred(pixels, self.crop)
        return np.array(pixels, order="C")  # not a view, which would keep the whole picture in memory

    def _resized_size(self, width: int, height: int) -> tuple[int, int]:
        """The width and height that the resize rule gives a picture."""
        if self.resize_size is None:
            return width, height
        to_height, to_width = self.resize_size
        if self.resize == "exact":
            return to_width, to_height
        by_width = to_width * height, to_height * width  # the scale is given by the width where the first is larger
        if self.resize == "shorter_side":
            if by_width[0] >= by_width[1]:
                return to_width, to_width * height // width
            return to_height * width // height, to_height
        if by_width[0] <= by_width[1]:
            return to_width, max(1, (2 * to_width * height + width) // (2 * width))
        return max(1, (2 * to_height * width + height) // (2 * height)), to_height

    def _centred(self, pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """The centre of a picture, filled up where the picture is smaller."""
        (top, above), (left, before) = (
            _cut_and_fill(have, want) for have, want in zip(pixels.shape, size, strict=False)
        )
        kept = pixels[top : top + size[0], left : left + size[1]]
        if kept.shape[:2] == size:
            return kept
        whole = np.full((*size, self.channels), self.fill, np.uint8)
        whole[above : above + kept.shape[0], before : before + kept.shape[1]] = kept
        return whole


def _cut_and_fill(have: int, want: int) -> tuple[int, int]:
    """How many pixels are cut off at the start of a side, and how many are filled in there."""
    return (round((have - want) / 2), 0) if have > want else (0, (want - have) // 2)
