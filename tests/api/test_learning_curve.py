"""What more pictures would bring, from a folder of pictures on."""

import json

import pytest
import torch

import striate
from striate.errors import DataError, UsageError
from striate.models import create_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "resnet20.pth"
    torch.save(create_model("resnet20", num_classes=7, seed=1).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def found(striped, weights):
    return striate.learning_curve(striped, model="resnet20", weights=weights, mean=[0.5], std=[0.5])


def test_pictures_that_any_head_tells_apart(found):
    assert (found.data, found.model, found.pictures, found.looked_at) == ("striped", "resnet20", 48, 48)
    assert found.curve.sizes == (9, 13, 18, 25, 36)
    assert [one.pictures for one in found.expected] == [48, 96, 192]
    assert all(0.9 < one.accuracy <= 1 for one in found.expected)
    assert found.verdict.startswith("Twice as many pictures would hardly help: ")


def test_its_forms(found, tmp_path):
    table = json.loads(json.dumps(found.to_dict()))
    assert table["sizes"] == [9, 13, 18, 25, 36] and len(table["expected"]) == 3 and table["interval"] == 0.9
    text = found.to_text(width=80)
    assert "90% interval" in text and all(len(line) <= 80 for line in text.splitlines())
    found.draw(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "<img" in found._repr_html_()
    with pytest.raises(UsageError, match=r"\.png"):
        found.draw(tmp_path / "curve.gif")


def test_too_few_pictures(drawn, weights, tmp_path):
    few = drawn(tmp_path / "few", ("a", "b"), 8)
    with pytest.raises(DataError, match="a learning curve of 2 classes needs about 22 training pictures at least"):
        striate.learning_curve(few, model="resnet20", weights=weights, mean=[0.5], std=[0.5])


def test_what_is_asked_of_the_pictures_can_be_said(striped, weights):
    found = striate.learning_curve(
        striped, model="resnet20", weights=weights, mean=[0.5], std=[0.5], task="multi_label"
    )
    assert found.several and "all labels right" in found.to_text()
    with pytest.raises(UsageError, match="unknown task 'multilabel'; did you mean 'multi_label'"):
        striate.learning_curve(striped, model="resnet20", weights=weights, task="multilabel")
