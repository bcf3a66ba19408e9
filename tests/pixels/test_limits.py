"""What a picture may cost: each limit holds before the work, at its very edge."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from striate.errors import PictureError
from striate.pixels import Preprocessing, decode, limits, measure
from striate.pixels.limits import ALWAYS_PIXELS, MOST_SCANS, check_size, check_tiles, jpeg_scans


def reason_of(data, **options) -> str:
    with pytest.raises(PictureError) as caught:
        decode(data, **options)
    return caught.value.reason


@pytest.fixture(scope="module")
def many_scans(encoded):
    """A function that makes a progressive JPEG whose last scan is there again and again."""

    def make(count: int, side: int = 64) -> bytes:
        data = encoded(np.full((side, side), 100, np.uint8), "JPEG", progressive=True)
        starts = [found.start() for found in re.finditer(b"\xff\xda", data)]
        return data[:-2] + data[starts[-1] : -2] * (count - len(starts)) + data[-2:]

    return make


def test_scans_are_counted_up_to_the_end_of_the_picture(encoded, many_scans):
    picture = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    assert jpeg_scans(encoded(picture, "JPEG")) == 1
    progressive = encoded(picture, "JPEG", progressive=True, exif=b"Exif\0\0" + b"\xff\xda" * 300)
    assert jpeg_scans(progressive) == 10
    assert jpeg_scans(progressive + many_scans(50)) == 10
    assert jpeg_scans(encoded(picture, "JPEG", progressive=True, restart_marker_blocks=1)) == 10
    assert jpeg_scans(many_scans(1500)) == 1500
    assert decode(progressive).shape == (64, 48, 3)  # a preview's scans are not the picture's


def test_many_scans_are_refused_before_any_is_decoded(many_scans, monkeypatch):
    assert decode(many_scans(MOST_SCANS)).shape == (64, 64, 3)
    one_more, fifteen_hundred = many_scans(MOST_SCANS + 1), many_scans(1500)
    monkeypatch.setattr(Image.Image, "load", None)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    assert reason_of(fifteen_hundred) == (
        "the JPEG has 1,500 scans, more than the 100 that one of 4,096 pixels may have: save it anew"
    )
    assert reason_of(one_more).startswith("the JPEG has 101 scans, more than the 100 that")
    with pytest.raises(PictureError, match=r"1,500 scans"):
        measure(fifteen_hundred)


def test_large_pictures_may_have_fewer_scans(many_scans):
    assert decode(many_scans(40), max_pixels=2 * 4096).shape == (64, 64, 3)
    assert reason_of(many_scans(41), max_pixels=2 * 4096) == (
        "the JPEG has 41 scans, more than the 40 that one of 4,096 pixels may have: save it anew"
    )


@pytest.mark.parametrize(
    ("reader", "most"),
    [
        *[("", 100_000_000), ("progressive JPEG", 90_000_000), ("AVIF", 90_000_000), ("HEIC", 81_818_181)],
        *[("WebP", 75_000_000), ("JPEG 2000", 45_000_000)],
    ],
)
def test_formats_whose_readers_take_more_memory_may_have_fewer_pixels(reader, most):
    check_size(most, 1, max_pixels=100_000_000, name="a", reader=reader)
    with pytest.raises(PictureError) as caught:
        check_size(most + 1, 1, max_pixels=100_000_000, name="a", reader=reader)
    expected = f"the picture has {most + 1:,} pixels ({most + 1} x 1), more than the "
    assert caught.value.reason.startswith(expected + (f"{most:,} that a {reader} may have" if reader else "limit of"))
    check_size(ALWAYS_PIXELS, 1, max_pixels=ALWAYS_PIXELS, name="a", reader=reader)


@pytest.mark.parametrize("kind", ["WebP", "lossless WebP", "progressive JPEG", "AVIF", "JPEG 2000"])
def test_too_many_pixels_for_the_reader_are_refused_before_decoding(encoded, kind, monkeypatch):
    if kind == "AVIF":
        pytest.importorskip("PIL.AvifImagePlugin")
    options = {"lossless WebP": {"lossless": True}, "progressive JPEG": {"progressive": True}}.get(kind, {})
    data = encoded(np.zeros((40, 50, 3), np.uint8), {"JPEG 2000": "JPEG2000"}.get(kind, kind.split()[-1]), **options)
    assert decode(data, max_pixels=2000).shape == (40, 50, 3)
    monkeypatch.setattr(limits, "ALWAYS_PIXELS", 10)
    for loading in ("PIL.Image.Image.load", "PIL.ImageFile.ImageFile.load"):
        monkeypatch.setattr(loading, None)
    reader = kind.removeprefix("lossless ")
    most = 2000 * 9 // limits.BYTES_A_PIXEL[reader]
    assert reason_of(data, max_pixels=2000) == (
        f"the picture has 2,000 pixels (50 x 40), more than the {most:,} that a {reader} may have, whose reader takes "
        f"{limits.BYTES_A_PIXEL[reader]} bytes of memory a pixel: convert it to PNG, or make it smaller"
    )
    assert reason_of(data, max_pixels=1999).endswith("more than the limit of 1,999")


def test_a_webp_of_82_megapixels_is_refused_from_its_header(encoded):
    data = bytearray(encoded(np.zeros((8, 8, 3), np.uint8), "WEBP", exif=b"Exif\0\0II"))
    data[24:27], data[27:30] = (10240 - 1).to_bytes(3, "little"), (8008 - 1).to_bytes(3, "little")
    assert reason_of(bytes(data)).startswith(
        "the picture has 82,001,920 pixels (10240 x 8008), more than the 75,000,000 that a WebP may have"
    )


@pytest.mark.parametrize("extra", [b"\xff\xfe\0\2" * 10_000, b"\xff" * 65_537, b"\xff\xe1\0\x09Exif\0\0\xff" * 20_000])
def test_a_header_out_of_proportion_is_refused_before_it_is_read(encoded, extra, monkeypatch):
    data = encoded(np.full((8, 8, 3), 9, np.uint8), "JPEG")
    fewer = data[:2] + b"\xff\xfe\0\2" * 9_000 + b"\xff" * 60_000 + data[2:]
    np.testing.assert_array_equal(decode(fewer), decode(data))
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile._open", None)
    assert reason_of(data[:2] + extra + data[2:]) == (
        "the JPEG has more than 10,000 segments, or 64 KiB of filling, before its picture: save it anew"
    )


def tiled(side: int) -> bytes:
    """A TIFF of 8 x 8 pixels in one tile that is larger, all zeros, deflated."""
    payload = zlib.compress(bytes(side * side), 1)
    tags = [
        (256, 8),
        (257, 8),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 134),
        (325, len(payload)),
    ]
    body = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + bytes(4) + payload


def test_tiles_out_of_proportion_are_refused():
    assert decode(tiled(512)).shape == (8, 8, 3)
    assert reason_of(tiled(5664)) == "the TIFF's tiles have 32,080,896 pixels, for a picture of 64: save it anew"
    check_tiles((10_000, 10_000), (256, 256), name="a")
    check_tiles((100_000, 1), (256, 256), name="a")
    check_tiles((100_000, 1), (0, 0), name="a")  # strips


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "AVIF", "JPEG2000"])
def test_missing_memory_is_never_called_damage(encoded, kind, monkeypatch):
    if kind == "AVIF":
        pytest.importorskip("PIL.AvifImagePlugin")
    data = encoded(np.full((40, 50, 3), 90, np.uint8), kind)
    monkeypatch.setattr(limits, "BYTES_ALLOWED", 1 << 50)  # more than any machine has, for a picture of 2,000 pixels
    monkeypatch.setattr(limits, "BYTES_A_PIXEL", {})
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load_prepare", None)  # fails as a reader does whose memory is gone
    assert reason_of(data) == "there is not enough memory to decode it"


@pytest.mark.parametrize("place", ["transpose", "crop", "resize", "read"])
def test_memory_may_be_missing_anywhere(encoded, place, monkeypatch, tmp_path):
    def none_left(*_: object, **__: object) -> None:
        raise MemoryError

    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "a.png"
    path.write_bytes(encoded(np.zeros((40, 50, 3), np.uint8), "PNG", exif=exif))
    monkeypatch.setattr("striate.pixels.colours._BAND", 100)
    monkeypatch.setattr(
        *(("pathlib.Path.read_bytes",) if place == "read" else (f"PIL.Image.Image.{place}",)), none_left
    )
    rule = Preprocessing(colour="rgb", resize="exact", resize_size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(PictureError) as caught:
        rule.pixels(path)
        decode(path)
    assert str(caught.value) == f"{path}: there is not enough memory to decode it"


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited by Linux's rules")
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_a_process_without_memory_says_so(encoded, kind, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(encoded(np.zeros((3000, 4000, 3), np.uint8), kind))
    code = (
        "import sys, resource, striate.pixels as p, numpy, io\n"
        "from PIL import Image\n"
        "p.decode(numpy.zeros((2, 2, 4), numpy.uint8))\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + (30 << 20),) * 2)\n"
        "try: p.decode(sys.argv[1])\n"
        "except p.decoding.PictureError as error: print(error.reason)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == "there is not enough memory to decode it\n", done.stderr


def test_a_large_webp_takes_twelve_bytes_a_pixel(encoded, tmp_path):
    """Measured in a process of its own: as much more as it states would be a fault."""
    path = tmp_path / "large.webp"
    path.write_bytes(encoded(np.zeros((2000, 4000, 3), np.uint8), "WEBP", method=0))
    code = (
        "import sys, striate.pixels as p, numpy\n"
        "p.decode(numpy.zeros((2, 2, 4), numpy.uint8))\n"
        "status = lambda: dict(line.replace('kB', '').split(':', 1) for line in open('/proc/self/status'))\n"
        "open('/proc/self/clear_refs', 'w').write('5')\n"
        "before = int(status()['VmRSS'])\n"
        "p.decode(sys.argv[1])\n"
        "print((int(status()['VmHWM']) - before) * 1024 / 8e6)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    if "/proc/self/clear_refs" in done.stderr:
        pytest.skip(f"the peak cannot be measured here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert 8 < float(done.stdout) < 12.8
