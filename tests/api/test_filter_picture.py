import errno
import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import striate
from striate.api.filter_picture import check_output, filter_picture, natural_mapping, write_picture
from striate.errors import PictureError, StriateError, UnknownNameError, UsageError
from striate.nn import list_kernels, named_kernel

PICTURE = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
STEP = np.array([[0, 0, 255, 255]] * 3, np.uint8)


def responses(channel, name):
    """The responses by scipy, whose correlate repeats the nearest pixel beyond the border too."""
    return ndimage.correlate(channel.astype(np.float64), named_kernel(name).tensor().double().numpy(), mode="nearest")


@pytest.mark.parametrize("name", list_kernels())
def test_every_kernel_equals_scipy(name):
    result = filter_picture(PICTURE, name)
    gain = 4 if name.startswith(("sobel", "laplacian")) else 3 if name.startswith("prewitt") else 16
    gain = 8 if name == "laplacian_8" else gain
    for channel in range(3):
        expected = responses(PICTURE[..., channel], name)
        if natural_mapping(name) == "absolute":
            expected = np.abs(expected) * 4 / gain
        # Where a response lies between two levels, single precision may round the other way.
        assert np.abs(result[..., channel] - expected.clip(0, 255)).max() < 0.501


def test_identity_is_the_picture():
    assert np.array_equal(filter_picture(PICTURE, "identity"), PICTURE)


@pytest.mark.parametrize("name", ["sobel_x", "prewitt_x", "scharr_x"])
def test_a_step_from_black_to_white_is_white_and_no_more(name):
    assert filter_picture(STEP, name, contrast=1)[..., 0].tolist() == [[0, 255, 255, 0]] * 3
    assert filter_picture(STEP // 2, name, contrast=1)[1, 1, 0] == 127
    assert filter_picture(STEP // 4, name)[1, 1, 0] == 63 * 4  # the default shows a quarter step as white, nearly
    assert not filter_picture(STEP, name.replace("_x", "_y")).any()


def test_signs():
    assert filter_picture(STEP, "sobel_x", mapping="signed", contrast=1)[1, :, 0].tolist() == [128, 255, 255, 128]
    assert filter_picture(STEP[:, ::-1].copy(), "sobel_x", mapping="signed", contrast=1)[1, :, 0].tolist() == [
        128,
        0,
        0,
        128,
    ]
    assert filter_picture(STEP, "sobel_x", mapping="clip")[1, :, 0].tolist() == [0, 255, 255, 0]
    assert filter_picture(STEP[:, ::-1].copy(), "sobel_x", mapping="clip")[1, :, 0].tolist() == [0, 0, 0, 0]


def test_the_frame_is_no_edge():
    even = np.full((5, 6), 200, np.uint8)
    for name in list_kernels():
        expected = 0 if natural_mapping(name) == "absolute" else 200
        assert (filter_picture(even, name) == expected).all()


def test_grey():
    assert filter_picture(PICTURE, "identity", grey=True).shape == (9, 7, 1)
    assert filter_picture(PICTURE[..., 0], "identity").shape == (9, 7, 1)
    step = np.vstack([STEP, STEP[:1]])
    assert filter_picture(np.repeat(step[..., None], 3, axis=2), "sobel_x").shape == (4, 4, 3)


def test_a_pipe_is_read_once():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "PNG")
    assert np.array_equal(filter_picture(Pipe(file.getvalue()), "identity"), PICTURE)


def test_an_array_with_alpha_is_one_picture_on_white():
    alpha = np.full((9, 7, 1), 255, np.uint8)
    assert np.array_equal(filter_picture(np.concatenate([PICTURE, alpha], 2), "identity"), PICTURE)
    assert (filter_picture(np.concatenate([PICTURE, 0 * alpha], 2), "identity") == 255).all()
    assert filter_picture(np.concatenate([PICTURE[..., :1], alpha], 2), "identity").shape == (9, 7, 1)


def test_large_pictures_are_filtered_in_blocks(monkeypatch):
    whole = filter_picture(PICTURE, "gaussian_blur_5")
    for block in (1, 14, 15, 28):
        monkeypatch.setattr("striate.api.filter_picture._BLOCK", block)
        assert np.array_equal(filter_picture(PICTURE, "gaussian_blur_5"), whole)


def test_kernels_of_one_s_own():
    shift = np.array([[0, 0, 1]])  # each pixel becomes its right neighbour
    assert filter_picture(STEP, shift)[1, :, 0].tolist() == [0, 255, 255, 255]
    assert np.array_equal(filter_picture(PICTURE, named_kernel("emboss")), filter_picture(PICTURE, "emboss"))
    assert not filter_picture(PICTURE, np.zeros((3, 3))).any()
    assert filter_picture(PICTURE, np.ones((11, 13)) / 143).shape == PICTURE.shape  # larger than the picture


@pytest.mark.parametrize(
    ("kernel", "arguments", "error", "message"),
    [
        (
            "soble_x",
            {},
            UnknownNameError,
            "unknown kernel 'soble_x'; did you mean 'sobel_x', 'sobel_y'? see `striate filter --list`",
        ),
        ("sobel_x", {"mapping": "abs"}, UnknownNameError, "unknown mapping 'abs'; known: clip, absolute, signed"),
        ("sobel_x", {"contrast": 0}, UsageError, "filter_picture: contrast must be a finite number above 0, got 0"),
        (
            np.ones((2, 3)),
            {},
            UsageError,
            "filter_picture: kernel must be a name, or an array of finite numbers of shape (height, width), both odd; "
            "got float64 of shape (2, 3)",
        ),
        (
            np.full((1, 1), np.nan),
            {},
            UsageError,
            "filter_picture: kernel must be a name, or an array of finite numbers of shape (height, width), both odd; "
            "got float64 of shape (1, 1)",
        ),
    ],
)
def test_what_makes_no_sense(kernel, arguments, error, message):
    with pytest.raises(error) as raised:
        filter_picture(STEP, kernel, **arguments)
    assert str(raised.value) == message


def test_bad_pictures():
    with pytest.raises(PictureError, match=r"^missing.png: there is no such file$"):
        filter_picture("missing.png", "sobel_x")


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tif", ".TIFF"])
@pytest.mark.parametrize("channels", [1, 3])
def test_written_and_read_again(tmp_path, ending, channels):
    path = tmp_path / f"edges{ending}"
    path.write_text("what was there before")
    write_picture(PICTURE[..., :channels], path)
    assert np.array_equal(striate.pixels.decode(path, channels=channels), PICTURE[..., :channels])
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".webp"])
def test_lossy_formats(tmp_path, ending):
    write_picture(np.full((8, 8, 1), 77, np.uint8), tmp_path / f"edges{ending}")
    assert np.abs(striate.pixels.decode(tmp_path / f"edges{ending}", channels=1).astype(int) - 77).max() <= 1


def test_outputs_that_cannot_be_written(tmp_path):
    picture = tmp_path / "picture.png"
    Image.fromarray(PICTURE).save(picture)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(picture)
    endings = "expected a name that ends in .bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp"
    for name, reason in {
        "edges.gif": f"{endings}, got '.gif'",
        "edges": f"{endings}, got no ending",
        "none/edges.png": f"there is no folder {tmp_path}/none",
        "folder.png": "it is a folder",
        "picture.png": "it is the picture itself; name another --output",
        "link.png": "it is the picture itself; name another --output",
    }.items():
        with pytest.raises(UsageError) as error:
            check_output(tmp_path / name, picture=picture)
        assert str(error.value) == f"cannot write {tmp_path / name}: {reason}"
    check_output(tmp_path / "edges.png", picture=picture)


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
def test_pictures_that_a_format_cannot_hold(tmp_path, ending):
    with pytest.raises(UsageError, match=r"a picture of 70000x1 does not fit that format"):
        write_picture(np.zeros((1, 70000, 1), np.uint8), tmp_path / f"wide{ending}")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "edges.png"
    write_picture(PICTURE, path)
    before = path.read_bytes()

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StriateError) as error:
        write_picture(PICTURE[::-1], path)
    assert error.value.exit_code == 1
    assert str(error.value) == f"cannot write {path}: No space left on device"
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_photographs(real_data):
    for name in ("cat.jpg", "grace_hopper.bmp"):
        path = real_data("photos") / name
        grey = striate.pixels.decode(path, channels=1)
        across = striate.filter_picture(path, "sobel_x", grey=True)
        assert across.shape == grey.shape
        expected = np.abs(responses(grey[..., 0], "sobel_x")).clip(0, 255)  # contrast 4 over gain 4
        assert np.array_equal(across[..., 0], expected)
        assert 10 < across.mean() < 80  # neither black nor white: there is something to see
