from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from striate.errors import PictureError
from striate.pixels.containers import plain_gif, plain_png, webp_size

MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def chunks(data: bytes) -> list[bytes]:
    found, position = [], 8
    while position < len(data):
        (length,) = struct.unpack_from(">L", data, position)
        found.append(data[position + 4 : position + 8])
        position += 12 + length
    return found


def after_header(data: bytes, extra: bytes) -> bytes:
    return data[:33] + extra + data[33:]


def test_png_keeps_what_makes_pixels_and_gives_exif_apart(encoded, colourful):
    exif = Image.Exif()
    exif[274] = 6
    picture = Image.fromarray(colourful)
    data = encoded(picture, "PNG", exif=exif, dpi=(72, 72), save_all=True, append_images=[picture.rotate(180)])
    assert {b"acTL", b"fcTL", b"fdAT", b"pHYs", b"eXIf"} < set(chunks(data))
    plain, block = plain_png(data, "a.png")
    assert set(chunks(plain)) == {b"IHDR", b"IDAT", b"IEND"}
    assert block == exif.tobytes()[6:]
    with Image.open(io.BytesIO(plain)) as read:
        np.testing.assert_array_equal(np.asarray(read), colourful)


def test_png_extras_may_be_damaged(encoded, colourful):
    data = encoded(colourful, "PNG")
    for extra in (
        chunk(b"acTL", bytes(8)) * 2,
        chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(1 << 21))),
        chunk(b"iCCP", b"x\0\7"),
        chunk(b"gAMA", b"")[:-1] + b"?",
    ):
        assert plain_png(after_header(data, extra), "a.png") == (data, b"")


def test_png_checksums_of_pixels_are_verified(encoded, colourful):
    data = encoded(colourful, "PNG")
    for place in (20, 60, len(data) - 16):
        wrong = bytearray(data)
        wrong[place] ^= 1
        with pytest.raises(PictureError, match=r"^a\.png: the PNG data is damaged$"):
            plain_png(bytes(wrong), "a.png")


def test_png_cut_in_its_pixels_is_refused_and_without_its_end_mark_is_not(encoded, colourful):
    data = encoded(colourful, "PNG")
    with pytest.raises(PictureError, match=r"^a\.png: the file is truncated: its PNG data stops too early$"):
        plain_png(data[:-20], "a.png")
    assert plain_png(data[:-12], "a.png") == (data[:-12], b"")


@pytest.mark.parametrize(
    ("bits", "colour", "key", "eight_bits"),
    [
        (1, 0, (1,), (1,)),
        (2, 0, (2,), (170,)),
        (4, 0, (9,), (153,)),
        (8, 0, (200,), (200,)),
        (16, 0, (40000,), (40000,)),
        (8, 2, (1, 2, 3), (1, 2, 3)),
        (16, 2, (0x1234, 0x5678, 0x9ABC), (0x12, 0x56, 0x9A)),
    ],
)
def test_png_transparent_colour_is_scaled_where_pillow_scales_the_pixels_only(bits, colour, key, eight_bits):
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", 1, 1, bits, colour, 0, 0, 0))
    layout = f">{len(key)}H"
    data = MAGIC + header + chunk(b"tRNS", struct.pack(layout, *key))
    assert plain_png(data, "")[0] == MAGIC + header + chunk(b"tRNS", struct.pack(layout, *eight_bits))


def test_gif_keeps_its_first_frame_as_it_was(encoded, colourful):
    first = Image.fromarray(colourful).quantize(32)
    data = encoded(first, "GIF", save_all=True, append_images=[first.rotate(180)], disposal=2, comment=b"hello")
    with Image.open(io.BytesIO(plain_gif(data, "a.gif"))) as read:
        assert (read.disposal_method, read.info.get("comment")) == (0, None)
        np.testing.assert_array_equal(np.asarray(read.convert("RGB")), np.asarray(first.convert("RGB")))


def test_gif_canvas_grows_to_hold_the_frame(encoded):
    data = bytearray(encoded(np.full((3, 5), 9, np.uint8), "GIF"))
    struct.pack_into("<HH", data, 6, 2, 4)
    assert struct.unpack_from("<HH", plain_gif(bytes(data), "")[6:10]) == (5, 4)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF89a\1\0\1\0\0\0\0;", "the GIF data is damaged"),
        (b"GIF89a\1\0", "the file is truncated: its GIF data stops too early"),
        (b"GIF89a\1\0\1\0\0\0\0!\xfe\5hel", "the file is truncated: its GIF data stops too early"),
        (b"GIF89a\1\0\1\0\0\0\0,\xff\xff\0\0\1\0\1\0\0", "the GIF data is damaged"),
    ],
)
def test_gif_without_a_first_frame_is_refused(data, reason):
    with pytest.raises(PictureError) as caught:
        plain_gif(data, "a.gif")
    assert caught.value.reason == reason


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0"}])
def test_webp_size_of_all_three_kinds(encoded, colourful, options):
    data = encoded(colourful, "WEBP", **options)
    assert data[12:16] == {0: b"VP8 ", 4: b"VP8X", 8: b"VP8L"}[len("".join(options))]
    assert webp_size(data, "a.webp") == (20, 12)


def test_webp_that_is_cut_or_unknown_is_refused(encoded, colourful):
    data = encoded(colourful, "WEBP")
    for length in (12, 25, len(data) - 1):
        with pytest.raises(PictureError, match=r"^a\.webp: the file is truncated: its WebP data stops too early$"):
            webp_size(data[:length], "a.webp")
    with pytest.raises(PictureError, match=r"^a\.webp: the WebP data is damaged$"):
        webp_size(data.replace(b"VP8 ", b"VP9 "), "a.webp")
