import json


def test_training_prints_the_result_on_stdout_and_progress_on_stderr(striate_command, striped, tmp_path):
    folder = tmp_path / "run"
    options = ["--model", "resnet20", "--epochs", 1, "--set", "batch_size=16", "--output", folder]
    code, out, err = striate_command("train", striped, *options)
    assert code == 0
    assert out.startswith("accuracy  ") and f"report    {folder}/report.html" in out
    assert "epoch   1  train loss" in err and "model" not in out
    assert "input size 32 x 32" in err

    again = striate_command("train", striped, *options)
    assert again.code == 2 and again.out == ""
    assert again.err == (
        f"striate: --output {folder} exists already; nothing was changed; go on with it by: "
        f"striate train --resume {folder}\n"
    )

    code, out, err = striate_command("train", "--resume", folder, "--json")
    result = json.loads(out)
    assert code == 0 and result["run"] == str(folder)
    assert set(result) == {"run", "report", "model", "accuracy", "split", "metrics"}
    assert result["accuracy"] == result["metrics"]["test"]["accuracy"]
    assert "has ended already; nothing was left to do" in err


def test_quiet(striate_command, striped, tmp_path):
    options = ["--model", "resnet20", "--epochs", 1, "--quiet", "--output", tmp_path / "run"]
    code, out, err = striate_command("train", striped, *options)
    assert code == 0 and "epoch" not in err and out.startswith("accuracy")
