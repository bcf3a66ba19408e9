from __future__ import annotations

import contextlib
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, features

from striate.errors import PictureError, UsageError
from striate.pixels import DEFAULT_MAX_PIXELS, PICTURE_EXTENSIONS, PictureFacts, decode, measure

KINDS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")


def tagged(encoded, picture: np.ndarray, kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    exif[271] = "a maker"
    lossless = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    return encoded(picture, kind, exif=exif, **lossless)


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_sources_give_the_same(encoded, colourful, kind, tmp_path):
    data = encoded(colourful, kind)
    path = tmp_path / "a.dat"
    path.write_bytes(data)
    link = tmp_path / "link.jpg"
    link.symlink_to(path)
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(picture.convert("RGB"))
        for source in (data, bytearray(data), memoryview(data), path, str(path), link, picture, expected):
            pixels = decode(source)
            assert (pixels.dtype, pixels.shape, pixels.flags.c_contiguous, pixels.flags.writeable) == (
                np.uint8,
                (12, 20, 3),
                True,
                True,
            )
            np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_arrays_are_taken_as_they_are_and_not_shared(shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    array.flags.writeable = False
    channels = 3 if len(shape) == 3 else 1
    for view in (array, np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]):
        pixels = decode(view, channels=channels)
        np.testing.assert_array_equal(pixels.reshape(shape), array)
        assert not np.shares_memory(pixels, view)
    assert decode(array).shape == (*shape[:2], 3)
    assert decode(array, channels=1).shape == (*shape[:2], 1)


def test_other_sources_are_refused():
    expected = (
        "expected a path, a picture file's bytes, a file opened with mode 'rb', a PIL picture or an array of uint8"
    )
    for source, name, got in (
        ([1, 2], "a picture in memory", "list"),
        (None, "None", "None"),
        (3, "a picture in memory", "int"),
    ):
        with pytest.raises(PictureError) as caught:
            decode(source)
        assert str(caught.value) == f"{name}: {expected}, got {got}"


class Unseekable(io.RawIOBase):
    """A stream that can be read once, as a pipe can."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def test_open_files_are_read_from_their_beginning(encoded, colourful, tmp_path):
    data = encoded(colourful, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    written = io.BytesIO()
    written.write(data)  # it stands at its end
    with path.open("rb") as file, os.scandir(tmp_path) as entries:
        for source in (written, io.BytesIO(data), file, io.BufferedReader(Unseekable(data)), next(entries)):
            np.testing.assert_array_equal(decode(source), colourful)
        file.seek(20)
        assert measure(file).width == 20
        np.testing.assert_array_equal(decode(file), colourful)
    with os.scandir(os.fsencode(tmp_path)) as entries:
        np.testing.assert_array_equal(decode(next(entries)), colourful)


def test_open_files_that_cannot_be_read_are_named_with_the_reason(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with path.open() as as_text, path.open("rb") as closed, path.open("wb") as to_write:
        closed.close()
        reasons = {
            as_text: "the file is opened as text: open it with mode 'rb'",
            io.StringIO("text"): "the file is opened as text: open it with mode 'rb'",
            closed: "the open file cannot be read (I/O operation on closed file)",
            to_write: "the open file cannot be read (read)",
            io.BytesIO(): "the file is empty",
        }
        for source, reason in reasons.items():
            with pytest.raises(PictureError) as caught:
                decode(source)
            assert caught.value.reason == reason
            assert caught.value.name == (str(path) if hasattr(source, "name") else "a picture in memory")


def test_an_open_file_larger_than_any_picture_within_the_limit_is_not_read_to_its_end():
    class Endless(io.RawIOBase):
        def read(self, count: int = -1) -> bytes:
            assert count == (64 << 20) + 801
            return bytes(count)

    with pytest.raises(PictureError) as caught:
        decode(Endless(), max_pixels=100)
    assert caught.value.reason == "the file has more than 67,109,664 bytes, more than a picture of 100 pixels can need"


@pytest.mark.parametrize(
    "url",
    ["https://example.org/cat.jpg", "HTTP://x/y?a=[1]", "s3://b/cat.png", "data:image/png;base64,iVBORw0"],
)
def test_a_url_is_said_to_be_none(url):
    for source in (url, Path(url)):
        with pytest.raises(PictureError) as caught:
            decode(source)
        assert (
            caught.value.reason
            == "this is a URL, and nothing is downloaded: save the picture, and give the path of the file"
        )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(encoded, colourful, kind, orientation):
    data = tagged(encoded, colourful, kind, orientation)
    stored = colourful if kind != "JPEG" else decode(tagged(encoded, colourful, kind, 1))
    # EXIF 2.3, Orientation: where the 0th row and the 0th column of what is stored lie once upright
    flipped = stored.transpose(1, 0, 2) if orientation >= 5 else stored
    top_to_bottom = orientation in (3, 4, 7, 8)
    left_to_right = orientation in (2, 3, 6, 7)
    expected = flipped[:: -1 if top_to_bottom else 1, :: -1 if left_to_right else 1]
    np.testing.assert_array_equal(decode(data), expected)
    facts = measure(data)
    assert (facts.height, facts.width, facts.exif_orientation) == (*expected.shape[:2], orientation)
    with Image.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(decode(picture), expected)
        np.testing.assert_array_equal(np.asarray(ImageOps.exif_transpose(picture)), expected)


def test_the_first_frame_of_an_animation_is_taken(encoded, colourful):
    first, second = Image.fromarray(colourful).quantize(16), Image.fromarray(255 - colourful).quantize(16)
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(first, kind, save_all=True, append_images=[second], **options)
        np.testing.assert_array_equal(decode(data), np.asarray(first.convert("RGB")))


@pytest.mark.parametrize(("kind", "name"), [(kind, "WebP" if kind == "WEBP" else kind) for kind in KINDS])
def test_measure_tells_what_decode_gives(encoded, colourful, kind, name, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(colourful, kind))
    mode = "P" if kind == "GIF" else "RGB"
    assert measure(path) == PictureFacts(20, 12, 3, mode, name, 1)


def test_measure_of_what_is_no_file(colourful):
    assert measure(colourful) == PictureFacts(20, 12, 3, "RGB", "array", 1)
    assert measure(colourful[..., 0]) == PictureFacts(20, 12, 1, "L", "array", 1)
    assert measure(Image.fromarray(colourful)) == PictureFacts(20, 12, 3, "RGB", "PIL", 1)
    assert measure(Image.fromarray(colourful[..., 0]).convert("P")) == PictureFacts(20, 12, 1, "P", "PIL", 1)


def test_measure_decodes_nothing(encoded):
    data = encoded(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8), "JPEG")
    assert measure(data[:1000]) == measure(data)
    with pytest.raises(PictureError):
        decode(data[:1000])
    few = encoded(Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB").quantize(8), "BMP")
    assert measure(few[:-9]) == measure(few)
    with pytest.raises(PictureError):
        decode(few[:-9])


def test_a_damaged_palette_is_a_picture_error(encoded, monkeypatch, colourful):
    data = encoded(Image.fromarray(colourful).quantize(8), "PNG")

    def broken(*_: object) -> None:
        raise IndexError("palette")

    monkeypatch.setattr(Image.Image, "putpalette", broken)
    with pytest.raises(PictureError, match=r"^a: the PNG header is damaged$"):
        measure(data, name="a")


def test_files_that_cannot_be_read_are_named_with_the_reason(tmp_path, monkeypatch):
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    empty = tmp_path / "empty.jpg"
    empty.touch()
    text = tmp_path / "text.jpg"
    text.write_text("this is no picture\n")
    dangling = tmp_path / "dangling.jpg"
    dangling.symlink_to(tmp_path / "nowhere")
    circle = tmp_path / "circle.jpg"
    circle.symlink_to(circle)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    reasons = {
        folder: "this is a folder, not a picture file",
        empty: "the file is empty",
        text: "the file is no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture",
        tmp_path / "missing.jpg": "there is no such file",
        dangling: "there is no such file",
        circle: f"the file cannot be read ({os.strerror(errno.ELOOP)})",
        pipe: "this is not an ordinary file",
        tmp_path / "zero\0byte": "this is no path: it has a zero byte in it",
        tmp_path / "folder.jpg" / ".." / "empty.jpg" / "a": f"the file cannot be read ({os.strerror(errno.ENOTDIR)})",
    }
    for path, reason in reasons.items():
        for read in (decode, measure):
            with pytest.raises(PictureError) as caught:
                read(path)
            assert (caught.value.name, caught.value.reason) == (str(path), reason)

    def locked(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", locked)
    with pytest.raises(PictureError) as caught:
        decode(text)
    assert str(caught.value) == f"{text}: there is no permission to read the file"


def test_the_empty_path_has_a_name():
    with pytest.raises(PictureError, match=r"^'': this is a folder, not a picture file$"):
        decode("")


def test_a_file_larger_than_any_picture_within_the_limit_is_not_read(tmp_path):
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 801)  # sparse
    with pytest.raises(PictureError) as caught:
        decode(path, max_pixels=100)
    assert caught.value.reason == "the file has 67,109,665 bytes, more than a picture of 100 pixels can need"


def test_sources_without_a_path_are_named_by_their_kind(tmp_path, colourful):
    for source, name in (
        (b"", "a picture in memory"),
        (Image.new("RGB", (0, 1)), "a PIL picture"),
        (np.zeros(0), "an array"),
    ):
        with pytest.raises(PictureError) as caught:
            decode(source)
        assert caught.value.name == name
    path = tmp_path / "a.png"
    Image.fromarray(colourful).save(path)
    with Image.open(path) as picture, pytest.raises(PictureError) as caught:
        decode(picture, max_pixels=9)
    assert caught.value.name == str(path)


def test_a_pil_picture_that_cannot_be_loaded_is_refused(encoded, colourful):
    with Image.open(io.BytesIO(encoded(colourful, "BMP")[:300])) as picture, pytest.raises(PictureError) as caught:
        decode(picture, name="a")
    assert str(caught.value) == "a: the file is truncated: its BMP data stops too early"
    closed = Image.fromarray(colourful)
    closed.close()
    with pytest.raises(PictureError, match=r"^a PIL picture: the PIL data is damaged$"):
        decode(closed)


def test_too_little_memory_is_a_reason(encoded, colourful, monkeypatch):
    def none_left(*_: object) -> None:
        raise MemoryError

    data = encoded(colourful, "GIF")
    monkeypatch.setattr(Image.Image, "convert", none_left)
    with pytest.raises(PictureError, match=r"^a: there is not enough memory to decode it$"):
        decode(data, name="a")


@pytest.mark.parametrize("channels", [0, 2, 4, None])
def test_other_channels_are_wrong_usage(colourful, channels):
    with pytest.raises(UsageError) as caught:
        decode(colourful, channels=channels)
    assert str(caught.value) == f"channels is {channels!r}; expected 1 (grey) or 3 (RGB)"


def test_a_limit_of_no_pixels_is_wrong_usage(colourful):
    for read in (decode, measure):
        with pytest.raises(UsageError, match=r"^max_pixels is 0; expected at least 1$"):
            read(colourful, max_pixels=0)


def test_constants():
    assert DEFAULT_MAX_PIXELS == 100_000_000
    assert all(ending.startswith(".") and ending == ending.lower() for ending in PICTURE_EXTENSIONS)
    assert {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"} <= PICTURE_EXTENSIONS


def test_the_room_loads_numpy_and_pillow_only():
    code = "import sys, striate.pixels; print({name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    printed = subprocess.run(
        [sys.executable, "-S", "-c", code], env=_environment(), capture_output=True, text=True, check=True
    )
    loaded = {name for name in eval(printed.stdout) if "cython" not in name}  # parts of older NumPys
    assert loaded <= {"PIL", "numpy", "striate", "__main__", "defusedxml"}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _samples() -> list[bytes]:
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (9, 13, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[274], exif[271] = 6, "a maker"
    few = picture.quantize(8)
    wanted = [(picture, kind, {"exif": exif} if kind in ("JPEG", "PNG", "TIFF", "WEBP") else {}) for kind in KINDS]
    wanted += [(picture, "TIFF", {"compression": "packbits"}), (picture, "WEBP", {"lossless": True})]
    wanted += [(few, "PNG", {"transparency": bytes(range(8))}), (few, "GIF", {"transparency": 1}), (few, "BMP", {})]
    wanted += [(picture.convert("CMYK"), "JPEG", {}), (picture, "JPEG", {"progressive": True})]
    wanted += [(picture, "JPEG2000", {}), (picture, "JPEG2000", {"no_jp2": True})]
    wanted += [(picture, "AVIF", {})] if features.check("avif") else []
    wanted += [
        (Image.fromarray(random.integers(0, 65536, (5, 5), dtype=np.uint16)), kind, {}) for kind in ("PNG", "TIFF")
    ]
    files = []
    for one, kind, options in wanted:
        file = io.BytesIO()
        one.save(file, kind, **options)
        files.append(file.getvalue())
    with contextlib.suppress(ImportError):
        import pillow_heif

        file = io.BytesIO()
        pillow_heif.from_pillow(picture).save(file)
        files.append(file.getvalue())
    return files


SAMPLES = _samples()
MAGIC = [sample[:16] for sample in SAMPLES]


def _only_picture_errors(data: bytes) -> None:
    for read in (decode, measure):
        try:
            result = read(data, max_pixels=100_000, name="a picture")
        except PictureError as error:
            reason = str(error)
            assert reason.startswith("a picture: ")
            assert len(reason) < 200
            assert not any(mark in reason for mark in ("<", "0x", "\n", "Error", "object at"))
        else:
            if read is decode:
                assert result.dtype == np.uint8
                assert result.shape[2] == 3


FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@FUZZ
@given(st.sampled_from([b"", *MAGIC]), st.binary(max_size=300))
def test_any_bytes_lead_to_pixels_or_a_picture_error(start, rest):
    _only_picture_errors(start + rest)


@FUZZ
@given(
    st.sampled_from(SAMPLES),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 255), st.sampled_from(["put", "insert", "delete", "cut"])), max_size=8
    ),
)
def test_changed_files_lead_to_pixels_or_a_picture_error(sample, changes):
    data = bytearray(sample)
    for where, value, what in changes:
        place = int(where * where * len(data))  # the header more often than the rest
        if what == "put":
            data[place : place + 1] = bytes([value])
        elif what == "insert":
            data[place:place] = bytes([value])
        elif what == "delete":
            del data[place : place + value % 16]
        elif where > 0.5:
            del data[place:]
    _only_picture_errors(bytes(data))
