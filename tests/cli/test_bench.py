import json

import pytest


def test_train_prints_a_table(striate_command):
    code, out, err = striate_command("bench", "train", "lenet5_dense", "--batch-size", 4, "--rounds", 1, "--quiet")
    assert code == 0 and err == ""
    lines = out.splitlines()
    assert lines[0] == "lenet5_dense, 4 pictures of 32 x 32 a step, 1 round in turns"
    assert lines[4] == "way    pictures/s  ratio (smallest to largest)  what"
    assert lines[5].startswith("plain ") and lines[5].endswith("contiguous, fp32, SGD as it comes")
    assert lines[6].startswith("fast ") and " x plain  channels-last, " in lines[6]


def test_train_prints_json(striate_command):
    code, out, _ = striate_command(
        "bench", "train", "lenet5_dense", "--batch-size", 4, "--rounds", 1, "--json", "--device", "cpu"
    )
    assert code == 0
    table = json.loads(out)
    assert table["model"] == "lenet5_dense" and [way["name"] for way in table["ways"]] == ["plain", "fast"]


def test_help_and_mistakes(striate_command):
    code, out, _ = striate_command("bench", "train", "--help")
    assert code == 0 and "Usage: striate bench train" in out and "--rounds" in out
    code, out, err = striate_command("bench", "train", "resnet21")
    assert code == 2 and out == "" and err.startswith("striate: unknown model 'resnet21'; did you mean 'resnet20'")


@pytest.mark.slow
def test_predict(striate_command, finished_run, striped):
    code, out, err = striate_command("bench", "predict", finished_run.folder, striped, "--rounds", 1, "--quiet")
    lines = out.splitlines()
    assert code == 0 and err == "" and lines[0].startswith("resnet20, 60 pictures, 0.04 G multiply-adds each, 1 round")
    assert lines[2].startswith("one picture on one thread, in ms: decode ")
    assert (
        lines[5].startswith("fp32 ") and "1.00 (1.00 to 1.00)" in lines[5] and lines[5].endswith(" G multiply-adds/s")
    )
    code, out, _ = striate_command("bench", "predict", finished_run.folder, striped, "--rounds", 1, "--json", "--quiet")
    assert code == 0 and json.loads(out)["ways"][0]["precision"] == "fp32"
