import json

import numpy as np
import pytest

from striate.bundle import Canary, CanarySheet, compare_canaries, read_canaries
from striate.errors import BundleError
from striate.pixels import Preprocessing
from striate.pixels.canary_pictures import CANARY_FILES, sample_pixels

SHEET = CanarySheet((Canary("0.png", {"cat": 1.5, "dog": -2.0}),), {"model.safetensors": "ab"})


def test_a_sheet_survives_json(tmp_path):
    path = tmp_path / "canaries.json"
    path.write_text(json.dumps(SHEET.to_dict()))
    assert read_canaries(path) == SHEET


def test_logits_follow_the_names():
    assert SHEET.logits(("dog", "cat")).tolist() == [[-2.0, 1.5]]
    with pytest.raises(BundleError, match=r"^the canary 0.png has logits for other classes than the contract names$"):
        SHEET.logits(("cat", "cow"))


def test_the_difference_is_a_share_of_the_range():
    sealed = np.array([[0.0, 100.0], [50.0, 20.0]])
    assert compare_canaries(sealed, sealed + 0.1, tolerance=0.01) == pytest.approx(0.001)
    with pytest.raises(BundleError, match=r"they differ by 0\.02 of the logits' range, allowed is 0\.01"):
        compare_canaries(sealed, sealed + 2.0, tolerance=0.01)
    with pytest.raises(BundleError, match="they differ by nan"):
        compare_canaries(sealed, sealed * np.nan, tolerance=0.01)


@pytest.mark.parametrize("logit", [4e38, -1e308])
def test_logits_that_would_make_the_range_endless(logit):
    sheet = CanarySheet((Canary("0.png", {"cat": 0.0, "dog": logit}),), {})
    with pytest.raises(BundleError, match=r"^a canary has a logit that is not a finite number of 32 bits$"):
        sheet.logits(("cat", "dog"))


def test_rounding_is_no_fault_where_logits_hardly_differ():
    sealed = np.array([[-90.0, -90.0], [-90.0, -89.99]])
    assert compare_canaries(sealed, sealed + 2e-5, tolerance=5e-4) == pytest.approx(2e-5 / 0.9)
    with pytest.raises(BundleError, match=r"they differ by 0\.0011 of the logits' range"):
        compare_canaries(sealed, sealed + 1e-3, tolerance=5e-4)


def test_a_sheet_is_whole_with_one_canary_of_each_kind():
    def sheet(*files):
        return CanarySheet(tuple(Canary(file, {"cat": 0.0}) for file in files), {})

    sheet("0.png", "1.png", "2.jpg", "3.png", "4.jpg", "5.png").check_whole(CANARY_FILES)
    sheet("0.png", "1.png").check_whole(CANARY_FILES[:2])
    for files, said in [
        (("0.png",), "it lacks 1.png, 2.jpg"),
        (("0.png", "1.png", "1.png"), "it lacks 2.jpg"),
        (("0.png", "2.jpg", "1.png"), "there are others, or another order"),
        (("0.png", "1.png", "2.jpg", "3.png"), "there are others, or another order"),
    ]:
        with pytest.raises(BundleError) as caught:
            sheet(*files).check_whole(CANARY_FILES[:3])
        assert str(caught.value) == f"the canaries are not whole: expected 0.png, 1.png, 2.jpg; {said}"


def test_pixels_that_are_off():
    rule = Preprocessing(colour="rgb", resize="exact", resize_size=(3, 3), mean=(0.5,) * 3, std=(0.5,) * 3)
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    sheet = CanarySheet((Canary("0.png", {}, sample_pixels(pixels)),), {})
    sheet.compare_encoded(rule, [pixels])
    rounded = pixels.copy()
    rounded[0] += 1  # a third of them by one level
    sheet.compare_encoded(rule, [rounded])
    with pytest.raises(
        BundleError,
        match=r"^the canary 0.png is prepared otherwise than it was sealed: its pixels differ by 2 of 255 levels on average, "
        r"allowed is 0.5; decoding, resizing or cropping is not what was sealed$",
    ):
        sheet.compare_encoded(rule, [pixels + np.uint8(2)])
    with pytest.raises(BundleError, match=r"differ by 2\.6e"):
        sheet.compare_encoded(rule, [pixels[:2]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "canaries.json cannot be read: "),
        ("[]", "canaries.json is not a JSON object"),
        (
            '{"canaries": [{"file": "0.png"}], "made_with": {}}',
            "the canaries cannot be read: the canary sheet lacks canaries[0].logits",
        ),
        ('{"canaries": [], "made_with": {}}', "the bundle has no canaries"),
        (
            '{"canaries": [{"file": "../../x.png", "logits": {}}], "made_with": {}}',
            "the canary '../../x.png' is not a plain file name",
        ),
        (
            '{"canaries": [{"file": "0.png", "logits": {}, "pixels": "0g"}], "made_with": {}}',
            "the pixels of the canary 0.png are not hexadecimal digits",
        ),
        (
            '{"canaries": [{"file": "0.png", "logits": {"cat": "1"}}], "made_with": {}}',
            "the canaries cannot be read: canaries[0].logits.cat must be a number, got '1'",
        ),
    ],
)
def test_sheets_that_make_no_sense(tmp_path, content, message):
    path = tmp_path / "canaries.json"
    path.write_text(content)
    with pytest.raises(BundleError) as caught:
        read_canaries(path)
    assert str(caught.value).startswith(message)
