import json

import numpy as np
import pytest

from striate.bundle import Canary, CanarySheet, compare_canaries, read_canaries
from striate.errors import BundleError

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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the canaries cannot be read: "),
        ("[]", "the canaries cannot be read: "),
        ('{"canaries": [{"file": "0.png"}], "made_with": {}}', "the canaries cannot be read: 'logits'"),
        ('{"canaries": [], "made_with": {}}', "the bundle has no canaries"),
        (
            '{"canaries": [{"file": "../../x.png", "logits": {}}], "made_with": {}}',
            "the canary '../../x.png' is not a plain file name",
        ),
    ],
)
def test_sheets_that_make_no_sense(tmp_path, content, message):
    path = tmp_path / "canaries.json"
    path.write_text(content)
    with pytest.raises(BundleError) as caught:
        read_canaries(path)
    assert str(caught.value).startswith(message)
