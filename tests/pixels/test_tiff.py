from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from striate.pixels.tiff import ORIENTATION, exif_orientation, plain_tiff, read_directory


def directory(order: str, *entries: tuple[int, int, int, bytes]) -> bytes:
    """A TIFF file of one directory; each entry is (tag, type, number of values, 4 bytes)."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(struct.pack(order + "HHL", tag, kind, values) + value for tag, kind, values, value in entries)
    return mark + struct.pack(order + "LH", 8, len(entries)) + body + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"])
def test_orientation_is_read_in_both_byte_orders_with_and_without_prefix(order, orientation, prefix):
    value = struct.pack(order + "HH", orientation, 0)
    assert exif_orientation(prefix + directory(order, (ORIENTATION, 3, 1, value))) == orientation


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"JUNKJUNKJUNK",
        b"II*\0\xff\xff\xff\xff" + bytes(20),
        directory("<", (ORIENTATION, 3, 1, struct.pack("<HH", 0, 0))),
        directory("<", (ORIENTATION, 3, 1, struct.pack("<HH", 9, 0))),
        directory("<", (ORIENTATION, 2, 1, b"6\0\0\0")),
        directory("<", (ORIENTATION, 99, 1, b"\6\0\0\0")),
        directory("<", (ORIENTATION, 3, 0, b"\6\0\0\0")),
        directory("<", (ORIENTATION, 3, 9, struct.pack("<L", 1 << 31))),
        directory("<", (271, 2, 4, b"abc\0")),
        directory("<", (ORIENTATION, 3, 1, b"\6\0\0\0"))[:20],
    ],
)
def test_nonsense_is_upright(exif):
    assert exif_orientation(exif) == 1


def test_orientation_after_damaged_tags_and_in_a_long_is_read():
    block = directory(
        ">",
        (271, 2, 100_000, struct.pack(">L", 40)),  # lies beyond the end
        (282, 77, 1, bytes(4)),  # no known type
        (ORIENTATION, 4, 1, struct.pack(">L", 8)),
        (ORIENTATION, 3, 1, struct.pack(">HH", 3, 0)),  # the first of equal tags counts
    )
    assert exif_orientation(block) == 8


def test_a_directory_that_announces_more_entries_than_there_are_is_read_to_the_end():
    block = directory("<", (ORIENTATION, 3, 1, b"\5\0\0\0"))
    assert exif_orientation(block[:8] + b"\xff\xff" + block[10:]) == 5


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "tiff_lzw"},
        {"compression": "tiff_adobe_deflate"},
        {"compression": "packbits"},
        {"big_tiff": True},
        {"compression": "tiff_lzw", "description": "odd"},
        {"tiffinfo": {ORIENTATION: 6, 270: "text", 33432: "someone"}},
    ],
)
def test_a_plain_file_has_the_same_pixels_and_no_other_tags(encoded, colourful, options):
    directory = read_directory(encoded(colourful, "TIFF", **options))
    with Image.open(io.BytesIO(plain_tiff(directory))) as picture:
        np.testing.assert_array_equal(np.asarray(picture), colourful)
        assert not {270, ORIENTATION, 33432} & set(picture.tag_v2)
        assert picture.n_frames == 1


def test_only_the_first_page_is_kept(encoded, colourful):
    other = Image.fromarray(255 - colourful)
    data = encoded(colourful, "TIFF", save_all=True, append_images=[other, other])
    with Image.open(io.BytesIO(plain_tiff(read_directory(data)))) as picture:
        assert picture.n_frames == 1
        np.testing.assert_array_equal(np.asarray(picture), colourful)


def test_of_a_tag_that_has_one_value_the_first_is_kept():
    data = directory("<", (256, 3, 2, struct.pack("<HH", 7, 9)), (257, 3, 1, struct.pack("<HH", 5, 0)))
    plain = read_directory(plain_tiff(read_directory(data)))
    assert {tag: (entry.values, plain.number(tag, 0)) for tag, entry in plain.entries.items()} == {
        256: (1, 7),
        257: (1, 5),
    }
