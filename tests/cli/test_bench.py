import json


def test_train_prints_a_table(striate_command):
    code, out, err = striate_command("bench", "train", "lenet5_dense", "--batch-size", 4, "--rounds", 1, "--quiet")
    assert code == 0 and err == ""
    lines = out.splitlines()
    assert lines[0] == "lenet5_dense, 4 pictures of 32 x 32 a step, 1 round in turns"
    assert lines[4] == "way    pictures/s  ratio (smallest to largest)"
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
