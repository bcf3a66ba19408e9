"""The frames of clips, from GIF files, folders, arrays and lists."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from striate.errors import PictureError
from striate.pixels.clips import (
    MOST_FRAMES,
    PACKED,
    chosen_places,
    frame_count,
    frame_names,
    frames_of,
    pack_frames,
    read_clip,
    unpack_frames,
)
from striate.pixels.decoding import decode


def grey(value, side=8):
    return np.full((side, side), value, np.uint8)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def gif(frames, **options):
    file = io.BytesIO()
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], **options)
    return file.getvalue()


def values(frames):
    return [int(decode(frame, channels=1)[0, 0, 0]) for frame in frames]


@pytest.fixture
def folder(tmp_path):
    for number in range(1, 13):
        (tmp_path / f"frame{number}.png").write_bytes(png(grey(20 * number)))
    (tmp_path / "notes.txt").write_text("of it")
    return tmp_path


def test_frames_of_a_folder_come_by_their_numbers(folder):
    assert frame_names(folder) == [f"frame{number}.png" for number in range(1, 13)]
    assert values(frames_of(folder, 12, name="it")) == [20 * number for number in range(1, 13)]
    assert values(frames_of(str(folder), 3, name="it")) == [60, 140, 220]  # the third, seventh and eleventh
    packed = read_clip(folder)
    assert (frame_count(packed, "it"), values(frames_of(packed, 1, name="it"))) == (12, [140])


def test_every_way_gives_the_same_frames(tmp_path):
    frames = [grey(value) for value in (0, 50, 100, 150)]
    (tmp_path / "a.gif").write_bytes(gif(frames))
    packed = pack_frames([png(frame) for frame in frames])
    for clip in (tmp_path / "a.gif", gif(frames), packed, np.stack(frames), frames, [png(frame) for frame in frames]):
        assert values(frames_of(clip, 4, name="it")) == [0, 50, 100, 150]
        assert values(frames_of(clip, 2, name="it")) == [50, 150]
        assert values(frames_of(clip, 8, name="it")) == [0, 0, 50, 50, 100, 100, 150, 150]
    assert frame_count(gif(frames), "it") == 4


def test_a_frame_of_a_gif_is_drawn_over_those_before_it():
    first, second = Image.new("P", (8, 8)), Image.new("P", (8, 8))
    for picture in (first, second):
        picture.putpalette([0, 0, 0, 255, 255, 255, 128, 128, 128])
    first.paste(1, (0, 0, 4, 8))
    second.paste(1, (0, 0, 4, 8))
    second.paste(2, (6, 6, 8, 8))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=[second], disposal=1)
    found = [decode(frame, channels=1)[:, :, 0] for frame in frames_of(file.getvalue(), 2, name="it")]
    assert [found[1][0, 0], found[1][0, 5], found[1][7, 7]] == [255, 0, 128]
    assert (found[0] != found[1]).sum() == 4


def test_places_are_the_middles_of_equal_parts():
    assert chosen_places(30, 10).tolist() == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    for count in range(1, 40):
        for wanted in range(1, 15):
            places = chosen_places(count, wanted)
            assert (np.diff(places) >= 0).all()
            assert 0 <= places[0] <= places[-1] < count


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (b"hello", "it is no clip: neither a GIF file nor a folder of numbered frames"),
        (b"GIF89a", "the file is truncated: its GIF data stops too early"),
        (gif([grey(0), grey(90), grey(200)])[:60], "the file is truncated: its GIF data stops too early"),
        (b"GIF89a" + bytes(7) + b";", "the GIF header is damaged"),
        (PACKED, "the packed frames are cut short"),
        (PACKED + struct.pack("<I", 0), "it has 0 frames; expected 1 to 10,000"),
        (PACKED + struct.pack("<I", 4_000_000_000), "it has 4,000,000,000 frames"),
        (pack_frames([b"one", b"two"])[:-1], "the packed frames are cut short"),
        (np.zeros((3, 8, 8), np.float32), r"expected an array of uint8 .* got float32 of shape \(3, 8, 8\)"),
        (np.zeros((8, 8), np.uint8), "expected an array of uint8"),
        ([], "it has 0 frames"),
        (3, "a clip is a GIF file, a folder of frames, or an array, got int"),
    ],
)
def test_what_is_no_clip_is_refused(clip, reason):
    with pytest.raises(PictureError, match=reason):
        frames_of(clip, 2, name="it")


def test_places_on_disk_that_hold_no_clip_are_refused(tmp_path):
    for name, reason in (("none", "there is no such file or folder"), ("", "there is no frame in the folder")):
        with pytest.raises(PictureError, match=reason):
            read_clip(tmp_path / name)
    with pytest.raises(PictureError, match="no such"):
        frames_of(str(tmp_path / "none.gif"), 2, name="it")


def test_there_are_not_too_many_frames(monkeypatch):
    many = pack_frames([b""] * (MOST_FRAMES + 1))
    with pytest.raises(PictureError, match="10,001 frames; expected 1 to 10,000"):
        unpack_frames(many, "it")
    with pytest.raises(PictureError, match="64 pixels"):
        frames_of(gif([grey(0), grey(90)]), 2, name="it", limit=63)
    monkeypatch.setattr("striate.pixels.clips.MOST_FRAMES", 2)
    with pytest.raises(PictureError, match="it has 3 frames; expected at most 2"):
        frames_of(gif([grey(0), grey(90), grey(200)]), 2, name="it")
