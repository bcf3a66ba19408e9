"""AVIF, JPEG 2000 and HEIC, and what is said of formats that cannot be read."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image, ImageFile

from striate.errors import PictureError
from striate.pixels import decode, measure, optional_formats

pytest.importorskip("PIL.AvifImagePlugin")
pillow_heif = pytest.importorskip("pillow_heif")


@pytest.fixture(scope="module")
def smooth() -> np.ndarray:
    rows, columns = np.mgrid[:24, :40]
    return np.stack([rows * 10, columns * 6, 255 - rows * 5 - columns * 3], -1).astype(np.uint8)


def heic(picture: np.ndarray, exif: bytes = b"") -> bytes:
    """A lossless HEIC file, made by pillow-heif's plugin, which is not registered for it."""
    file, image = io.BytesIO(), Image.fromarray(picture)
    image.encoderinfo = {"quality": -1, "chroma": 444}
    image.info |= {"exif": exif} if exif else {}
    pillow_heif.as_plugin._save_heif(image, file, "")
    return file.getvalue()


@pytest.fixture(params=["AVIF", "JPEG 2000", "JPEG 2000 codestream", "HEIC"])
def made(request, encoded):
    """The name of a format, and a function from an array to a file of it."""
    options = {"AVIF": {"quality": 100, "subsampling": "4:4:4"}, "JPEG 2000 codestream": {"no_jp2": True}}
    if request.param == "HEIC":
        return "HEIC", heic
    kind = "AVIF" if request.param == "AVIF" else "JPEG2000"
    return request.param.removesuffix(" codestream"), lambda picture: encoded(
        picture, kind, **options.get(request.param, {})
    )


@pytest.mark.parametrize("channels", [None, 3, 4])
def test_pixels_are_those_that_were_written(made, smooth, channels):
    name, make = made
    picture = smooth[..., 0] if channels is None else smooth
    if channels == 4:
        picture = np.concatenate([smooth, np.full((24, 40, 1), 255, np.uint8)], -1)
        picture[:4, :, 3] = 0
    data = make(picture)
    expected = decode(picture)
    found = decode(data)
    assert found.shape == (24, 40, 3)
    np.testing.assert_allclose(found.astype(int), expected, atol=0 if name == "JPEG 2000" else 4)
    if channels == 4:
        np.testing.assert_allclose(found[:3].astype(int), 255, atol=1)
    facts = measure(data)
    assert (facts.width, facts.height, facts.format, facts.exif_orientation) == (40, 24, name, 1)
    assert facts.channels_needed == 3 or channels is None


def test_a_cut_file_is_refused_whatever_pillow_is_told(made, smooth, monkeypatch):
    _, make = made
    data = make(smooth)
    for tolerant in (False, True):
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", tolerant)
        for length in (16, len(data) // 4, len(data) // 2, len(data) - 12):
            with pytest.raises(PictureError):
                decode(data[:length])


def test_a_size_beyond_the_limit_is_refused_before_decoding(made, smooth, monkeypatch):
    _, make = made
    data = make(smooth)
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    with pytest.raises(PictureError) as caught:
        decode(data, max_pixels=959, name="a")
    assert str(caught.value) == "a: the picture has 960 pixels (40 x 24), more than the limit of 959"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pictures_are_turned_upright_once(encoded, smooth, orientation):
    def exif() -> Image.Exif:  # Pillow takes the orientation out of what it writes into AVIF
        block = Image.Exif()
        block[274] = orientation
        return block

    expected = decode(encoded(smooth, "PNG", exif=exif()))
    assert expected.shape[:2] == ((24, 40) if orientation < 5 else (40, 24))
    for data in (
        encoded(smooth, "AVIF", quality=100, subsampling="4:4:4", exif=exif()),
        heic(smooth, exif().tobytes()),
    ):
        facts = measure(data)
        assert (facts.height, facts.width) == expected.shape[:2]
        np.testing.assert_allclose(decode(data).astype(int), expected, atol=4)


def test_deep_grey_jpeg_2000_is_scaled_to_8_bits(encoded):
    values = np.array([[0, 257, 32896, 65535] * 8] * 8, np.uint16)
    np.testing.assert_array_equal(decode(encoded(values, "JPEG2000"), channels=1)[0, :4, 0], [0, 1, 128, 255])


def test_what_is_missing_is_named_with_how_to_install_it(encoded, smooth, monkeypatch):
    def reason(data: bytes) -> str:
        for kept in (optional_formats._reads_heic, optional_formats._avif_reader):
            kept.cache_clear()
        with pytest.raises(PictureError) as caught:
            decode(data)
        return caught.value.reason

    avif, jpeg2000, heif = encoded(smooth, "AVIF"), encoded(smooth, "JPEG2000"), heic(smooth)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pillow_heif", None)
        without.setattr("PIL.AvifImagePlugin.SUPPORTED", False)
        without.setattr(optional_formats.PIL, "__version__", "11.0.0")
        without.delattr(Image.core, "jpeg2k_decoder")
        assert (
            reason(heif) == "the file is a HEIC picture, and what reads those is not installed: pip install pillow-heif"
        )
        for data, kind in ((avif, "an AVIF"), (jpeg2000, "a JPEG 2000")):
            assert reason(data) == (
                f"the file is {kind} picture, which this Pillow (11.0.0) cannot read: "
                "pip install --upgrade --force-reinstall pillow"
            )
        without.setitem(sys.modules, "PIL.AvifImagePlugin", None)
        without.delattr("PIL.AvifImagePlugin")
        assert "AVIF" in reason(avif)
    optional_formats._reads_heic.cache_clear()
    optional_formats._avif_reader.cache_clear()
    assert decode(heif).shape == decode(avif).shape == (24, 40, 3)


def test_the_versions_of_what_decodes():
    assert optional_formats.decoder_versions() == (
        f"rules {optional_formats.RULES}, pillow {optional_formats.PIL.__version__}, pillow-heif {pillow_heif.__version__}"
    )


RAW = "the file is a camera's raw picture, which cannot be read: develop it to JPEG, PNG or TIFF first"


def preview(entries: list[tuple[int, int, int]], mark: bytes = b"") -> bytes:
    """A TIFF file of one grey pixel, with these tags (number, type, value) besides."""
    own = [(256, 4, 1), (257, 4, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 16), (278, 4, 1), (279, 4, 1)]
    entries = sorted([*own, *entries])
    body = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0\x14\0\0\0" + mark.ljust(12, b"\0") + struct.pack("<H", len(entries)) + body + bytes(4)


def test_the_preview_in_a_raw_file_is_not_taken_for_the_picture():
    assert decode(preview([])).shape == (1, 1, 3)
    assert decode(preview([(254, 4, 1)])).shape == (1, 1, 3)
    for data in (preview([(254, 4, 1), (330, 4, 8)]), preview([(50706, 4, 1)]), preview([], b"CR\2\0")):
        with pytest.raises(PictureError) as caught:
            decode(data)
        assert caught.value.reason == RAW


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", RAW),
        (b"FUJIFILMCCD-RAW 0201", RAW),
        (
            b"\xff\x0a" + bytes(20),
            "the file is a JPEG XL picture, which cannot be read: convert it to JPEG, PNG or TIFF first",
        ),
        (
            b"P6\n1 1\n255\nabc",
            "the file is a Netpbm picture, which cannot be read: convert it to JPEG, PNG or TIFF first",
        ),
        (
            b"\0\0\1\0" + bytes(40),
            "the file is an icon picture, which cannot be read: convert it to JPEG, PNG or TIFF first",
        ),
        (
            bytes(128) + b"DICM",
            "the file is a DICOM picture, which cannot be read: convert it to JPEG, PNG or TIFF first",
        ),
        (
            b"<?xml version='1.0'?><svg/>",
            "the file is an SVG drawing, which cannot be read: convert it to JPEG, PNG or TIFF first",
        ),
    ],
)
def test_formats_that_cannot_be_read_are_named(data, reason):
    with pytest.raises(PictureError) as caught:
        decode(data)
    assert caught.value.reason == reason
