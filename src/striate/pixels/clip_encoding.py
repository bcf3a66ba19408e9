"""The encoding of clips: so many frames, evenly taken, each prepared as a picture is."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.choosing import evenly
from striate.errors import UsageError
from striate.pixels.clips import clip_name, frames_of, pack_frames
from striate.pixels.preprocessing import Preprocessing

LARGEST_COUNT = 256
"""Frames that a contract may have."""

CANARY_SIDE = 160
"""Pixels: the longest side of a canary's frames."""


@dataclass(frozen=True)
class ClipEncoding:
    """A clip as `count` of its frames, evenly taken, each resized and cropped by one rule; of a shorter clip frames come again.

    Example:
        >>> frame = Preprocessing(colour="grey", resize="exact", resize_size=(64, 64), mean=(0.5,), std=(0.25,))
        >>> encoding = ClipEncoding(count=10, frame=frame)
        >>> encoded = encoding.encode(np.zeros((25, 48, 48), np.uint8))
        >>> encoded.shape, encoding.ready(encoded[np.newaxis]).shape
        ((10, 64, 64, 1), (1, 10, 1, 64, 64))
    """

    count: int
    frame: Preprocessing

    kind: ClassVar[str] = "frames"
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.uint8)
    canary_files: ClassVar[tuple[str, ...]] = (
        "first.frames",
        "second.gif",
        "one.frames",
        "many.frames",
        "larger.frames",
    )

    def __post_init__(self) -> None:
        if type(self.count) is not int or not 1 <= self.count <= LARGEST_COUNT:
            raise UsageError(f"count must be a whole number of frames in 1..{LARGEST_COUNT}, got {self.count!r}")

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, height, width, channels)."""
        return (self.count, *self.frame.shape)

    @property
    def channels(self) -> int:
        """Of each frame: 3 for RGB, 1 for grey."""
        return self.frame.channels

    @property
    def largest(self) -> tuple[int, ...]:
        """(frames, height, width), of the larger of what frames are resized to and what is left of that."""
        return (self.count, *self.frame.largest)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of `to_dict()`."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    @property
    def stored_digest(self) -> str:
        """The same, without what makes an input of pixels."""
        return ClipEncoding(self.count, self.frame.of_pixels).digest

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        frame = {
            name: value for name, value in self.frame.to_dict().items() if value is not None
        }  # a TOML file has no null
        return {"count": self.count, "frame": frame}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> ClipEncoding:
        """Reads what `to_dict` gives.

        Raises:
            UsageError: It makes no sense.
        """
        if table.keys() != {"count", "frame"} or not isinstance(table["frame"], Mapping):
            raise UsageError("the preprocessing of clips has count and frame, and no more")
        return cls(table["count"], Preprocessing.from_dict({"crop": None, "resize_size": None, **table["frame"]}))

    def encode(self, item: Any, *, name: str | None = None, limit: int | None = None) -> npt.NDArray[np.uint8]:
        """(frames, height, width, channels) uint8 of a clip.

        Args:
            item: As `striate.pixels.clips.frames_of` takes it.
            name: What errors call the clip.
            limit: The most pixels that a frame may have.

        Raises:
            PictureError: It cannot be read, or is no clip.
        """
        name = name or clip_name(item)
        prepared: dict[int, npt.NDArray[np.uint8]] = {}  # a frame that comes again is one object
        frames = frames_of(item, self.count, name=name, limit=limit)
        for frame in frames:
            if id(frame) not in prepared:
                prepared[id(frame)] = self.frame.encode(frame, name=name, limit=limit)
        return np.stack([prepared[id(frame)] for frame in frames])

    def ready(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n, frames, channels, height, width) float32, normalised, as a network takes it."""
        frames = self.frame.ready(batch.reshape(-1, *batch.shape[2:]))
        return frames.reshape(len(batch), -1, *frames.shape[1:])

    def canaries(self, items: Sequence[Any]) -> dict[str, bytes]:
        """Short clips: two of the data, of which one as a GIF; one of a single frame; one of more frames than are taken; a larger one."""
        rows = evenly(len(items), 2)
        first, second = (self._small(items[int(row)]) for row in (rows[0], rows[-1]))
        larger = [frame.resize((frame.width * 3, frame.height * 2)) for frame in first]
        clips = (_packed(first), _gif(second), _packed(second[:1]), _packed([*first, *second]), _packed(larger))
        return dict(zip(self.canary_files, clips, strict=True))

    def _small(self, item: Any) -> list[Image.Image]:
        """Up to three frames of a clip, no larger than a canary needs."""
        frames = frames_of(item, 3, name=clip_name(item))
        side = max(self.frame.size)
        rule = Preprocessing(
            colour=self.frame.colour,
            resize="pad",
            resize_size=(min(side, CANARY_SIDE),) * 2,
            mean=(0.0,) * self.channels,
            std=(1.0,) * self.channels,
        )
        return [Image.fromarray(np.squeeze(rule.pixels(frame))) for frame in frames]

    def sample(self, encoded: npt.NDArray[np.uint8]) -> str:
        """Some values of the prepared frames, and what the network gets for three colours, in hexadecimal digits."""
        return self.frame.sample(encoded.reshape(-1, *encoded.shape[2:]))

    def fault(self, sample: str, encoded: npt.NDArray[np.uint8]) -> str:
        """How prepared frames, or the way they are normalised, differ from what was sampled; `""` if only by rounding."""
        return self.frame.fault(sample, encoded.reshape(-1, *encoded.shape[2:]))


def strip(frames: npt.NDArray[np.uint8], *, most: int = 5) -> npt.NDArray[np.uint8]:
    """Some frames side by side, evenly taken: (T, H, W, C) -> (H, up to most * W, C).

    Example:
        >>> strip(np.zeros((10, 8, 8, 1), np.uint8)).shape
        (8, 40, 1)
    """
    return np.concatenate(list(frames[evenly(len(frames), most)]), axis=1)


def _packed(frames: Sequence[Image.Image]) -> bytes:
    files = []
    for frame in frames:
        file = io.BytesIO()
        frame.save(file, "PNG")
        files.append(file.getvalue())
    return pack_frames(files)


def _gif(frames: Sequence[Image.Image]) -> bytes:
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100, optimize=False)
    return file.getvalue()
