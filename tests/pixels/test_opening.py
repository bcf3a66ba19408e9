from __future__ import annotations

import re
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile

from striate.errors import PictureError
from striate.pixels import decode, measure

NO_PICTURE = "no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture"
FORMATS = {
    "JPEG": ("JPEG", {"quality": 95}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "PNG": ("PNG", {}),
    "BMP": ("BMP", {}),
    "GIF": ("GIF", {}),
    "TIFF": ("TIFF", {}),
    "LZW TIFF": ("TIFF", {"compression": "tiff_lzw"}),
    "WebP": ("WEBP", {}),
    "lossless WebP": ("WEBP", {"lossless": True}),
}


@pytest.fixture(params=FORMATS)
def file(request, encoded, colourful) -> tuple[str, bytes]:
    """The name of a format and a picture (12, 20) of it."""
    picture_format, options = FORMATS[request.param]
    return request.param.split()[-1], encoded(colourful, picture_format, **options)


def test_a_file_cut_anywhere_is_refused_with_a_plain_reason(file):
    name, data = file
    for length in {1, 5, 10, 20, 40, len(data) // 2, len(data) - 30}:
        with pytest.raises(PictureError) as caught:
            decode(data[:length], name="cut")
        assert re.fullmatch(
            rf"cut: (the file is truncated: its {name} data stops too early|the {name} (header|data) is damaged|"
            rf"the file is {NO_PICTURE})",
            str(caught.value),
        )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WebP"])
def test_a_file_cut_in_the_midst_of_its_pixels_is_called_truncated(encoded, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(pixels, kind)
    with pytest.raises(PictureError) as caught:
        # Pillow writes the directory of an uncompressed TIFF first
        decode(data[: len(data) * 2 // 3], name="cut.file")
    assert str(caught.value) == f"cut.file: the file is truncated: its {kind} data stops too early"


@pytest.mark.parametrize(
    ("kind", "place", "wrong", "reason"),
    [
        ("JPEG", 2, b"\xff\2", "the JPEG header is damaged"),
        ("PNG", 60, b"????", "the PNG data is damaged"),
        ("BMP", 14, b"\7\0", "the picture is of a kind of BMP that cannot be read (Unsupported BMP header type (7))"),
        ("GIF", 6, b"\0\0\0\0\0\0\0;", "the GIF data is damaged"),
        ("TIFF", 12, b"\2\0", "the TIFF header is damaged"),
        ("WebP", 12, b"VP9 ", "the WebP data is damaged"),
    ],
)
def test_corrupt_data_of_each_format_is_refused(encoded, colourful, kind, place, wrong, reason):
    data = bytearray(encoded(colourful, kind))
    data[place : place + len(wrong)] = wrong
    with pytest.raises(PictureError) as caught:
        decode(bytes(data), name="bad")
    assert str(caught.value) == f"bad: {reason}"


def test_broken_huffman_codes_of_a_jpeg_are_refused(encoded, colourful):
    data = bytearray(encoded(colourful, "JPEG"))
    table = data.index(b"\xff\xc4")
    data[table + 5 : table + 21] = b"\xff" * 16
    with pytest.raises(PictureError, match=r"^bad: the JPEG data is damaged$"):
        decode(bytes(data), name="bad")


def test_twelve_bit_jpeg_is_refused_by_its_kind(encoded, colourful):
    data = bytearray(encoded(colourful, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(PictureError) as caught:
        decode(bytes(data), name="deep.jpg")
    assert str(caught.value) == (
        "deep.jpg: the picture is of a kind of JPEG that cannot be read (cannot handle 12-bit layers)"
    )


@pytest.mark.parametrize(
    "data", [b"hello, this is text\n" * 9, b"\0\0\0\x18ftypmp42" + bytes(40), b"P9\n1 1\n", bytes(99)]
)
def test_what_is_no_picture_of_the_known_formats_is_refused(data):
    with pytest.raises(PictureError, match=f"^a.jpg: the file is {NO_PICTURE}$"):
        decode(data, name="a.jpg")


def huge(encoded, kind: str, width: int, height: int) -> bytes:
    """A file of a few bytes whose header states a size."""
    data = bytearray(
        encoded(np.zeros((8, 8, 3), np.uint8), kind, **({"exif": b"Exif\0\0II"} if kind == "WEBP" else {}))
    )
    if kind == "JPEG":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    elif kind == "PNG":
        import zlib

        struct.pack_into(">LL", data, 16, width, height)
        struct.pack_into(">L", data, 29, zlib.crc32(data[12:29]))
    elif kind == "BMP":
        struct.pack_into("<LL", data, 18, width, height)
    elif kind == "GIF":
        struct.pack_into("<HH", data, 6, width, height)
    elif kind == "TIFF":
        struct.pack_into("<L", data, 18, width)
        struct.pack_into("<L", data, 30, height)
    else:
        data[24:27], data[27:30] = (width - 1).to_bytes(3, "little"), (height - 1).to_bytes(3, "little")
    return bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_a_size_beyond_the_limit_is_refused_from_the_header(encoded, kind):
    data = huge(encoded, kind, 60000, 50000)
    for read in (decode, measure):
        with pytest.raises(PictureError) as caught:
            read(data, name="bomb")
        assert str(caught.value) == (
            "bomb: the picture has 3,000,000,000 pixels (60000 x 50000), more than the limit of 100,000,000"
        )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_the_limit_is_the_one_asked_for_and_not_pillows(encoded, kind, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)  # Pillow warns above, and stops above twice as many
    data = encoded(np.full((99, 150, 3), 9, np.uint8), kind)
    assert decode(data, max_pixels=99 * 150).shape == (99, 150, 3)
    with pytest.raises(PictureError) as caught:
        decode(data, max_pixels=99 * 150 - 1, name="a")
    assert str(caught.value) == "a: the picture has 14,850 pixels (150 x 99), more than the limit of 14,849"


def test_a_limit_of_pillows_that_cannot_be_passed_by_is_named(encoded, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    data = encoded(np.zeros((9, 9, 3), np.uint8), "WEBP")
    try:
        assert decode(data, name="a").shape == (9, 9, 3)  # Pillow before 13
    except PictureError as error:
        assert str(error) == "a: the picture has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows"


def test_pillows_tolerance_of_truncated_files_does_not_matter(file, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    test_a_file_cut_anywhere_is_refused_with_a_plain_reason(file)


def test_nothing_is_warned_of_and_no_filter_is_needed(encoded, colourful):
    """Under filters that record everything, damaged extras lead to no warning at all."""
    picture = Image.fromarray(colourful)
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\0" + struct.pack("<HHLL", 270, 2, 5000, 9) + b"\x0f"
    tiff = bytearray(encoded(picture, "TIFF", description="x" * 50, software="y" * 50))
    place = tiff.index(struct.pack("<HH", 270, 2))
    struct.pack_into("<LL", tiff, place + 4, 1 << 30, 1 << 30)
    files = [
        encoded(picture, "JPEG", exif=exif),
        encoded(picture, "PNG", exif=exif),
        encoded(picture, "WEBP", exif=exif),
        encoded(picture.quantize(8), "PNG", transparency=bytes(range(8))),
        bytes(tiff),
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for data in files:
            for channels in (1, 3):
                assert decode(data, channels=channels).shape == (12, 20, channels)
            assert measure(data).exif_orientation == 1
    assert caught == []


def test_many_samples_per_pixel_are_refused_without_a_word_from_pillow(encoded, colourful, caplog):
    data = bytearray(encoded(colourful, "TIFF"))
    struct.pack_into("<L", data, data.index(struct.pack("<HHL", 277, 3, 1)) + 8, 1000)
    with pytest.raises(PictureError, match=r"^a: the picture has 1000 samples per pixel; at most 6 can be read$"):
        decode(bytes(data), name="a")
    assert caplog.records == []


def test_threads_read_the_same_as_one(encoded, colourful):
    files = [encoded(colourful, kind, **options) for kind, options in FORMATS.values()]
    files += [data[: len(data) // 2] for data in files]

    def read(data: bytes) -> bytes | str:
        try:
            return decode(data, name="a").tobytes()
        except PictureError as error:
            return str(error)

    alone = [read(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, files * 20)) == alone * 20
