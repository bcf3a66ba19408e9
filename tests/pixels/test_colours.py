"""What each colour mode becomes, with exact values, through files made here."""

from __future__ import annotations

import io
import struct
import types
import zlib

import numpy as np
import PIL
import pytest
from PIL import Image

from striate.errors import PictureError
from striate.pixels import colours, decode, measure
from striate.pixels.colours import flatten


def rgb(*pixels: tuple[int, int, int]) -> np.ndarray:
    return np.array([pixels], np.uint8)


def luma(pixels: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(pixels.astype(np.int64), -1, 0)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)[..., np.newaxis]


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.floor((colours * (alpha / 255)) + 255 - alpha + 0.5).astype(np.uint8)


def assert_decodes(source, expected: np.ndarray, needed: int) -> None:
    """To RGB as expected, to grey as the luma of it, and the header says how many channels it takes."""
    np.testing.assert_array_equal(decode(source), expected)
    np.testing.assert_array_equal(decode(source, channels=1), luma(expected))
    assert measure(source).channels_needed == needed


def grey(*values: int) -> np.ndarray:
    return np.repeat(np.array([values], np.uint8)[..., np.newaxis], 3, axis=-1)


def made(mode: str, *pixels) -> Image.Image:
    picture = Image.new(mode, (len(pixels), 1))
    picture.putdata(pixels) if mode != "1" else picture.putdata([255 * pixel for pixel in pixels])
    return picture


def png(bits: int, colour: int, width: int, row: bytes, key: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, 1, bits, colour, 0, 0, 0))
    body = chunk(b"tRNS", key) if key else b""
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + header + body + pixels + chunk(b"IEND", b"")


def tiff(order: str, width: int, bits: int, photometric: int, row: bytes, *more: tuple[int, int, int]) -> bytes:
    """An uncompressed grey TIFF of one row, with tags (number, type, value) besides."""
    entries = [
        (256, 4, width),
        (257, 4, 1),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, photometric),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 1),
        (279, 4, len(row)),
        *more,
    ]
    body = b"".join(
        struct.pack(order + "HHL", tag, kind, 1)
        + struct.pack(order + ("HH" if kind == 3 else "L"), value, *[0] * (kind == 3))
        for tag, kind, value in entries
    )
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return (
        mark + struct.pack(order + "L", 8 + len(row)) + row + struct.pack(order + "H", len(entries)) + body + bytes(4)
    )


@pytest.mark.parametrize(("picture_format", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {"compression": "group4"})])
def test_mode_1_becomes_black_and_white(encoded, picture_format, options):
    data = encoded(made("1", 0, 1, 1, 0), picture_format, **options)
    assert_decodes(data, grey(0, 255, 255, 0), 1)


@pytest.mark.parametrize("picture_format", ["PNG", "BMP", "GIF", "TIFF"])
def test_mode_l_stays(encoded, picture_format):
    assert_decodes(encoded(made("L", 0, 1, 100, 255), picture_format), grey(0, 1, 100, 255), 1)


@pytest.mark.parametrize("picture_format", ["PNG", "BMP", "TIFF"])
def test_mode_rgb_stays_and_becomes_grey_by_its_luma(encoded, picture_format):
    pixels = rgb((255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30))
    assert_decodes(encoded(pixels, picture_format), pixels, 3)
    assert decode(encoded(pixels, picture_format), channels=1).ravel().tolist() == [76, 150, 29, 18]


def test_lossless_webp_stays(encoded):
    pixels = rgb((255, 0, 0), (1, 2, 3))
    assert_decodes(encoded(pixels, "WEBP", lossless=True), pixels, 3)


def test_grey_jpeg_needs_one_channel(encoded):
    assert_decodes(encoded(np.full((8, 8), 100, np.uint8), "JPEG"), np.full((8, 8, 3), 100, np.uint8), 1)


def test_la_is_composited_on_white(encoded):
    picture = made("LA", (0, 255), (0, 0), (100, 128), (200, 1))
    assert_decodes(encoded(picture, "PNG"), grey(0, 255, 177, 255), 1)


@pytest.mark.parametrize(
    ("picture_format", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})]
)
def test_rgba_is_composited_on_white(encoded, picture_format, options):
    random = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    random[0, :3] = [[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]
    expected = on_white(random[..., :3], random[..., 3:])
    assert expected[0, :3].tolist() == [[10, 20, 30], [255, 255, 255], [127, 127, 127]]
    assert_decodes(encoded(random, picture_format, **options), expected, 3)


def palette(*colours: tuple[int, int, int]) -> Image.Image:
    picture = Image.new("P", (len(colours), 1))
    picture.putpalette([value for colour in colours for value in colour])
    picture.putdata(range(len(colours)))
    return picture


COLOURS = ((255, 0, 0), (0, 255, 0), (1, 2, 3))


@pytest.mark.parametrize("picture_format", ["PNG", "BMP", "GIF", "TIFF"])
def test_p_becomes_the_colours_of_its_palette(encoded, picture_format):
    assert_decodes(encoded(palette(*COLOURS), picture_format), rgb(*COLOURS), 3)


@pytest.mark.parametrize("picture_format", ["PNG", "GIF"])
def test_p_with_one_transparent_entry_is_composited_on_white(encoded, picture_format):
    data = encoded(palette(*COLOURS), picture_format, transparency=1)
    assert_decodes(data, rgb(COLOURS[0], (255, 255, 255), COLOURS[2]), 3)


def test_p_with_an_alpha_for_each_entry_is_composited_on_white(encoded):
    data = encoded(palette(*COLOURS), "PNG", transparency=bytes([0, 128, 255]))
    assert_decodes(data, rgb((255, 255, 255), (127, 255, 127), COLOURS[2]), 3)


@pytest.mark.parametrize("picture_format", ["PNG", "TIFF"])
def test_p_with_a_palette_of_greys_needs_one_channel(encoded, picture_format):
    colours = ((9, 9, 9), (3, 3, 3), (200, 200, 200))
    assert_decodes(encoded(palette(*colours), picture_format), rgb(*colours), 1)


def test_pa_is_composited_on_white(encoded):
    picture = palette(*COLOURS).convert("PA")
    picture.putalpha(made("L", 255, 0, 128))
    assert_decodes(encoded(picture, "TIFF"), rgb((255, 0, 0), (255, 255, 255), (128, 128, 129)), 3)


def test_a_pil_picture_with_transparent_palette_is_left_as_it_was():
    picture = palette(*COLOURS)
    picture.info["transparency"] = bytes([0, 128, 255])
    before = picture.getpalette("RGBA")
    assert_decodes(picture, rgb((255, 255, 255), (127, 255, 127), COLOURS[2]), 3)
    assert (picture.getpalette("RGBA"), picture.info) == (before, {"transparency": bytes([0, 128, 255])})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(1, 0, 2, b"\x40", struct.pack(">H", 1)), grey(0, 255)),
        (png(1, 0, 2, b"\x40", struct.pack(">H", 0)), grey(255, 255)),
        (png(2, 0, 4, b"\x1b", struct.pack(">H", 1)), grey(0, 255, 170, 255)),
        (png(4, 0, 2, b"\x19", struct.pack(">H", 1)), grey(255, 153)),
        (png(8, 0, 2, b"\x05\x06", struct.pack(">H", 5)), grey(255, 6)),
        (png(16, 0, 2, struct.pack(">HH", 1000, 1001), struct.pack(">H", 1000)), grey(255, 4)),
    ],
)
def test_a_transparent_grey_is_white(data, expected):
    assert_decodes(data, expected, 1)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(8, 2, 2, bytes([1, 2, 3, 1, 2, 4]), struct.pack(">3H", 1, 2, 3)), rgb((255, 255, 255), (1, 2, 4))),
        (
            png(16, 2, 2, struct.pack(">6H", 256, 512, 768, 5120, 0, 65535), struct.pack(">3H", 256, 512, 768)),
            rgb((255, 255, 255), (20, 0, 255)),
        ),
    ],
)
def test_a_transparent_colour_is_white(data, expected):
    assert_decodes(data, expected, 3)


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_premultiplied_alpha_is_composited_on_white(mode):
    straight = made("LA", (100, 255), (0, 0)) if mode == "La" else made("RGBA", (100, 100, 100, 255), (0, 0, 0, 0))
    assert_decodes(straight.convert(mode), grey(100, 255), 1 if mode == "La" else 3)


def test_padding_of_rgbx_is_no_transparency():
    assert_decodes(made("RGBX", (1, 2, 3, 0)), rgb((1, 2, 3)), 3)


CMYK = ((0, 0, 0, 0), (0, 255, 255, 0), (255, 0, 0, 0), (0, 0, 0, 255), (128, 0, 0, 128))
AS_RGB = ((255, 255, 255), (255, 0, 0), (0, 255, 255), (0, 0, 0), (63, 127, 127))


def test_cmyk_tiff_becomes_rgb(encoded):
    assert_decodes(encoded(made("CMYK", *CMYK), "TIFF"), rgb(*AS_RGB), 3)


@pytest.mark.parametrize(("cmyk", "expected"), list(zip(CMYK, AS_RGB, strict=True)))
def test_inverted_cmyk_jpeg_of_adobe_becomes_rgb(encoded, cmyk, expected):
    data = encoded(Image.new("CMYK", (8, 8), cmyk), "JPEG", quality=100)
    assert b"Adobe" in data
    assert_decodes(data, np.full((8, 8, 3), expected, np.uint8), 3)


def test_ycbcr_becomes_rgb(encoded):
    if int(PIL.__version__.split(".")[0]) < 13:
        pytest.skip("Pillow before 13 refuses the uncompressed YCbCr TIFF that it writes")
    picture = made("YCbCr", (100, 128, 128), (76, 85, 255), (0, 128, 128), (81, 90, 100))
    expected = rgb((100, 100, 100), (254, 0, 0), (0, 0, 0), (41, 114, 13))
    assert_decodes(encoded(picture, "TIFF"), expected, 3)
    # JFIF's formula, of which Pillow cuts off the fractions.
    y, blue, red = 81, 90 - 128, 100 - 128
    exact = (y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue)
    np.testing.assert_allclose(expected[0, 3], exact, atol=1)


def test_hsv_becomes_rgb():
    assert_decodes(
        made("HSV", (0, 255, 255), (0, 0, 77), (85, 255, 255)), rgb((255, 0, 0), (77, 77, 77), (0, 255, 0)), 3
    )


def test_lab_becomes_rgb(encoded):
    picture = Image.frombytes("LAB", (2, 1), bytes([255, 0, 0, 0, 0, 0]))
    np.testing.assert_allclose(decode(encoded(picture, "TIFF"))[0], [[255] * 3, [0] * 3], atol=1)
    red = Image.frombytes("LAB", (1, 1), bytes([138, 81, 70]))  # L* 54.1, a* 81, b* 70 in D50
    np.testing.assert_allclose(decode(encoded(red, "TIFF")).ravel().astype(int), [255, 0, 0], atol=5)


SIXTEEN = np.array([[0, 128, 129, 257, 385, 386, 32896, 65406, 65407, 65535]], np.uint16)
AS_EIGHT = grey(0, 0, 1, 1, 1, 2, 128, 254, 255, 255)  # the nearest of v / 257


def test_16_bit_png_is_scaled_and_rounded(encoded):
    data = encoded(SIXTEEN, "PNG")
    assert_decodes(data, AS_EIGHT, 1)
    assert measure(data).mode == "I;16"


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bit_tiff_of_both_byte_orders_is_scaled_and_rounded(encoded, mode, compression):
    picture = Image.frombytes(mode, (10, 1), SIXTEEN.astype(">u2" if mode == "I;16B" else "<u2").tobytes())
    assert_decodes(encoded(picture, "TIFF", compression=compression), AS_EIGHT, 1)
    assert_decodes(picture, AS_EIGHT, 1)


def test_every_16_bit_value_goes_to_the_nearest():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.floor(values / 257 + 0.5)
    np.testing.assert_array_equal(decode(Image.fromarray(values), channels=1)[..., 0], expected)


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_tiff_in_which_white_is_zero_is_turned_round(order):
    row = struct.pack(order + "3H", 0, 65535, 257)
    if order == "<":
        assert_decodes(tiff(order, 3, 16, 0, row), grey(255, 0, 254), 1)
    assert_decodes(tiff(order, 3, 16, 1, row), grey(0, 255, 1), 1)


def test_8_bit_tiff_in_which_white_is_zero_is_turned_round():
    assert_decodes(tiff("<", 3, 8, 0, bytes([0, 255, 1])), grey(255, 0, 254), 1)


def test_12_bit_tiff_is_scaled_from_12_bits():
    row = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x08])  # 0, 4095, 2048, 8
    assert_decodes(tiff("<", 4, 12, 1, row), grey(0, 255, 128, 0), 1)


def grey_png(values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of 16 bits with chunks besides."""
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    data = file.getvalue()
    extra = b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + extra + data[33:]


TWELVE = np.array([[0, 8, 9, 2048, 4095]], np.uint16)


def test_12_bits_in_16_are_taken_as_a_png_states_them():
    assert decode(grey_png(TWELVE), channels=1).ravel().tolist() == [0, 0, 0, 8, 16]
    stated = grey_png(TWELVE, (b"sBIT", b"\x0c"))
    assert decode(stated, channels=1).ravel().tolist() == [0, 0, 1, 128, 255]
    ten = grey_png(np.array([[0, 512, 1023]], np.uint16), (b"tEXt", b"a\0sBIT"), (b"sBIT", b"\x0a"))
    assert decode(ten, channels=1).ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize("scaled", [lambda v: v << 4, lambda v: v * 65535 // 4095, lambda v: (v << 4) | (v >> 8)])
@pytest.mark.parametrize("top", [4095, 255, 100])
def test_12_bits_that_were_scaled_as_png_wants_them_stay(scaled, top):
    values = scaled(np.linspace(0, top, 300).astype(np.int64)[np.newaxis]).astype(np.uint16)
    plain, stated = grey_png(values), grey_png(values, (b"sBIT", b"\x0c"))
    np.testing.assert_array_equal(decode(stated), decode(plain))


@pytest.mark.parametrize("body", [b"\x10", b"\x05", b"\x00", b"\xff", b"\x0c\x0c"])
def test_other_significant_bits_say_nothing(body):
    np.testing.assert_array_equal(decode(grey_png(TWELVE, (b"sBIT", body))), decode(grey_png(TWELVE)))
    np.testing.assert_array_equal(decode(grey_png(SIXTEEN, (b"sBIT", b"\x0c"))), AS_EIGHT)  # values beyond


@pytest.mark.parametrize(("bits", "kind"), [(16, np.uint16), (32, np.int32)])
def test_the_largest_sample_value_of_a_tiff_states_its_bits(encoded, bits, kind):
    values = np.array([[0, 8, 2048, 4095]], kind)
    for largest, expected in (
        (4095, [0, 0, 128, 255]),
        (8191, [0, 0, 64, 127]),
        (1023, [0, 0, 8, 16]),  # the values are beyond it
        (4000, [0, 0, 8, 16]),  # this picture's largest, perhaps, and no number of bits
        (65535, [0, 0, 8, 16]),
    ):
        data = encoded(values, "TIFF", tiffinfo={281: largest})
        assert decode(data, channels=1).ravel().tolist() == expected


def test_stated_bits_in_which_white_is_zero(encoded):
    row = struct.pack("<3H", 0, 4095, 9)
    data = tiff("<", 3, 16, 0, row, (281, 3, 4095))
    assert decode(data, channels=1).ravel().tolist() == [255, 0, 254]


def test_integers_of_32_bits_within_8_are_taken_as_they_are(encoded):
    ramp = np.arange(256, dtype=np.int32).reshape(16, 16)
    for source in (Image.fromarray(ramp), encoded(ramp, "TIFF")):
        np.testing.assert_array_equal(decode(source, channels=1)[..., 0], ramp)
    assert decode(Image.fromarray(np.array([[0, 256]], np.int32)), channels=1).ravel().tolist() == [0, 1]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "I", "F"])
def test_large_pictures_are_worked_on_in_bands_to_the_same_pixels(mode, monkeypatch):
    random = np.random.default_rng(0)
    if mode in ("RGBA", "LA"):
        picture = Image.fromarray(random.integers(0, 256, (37, 23, len(mode)), dtype=np.uint8))
    elif mode == "P":
        picture = Image.fromarray(random.integers(0, 256, (37, 23, 3), dtype=np.uint8)).quantize(16)
        picture.info["transparency"] = bytes(range(0, 256, 16))
    else:
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        picture = Image.fromarray(random.integers(0, 65536 if mode != "F" else 256, (37, 23)).astype(kind))
        picture.info["transparency"] = 77 if mode == "I;16" else None
    assert picture.mode == mode
    whole = [decode(picture, channels=channels) for channels in (1, 3)]
    for band in (1, 23, 24, 70, 36 * 23):
        monkeypatch.setattr(colours, "_BAND", band)
        for channels, expected in zip((1, 3), whole, strict=True):
            np.testing.assert_array_equal(decode(picture, channels=channels), expected)


def test_integers_of_32_bits_are_scaled_as_16_bits(encoded):
    picture = Image.fromarray(SIXTEEN.astype(np.int32))
    assert picture.mode == "I"
    assert_decodes(picture, AS_EIGHT, 1)
    assert_decodes(encoded(picture, "TIFF"), AS_EIGHT, 1)


@pytest.mark.parametrize(("low", "high"), [(-1, 5), (0, 65536)])
def test_integers_beyond_16_bits_are_refused(encoded, low, high):
    data = encoded(np.array([[low, high]], np.int32), "TIFF")
    with pytest.raises(PictureError) as caught:
        decode(data, name="deep.tiff")
    assert str(caught.value) == (
        f"deep.tiff: the picture has 32-bit integers from {low} to {high}; expected 0 to 65535: scale it first"
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 0.5, 1, 0.002), (0, 128, 255, 1)),
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        ((0, 100.4, 255, 0.7), (0, 100, 255, 1)),
        ((1, 2, 1, 0), (1, 2, 1, 0)),
    ],
)
def test_floats_of_both_ranges_are_taken(encoded, values, expected):
    picture = Image.fromarray(np.array([values], np.float32))
    assert_decodes(picture, grey(*expected), 1)
    assert_decodes(encoded(picture, "TIFF"), grey(*expected), 1)


@pytest.mark.parametrize(("low", "high"), [(-0.5, 1.0), (0.0, 1.5), (0.0, 255.5), (0.0, 65535.0)])
def test_floats_of_other_ranges_are_refused(low, high):
    with pytest.raises(PictureError) as caught:
        decode(Image.fromarray(np.array([[low, high]], np.float32)), name="a.tif")
    assert str(caught.value) == (
        f"a.tif: the picture has 32-bit floats from {low:g} to {high:g}; expected 0 to 1 or 0 to 255: scale it first"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_are_refused(value):
    with pytest.raises(PictureError, match=r"^a PIL picture: the picture has 32-bit floats that are NaN or infinite$"):
        decode(Image.fromarray(np.array([[0, value]], np.float32)))


def test_an_unknown_mode_is_refused():
    picture = types.SimpleNamespace(mode="XYZ")
    with pytest.raises(PictureError, match=r"^a: the picture has the colour mode XYZ, which cannot be read$"):
        flatten(picture, channels=3, black=0, white=65535, name="a")
