"""The encoding of clips: shapes, numbers, the contract's form, canaries."""

import numpy as np
import pytest

from striate.encodings import Encoding, named_encoding
from striate.errors import UsageError
from striate.pixels import Preprocessing
from striate.pixels.clip_encoding import ClipEncoding, strip

GREY = Preprocessing(colour="grey", resize="pad", resize_size=(8, 8), mean=(0.5,), std=(0.25,))
COLOUR = Preprocessing(colour="rgb", resize="exact", resize_size=(6, 4), mean=(0.1, 0.2, 0.3), std=(1.0, 0.5, 0.25))


def moving(count=5, height=8, width=8):
    """A column that moves by a pixel a frame."""
    clip = np.zeros((count, height, width), np.uint8)
    for frame in range(count):
        clip[frame, :, frame % width] = 255
    return clip


def test_frames_and_numbers():
    encoding = ClipEncoding(5, GREY)
    encoded = encoding.encode(moving())
    assert (encoding.shape, encoded.shape, encoded.dtype) == ((5, 8, 8, 1), (5, 8, 8, 1), np.uint8)
    np.testing.assert_array_equal(encoded[..., 0], moving())
    ready = encoding.ready(np.stack([encoded, encoded[::-1]]))
    assert (ready.shape, ready.dtype) == ((2, 5, 1, 8, 8), np.float32)
    assert (ready[0, 2, 0, 3, 2], ready[0, 2, 0, 3, 3], ready[1, 2, 0, 0, 2]) == (2.0, -2.0, 2.0)
    assert isinstance(encoding, Encoding)
    assert (encoding.channels, encoding.largest) == (1, (5, 8, 8))


def test_colours_stay_with_their_frames():
    clip = np.zeros((2, 6, 4, 3), np.uint8)
    clip[0, ..., 0], clip[1, ..., 2] = 255, 255
    ready = ClipEncoding(2, COLOUR).ready(ClipEncoding(2, COLOUR).encode(clip)[np.newaxis])
    np.testing.assert_allclose(ready[0, :, :, 0, 0], [[0.9, -0.4, -1.2], [-0.1, -0.4, 2.8]], atol=1e-6)


def test_what_a_contract_has_of_it():
    encoding = ClipEncoding(7, GREY)
    again = named_encoding("frames").read(encoding.to_dict())
    assert again == encoding
    assert again.digest == encoding.digest != ClipEncoding(6, GREY).digest
    darker = ClipEncoding(7, Preprocessing(colour="grey", resize="pad", resize_size=(8, 8), mean=(0.1,), std=(0.25,)))
    assert darker.digest != encoding.digest
    assert darker.stored_digest == encoding.stored_digest
    assert None not in encoding.to_dict()["frame"].values()  # a run's recipe is TOML, which has none


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"count": 3}, "has count and frame, and no more"),
        ({"count": 3, "frame": 4}, "has count and frame, and no more"),
        ({"count": 0, "frame": GREY.to_dict()}, r"count must be a whole number of frames in 1\.\.256, got 0"),
        ({"count": True, "frame": GREY.to_dict()}, "got True"),
        ({"count": 300, "frame": GREY.to_dict()}, "got 300"),
    ],
)
def test_what_makes_no_sense_is_refused(table, message):
    with pytest.raises(UsageError, match=message):
        ClipEncoding.from_dict(table)


@pytest.mark.parametrize("frame", [GREY, COLOUR])
def test_canaries_go_through_every_step(frame):
    encoding = ClipEncoding(4, frame)
    clips = [np.repeat(moving(6)[..., None], 3, axis=3), 255 - np.repeat(moving(3)[..., None], 3, axis=3)]
    canaries = encoding.canaries(clips)
    assert tuple(canaries) == encoding.canary_files
    encoded = [encoding.encode(file) for file in canaries.values()]
    assert all(len(np.unique(one)) > 1 for one in encoded)
    assert not any(encoding.fault(encoding.sample(one), one) for one in encoded)
    assert (encoded[2] == encoded[2][:1]).all()  # of a single frame
    assert not (encoded[0] == encoded[0][:1]).all()
    assert encoding.fault(encoding.sample(encoded[0]), encoded[0][::-1])  # frames the other way round
    other = ClipEncoding(4, Preprocessing.from_dict({**frame.to_dict(), "mean": [0.6] * frame.channels}))
    assert other.fault(encoding.sample(encoded[0]), encoded[0])


def test_a_strip_shows_frames_side_by_side():
    frames = ClipEncoding(8, GREY).encode(moving(8))
    shown = strip(frames, most=3)
    assert shown.shape == (8, 24, 1)
    np.testing.assert_array_equal(shown[:, 16:], frames[-1])
