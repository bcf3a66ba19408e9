"""`striate advise`, as it is typed."""

import json

import pytest
import torch

from striate.models import create_model


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "resnet20.pth"
    torch.save(create_model("resnet20", num_classes=7, seed=1).state_dict(), path)
    return path


def test_advice_and_a_picture(striate_command, striped, weights, tmp_path):
    picture = tmp_path / "advice.svg"
    done = striate_command("advise", striped, "--model", "resnet20", "--weights", weights, "-o", picture)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "transfer: head"
    assert lines[1].endswith(".") and lines[2] == "So the head alone learns: little is left to gain."
    assert lines[4].split() == ["stage", "width", "accuracy", "LogME"]
    assert lines[-1] == f"drawn to {picture}"
    assert picture.read_text().startswith("<?xml")
    assert "weights" in done.err and "114 of 116 tensors loaded" in done.err


def test_json(striate_command, striped, weights):
    done = striate_command("advise", striped, "--model", "resnet20", "--weights", weights, "--json", "--quiet")
    assert done.code == 0
    table = json.loads(done.out)
    assert (table["transfer"], len(table["scores"]), len(table["reasons"])) == ("head", 5, 2)


def test_what_cannot_be(striate_command, striped, weights, tmp_path):
    done = striate_command("advise", striped, "--model", "resnet20", "--weights", weights, "-o", "advice.jpg")
    assert (done.code, done.out) == (2, "")
    assert done.err == "striate: cannot write advice.jpg: expected a name that ends in .png, .svg, got '.jpg'\n"
    done = striate_command("advise", striped, "--model", "lenet5_dense")
    assert done.code == 2 and done.err.startswith("striate: lenet5_dense has no published ImageNet weights (it was")
    done = striate_command("advise", tmp_path / "nowhere", "--model", "resnet20", "--weights", weights)
    assert done.code in (1, 2) and done.err.startswith("striate: there is no ") and done.err.count("\n") == 1
